/** Where clients keep posts, profiles, conversations and the like, in a home directory. */
const FOLDERS: ReadonlySet<string> = new Set(['.apps', '.capabilitycache', '.feed', '.messaging', '.posts', '.profile', '.transactions']);

/**
 * Whether a path, `/<user>/…`, leads to what clients keep of posts, profiles and the like (chapter 06 sections 14 and 15): it can be shared as any file is, and nobody
 * thinks of it as one.
 */
export function isOfClients(path: string): boolean {
  return FOLDERS.has(path.split('/', 3)[2] ?? '');
}
