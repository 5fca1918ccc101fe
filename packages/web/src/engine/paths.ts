/** The directory of a path: `/ada` for `/ada/notes`. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path as its owner sees it: `notes/today.txt` for `/ada/notes/today.txt`. */
export function belowHome(path: string): string {
  return path.split('/').slice(2).join('/');
}

/** Whose files a path leads to; empty for `/`. */
export function ownerOf(path: string): string {
  return path.split('/', 2)[1] ?? '';
}

/** Whether a path leads to the root of somebody's files. */
export function isRootOf(path: string): boolean {
  return path !== '/' && parentOf(path) === '/';
}

/** The path of a name in a directory. */
export function childOf(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** A name with a number before its extension: `photo (2).jpg`. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name} (${number})` : `${name.slice(0, dot)} (${number})${name.slice(dot)}`;
}
