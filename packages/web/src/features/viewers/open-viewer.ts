import { goTo } from '../../app/router.js';
import { parentOf } from '../../engine/paths.js';

/** Whether "back" leads to where the viewer was opened. */
let wasOpened = false;
let lastSeen: string | undefined;

/** Shows a file. Going back closes it. */
export function openViewer(path: string): void {
  wasOpened = true;
  goTo({ name: 'view', path });
}

/** Goes back to where the viewer was opened; to the folder of the file when it was opened by its address. */
export function leaveViewer(path: string): void {
  lastSeen = path;
  if (wasOpened) {
    wasOpened = false;
    history.back();
  } else goTo({ name: 'drive', path: parentOf(path) }, { replace: true });
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
