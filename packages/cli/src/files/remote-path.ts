/**
 * A path in an account, from what somebody has typed: relative ones begin at `directory`, `.` and `..` are taken out, and nothing leads above the root
 * (chapter 09 section 5.2). Starts with `/` and, but for the root, ends without.
 */
export function resolveRemote(directory: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** The directory of a path and its last name; the name of the root is empty. */
export function splitRemote(path: string): { readonly directory: string; readonly name: string } {
  const end = path.lastIndexOf('/');
  return { directory: end <= 0 ? '/' : path.slice(0, end), name: path.slice(end + 1) };
}

/** The path of something in a directory. */
export function joinRemote(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}
