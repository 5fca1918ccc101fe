import type { Row, SearchKind, SearchQuery } from '../calls.js';

/** What kind of thing something is, for people who look for it. */
export function searchKindOf({ kind, mimeType }: Pick<Row, 'kind' | 'mimeType'>): SearchKind {
  if (kind === 'directory') return 'folder';
  if (mimeType === 'application/pdf') return 'pdf';
  const family = mimeType.split('/', 1)[0];
  switch (family) {
    case 'image':
    case 'video':
    case 'audio':
    case 'text':
      return family;
    default:
      return 'other';
  }
}

/** Whether something is what is looked for; made once for a search. */
export function searchMatcher(query: SearchQuery): (row: Pick<Row, 'name' | 'kind' | 'mimeType' | 'size' | 'modified'>) => boolean {
  const words = folded(query.text)
    .split(/\s+/u)
    .filter((word) => word !== '');
  const kinds = new Set(query.kinds);
  const { minSize, maxSize, modifiedFrom, modifiedTo } = query;
  const asksForSize = minSize !== undefined || maxSize !== undefined;
  return (row) => {
    if (kinds.size > 0 && !kinds.has(searchKindOf(row))) return false;
    // A folder has no size of its own.
    if (asksForSize && row.kind === 'directory') return false;
    if (row.size < (minSize ?? 0) || row.size > (maxSize ?? Infinity)) return false;
    if (row.modified < (modifiedFrom ?? -Infinity) || row.modified > (modifiedTo ?? Infinity)) return false;
    const name = folded(row.name);
    return words.every((word) => (/[*?]/u.test(word) ? matchesPattern(name, word) : name.includes(word)));
  };
}

/** A text without what people leave out when they type: capitals, accents, ways to write the same character. */
function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase();
}

/** Whether a whole name is of a pattern: `*` stands for anything, `?` for one character. Never more steps than the product of their lengths. */
function matchesPattern(name: string, pattern: string): boolean {
  const chars = Array.from(name);
  const wanted = Array.from(pattern);
  let at = 0;
  let want = 0;
  let star = -1;
  let retry = 0;
  while (at < chars.length) {
    if (wanted[want] === '*') {
      star = want++;
      retry = at;
    } else if (wanted[want] === '?' || (want < wanted.length && wanted[want] === chars[at])) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++retry;
    } else return false;
  }
  while (wanted[want] === '*') want++;
  return want === wanted.length;
}
