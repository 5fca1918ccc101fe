import type { FileEntry } from '@pyrgos/client';
import { formatSize } from '@pyrgos/server/config';
import { printableName } from '../terminal.js';

/** A time in the time zone of this machine: `yyyy-MM-dd HH:mm`. */
export function timeText(time: Date): string {
  const pad = (number: number, width = 2): string => String(number).padStart(width, '0');
  const day = `${pad(time.getFullYear(), 4)}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${day} ${pad(time.getHours())}:${pad(time.getMinutes())}`;
}

/** What a long line needs to know of an entry. */
export type ListedEntry = Pick<FileEntry, 'name' | 'isDirectory' | 'isWritable' | 'size' | 'modified'>;

/** One line of a long listing (chapter 09 section 5.3, but for the units): `-rw       1 kB  2026-08-01 09:05  notes.txt`. */
export function longLine({ isDirectory, isWritable, modified, name, size }: ListedEntry): string {
  const rights = `${isDirectory ? 'd' : '-'}r${isWritable ? 'w' : '-'}`;
  const shownSize = isDirectory ? '-' : formatSize(size);
  return `${rights}  ${shownSize.padStart(9)}  ${timeText(modified)}  ${printableName(name)}${isDirectory ? '/' : ''}`;
}

/** What programs are told of an entry. */
export function entryJson({ created, isHidden, isWritable, kind, mimeType, modified, name, path, size }: FileEntry): object {
  return {
    path,
    name,
    kind,
    size,
    mimeType,
    modified: modified.toISOString(),
    created: created.toISOString(),
    isHidden,
    isWritable,
  };
}

/** By code points, the same everywhere. */
export function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
