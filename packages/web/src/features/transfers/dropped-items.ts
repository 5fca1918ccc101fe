import type { UploadItem } from '../../engine/calls.js';

let nextId = 1;

/** A number for an item that no other one in this page has. */
export function newItemId(): number {
  return nextId++;
}

/** What was chosen with a file picker: files, each perhaps with the folders in which it was. */
export function itemsOfFiles(files: Iterable<File>): UploadItem[] {
  return [...files].map((file) => ({
    id: newItemId(),
    path: (file.webkitRelativePath === '' ? file.name : file.webkitRelativePath).split('/'),
    file,
  }));
}

/** What was dropped onto the page. */
export interface Drop {
  readonly items: readonly UploadItem[];
  /** The paths of what could not be read: files that are left out, and folders of which something may be missing. */
  readonly unread: readonly string[];
}

/** What of a `DataTransfer` is needed here. */
export interface DroppedData {
  readonly items: Iterable<Pick<DataTransferItem, 'kind' | 'webkitGetAsEntry'>>;
  readonly files: Iterable<File>;
}

/**
 * What was dropped onto the page: files, and folders with all below them. Call it in the handler of the event, before anything is awaited: browsers
 * take the data away afterwards.
 */
export async function itemsOfDrop(data: DroppedData): Promise<Drop> {
  const entries = [...data.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry());
  const plain = [...data.files];
  if (entries.every((entry) => entry === null)) return { items: itemsOfFiles(plain), unread: [] };
  const items: UploadItem[] = [];
  const unread: string[] = [];
  for (const entry of entries) if (entry !== null) await collect(entry, [], items, unread);
  return { items, unread };
}

async function collect(entry: FileSystemEntry, above: readonly string[], items: UploadItem[], unread: string[]): Promise<void> {
  const path = [...above, entry.name];
  if (entry.isFile) {
    const file = await new Promise<File | undefined>((resolve) => {
      (entry as FileSystemFileEntry).file(resolve, () => {
        resolve(undefined);
      });
    });
    if (file === undefined) unread.push(path.join('/'));
    else items.push({ id: newItemId(), path, file });
    return;
  }
  items.push({ id: newItemId(), path, file: undefined });
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and nothing at the end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve) => {
      reader.readEntries(resolve, () => {
        unread.push(path.join('/'));
        resolve([]);
      });
    });
    if (part.length === 0) return;
    for (const child of part) await collect(child, path, items, unread);
  }
}
