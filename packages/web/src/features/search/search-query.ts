import type { SearchKind, SearchQuery } from '../../engine/calls.js';

/** Bytes of a megabyte, in which people give sizes. */
const MEGABYTE = 1_000_000;

/** What a person has put into the form of a search: texts, as the fields give them. */
export interface SearchFields {
  readonly text: string;
  /** Empty: any. */
  readonly kind: SearchKind | '';
  /** Days as `2026-11-27`; empty: any. */
  readonly from: string;
  readonly to: string;
  /** Megabytes; empty: any. */
  readonly minSize: string;
  readonly maxSize: string;
}

/** Nothing has been put in. */
export const NO_FIELDS: SearchFields = { text: '', kind: '', from: '', to: '', minSize: '', maxSize: '' };

/** What to look for; a problem where a person has to look at the fields again. Days begin and end where the person is. */
export function queryOf(fields: SearchFields, showsHidden: boolean): SearchQuery | 'nothing' | 'size' | 'days' {
  const minSize = bytesOf(fields.minSize);
  const maxSize = bytesOf(fields.maxSize);
  if (Number.isNaN(minSize) || Number.isNaN(maxSize) || (minSize ?? 0) > (maxSize ?? Infinity)) return 'size';
  const modifiedFrom = fields.from === '' ? undefined : new Date(`${fields.from}T00:00:00`).getTime();
  const modifiedTo = fields.to === '' ? undefined : new Date(`${fields.to}T23:59:59.999`).getTime();
  if (Number.isNaN(modifiedFrom) || Number.isNaN(modifiedTo) || (modifiedFrom ?? -Infinity) > (modifiedTo ?? Infinity)) return 'days';
  const text = fields.text.trim();
  const kinds = fields.kind === '' ? [] : [fields.kind];
  const isEmpty = [
    text === '',
    kinds.length === 0,
    minSize === undefined,
    maxSize === undefined,
    modifiedFrom === undefined,
    modifiedTo === undefined,
  ];
  if (isEmpty.every(Boolean)) return 'nothing';
  return { text, kinds, minSize, maxSize, modifiedFrom, modifiedTo, showsHidden };
}

/** A number of megabytes, with a point or a comma; NaN for what is none. */
function bytesOf(text: string): number | undefined {
  const typed = text.trim().replace(',', '.');
  if (typed === '') return undefined;
  return /^\d+(?:\.\d+)?$/u.test(typed) ? Math.round(Number(typed) * MEGABYTE) : Number.NaN;
}
