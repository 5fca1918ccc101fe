/** A path without the slashes at its end. Looks at each of them once: the pattern `/+$` begins anew at every slash of a path that is full of them. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path.charAt(end - 1) === '/') end--;
  return path.slice(0, end);
}
