import type { Row } from '../../engine/calls.js';

/** By what a directory is sorted. Directories come first in any case. */
export interface SortOrder {
  readonly by: 'name' | 'size' | 'modified' | 'type';
  readonly descending: boolean;
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
