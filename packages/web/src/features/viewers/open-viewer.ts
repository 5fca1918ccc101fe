import { goTo } from '../../app/router.js';
import { parentOf } from '../../engine/paths.js';

/** What the entry of a viewer in the history says when the one before it is where it was opened. Kept by the browser through reloads, and never by an address that is typed. */
const OPENED = { viewer: 'opened' };
let lastSeen: string | undefined;

/** Shows a file. Going back closes it. */
export function openViewer(path: string): void {
  goTo({ name: 'view', path }, { state: OPENED });
}

/** Goes back to where the viewer was opened; to the folder of the file when it was opened by its address. */
export function leaveViewer(path: string): void {
  lastSeen = path;
  if (wasOpenedHere(history.state)) history.back();
  else goTo({ name: 'drive', path: parentOf(path) }, { replace: true, state: null });
}

/** Goes to the folder in which something is, with the list at its place. */
export function showInFolder(path: string): void {
  lastSeen = path;
  goTo({ name: 'drive', path: parentOf(path) });
}

/** The file that was shown last, once, if it is of a folder: there the list goes on. */
export function takeLastSeen(directory: string): string | undefined {
  const path = lastSeen;
  if (path === undefined || parentOf(path) !== directory) return undefined;
  lastSeen = undefined;
  return path;
}

function wasOpenedHere(state: unknown): boolean {
  return typeof state === 'object' && state !== null && 'viewer' in state && state.viewer === OPENED.viewer;
}
