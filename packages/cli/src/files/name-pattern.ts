/** Whether a name is like a pattern: `*` stands for any characters, `?` for one, everything else for itself. Takes time with the product of their lengths at most. */
export function matchesPattern(name: string, pattern: string): boolean {
  const letters = Array.from(name);
  const signs = Array.from(pattern);
  let at = 0;
  let sign = 0;
  let star = -1;
  let resume = 0;
  while (at < letters.length) {
    if (signs[sign] === '*') {
      star = sign++;
      resume = at;
    } else if (sign < signs.length && (signs[sign] === '?' || signs[sign] === letters[at])) {
      sign++;
      at++;
    } else if (star >= 0) {
      // The last star takes one letter more; earlier ones need no other try.
      sign = star + 1;
      at = ++resume;
    } else return false;
  }
  while (signs[sign] === '*') sign++;
  return sign === signs.length;
}
