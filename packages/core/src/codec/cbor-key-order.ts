/** Order of map keys, for keys that are known to be text: length in UTF-16 code units, then code units (chapter 01 section 2.3). */
export function cborKeyOrder(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
