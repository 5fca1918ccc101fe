import type { Row } from '../../engine/calls.js';

/** By what a directory is sorted. Directories come first in any case. */
export interface SortOrder {
  readonly by: 'name' | 'size' | 'modified' | 'type';
  readonly descending: boolean;
}

/** What people choose among. */
export const SORTED_BY = ['name', 'size', 'modified'] as const;

/** The order after somebody has chosen what to sort by: the same once more turns it round; what is largest or newest comes first. */
export function sortedBy(before: SortOrder, by: SortOrder['by']): SortOrder {
  return { by, descending: before.by === by ? !before.descending : by !== 'name' };
}

/** Rows in the order that people of a language expect: numbers in names by their value, capitals beside small letters. */
export function sortRows(rows: readonly Row[], { by, descending }: SortOrder, language: string): Row[] {
  const { compare } = new Intl.Collator(language, { numeric: true });
  const sign = descending ? -1 : 1;
  const difference = (a: Row, b: Row): number => {
    switch (by) {
      case 'size':
        return a.size - b.size;
      case 'modified':
        return a.modified - b.modified;
      case 'type':
        return compare(a.mimeType, b.mimeType);
      default:
        return 0;
    }
  };
  return [...rows].sort(
    (a, b) =>
      Number(b.kind === 'directory') - Number(a.kind === 'directory') ||
      sign * (difference(a, b) || compare(a.name, b.name)) ||
      // Names that differ in capitals only: always the same way round.
      (a.name < b.name ? -1 : 1),
  );
}
