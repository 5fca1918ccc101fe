import type { FileEntry } from '@pyrgos/client';

/** Directories that clients keep in each home directory for themselves (chapter 04 section 11.2). */
const SYSTEM_NAMES: ReadonlySet<string> = new Set(['shared', '.transactions', '.capabilitycache']);

/** Whether a directory holds what clients note down, and nothing of the user. */
export function isOfSystem({ isDirectory, isHidden, name, path }: FileEntry): boolean {
  return isDirectory && isHidden && SYSTEM_NAMES.has(name) && path.split('/').length === 3;
}
