import { throwIfAborted } from '@pyrgos/core/errors';
import { storedSize } from '../content/assert-room.js';
import { directoryChunks, type Item, openEntries, type View } from '../view/index.js';
import { placeKey } from './place.js';

/** Bytes of a directory without its list, at least: that is padded like the content of a file. */
const DIRECTORY_SIZE = storedSize(4096);

/**
 * Bytes that a copy of an item takes at least, with all below it; when that is more than `limit`, some figure beyond it. Nothing of contents is read. What is damaged is
 * left out: the copy itself finds it.
 */
export async function copiedSize(view: View, item: Item, limit: number): Promise<number> {
  if (!item.isDirectory) return storedSize(item.opened.properties.size);
  let total = 0;
  const open = [item];
  const visited = new Set<string>();
  for (let directory = open.pop(); directory !== undefined && total <= limit; directory = open.pop()) {
    throwIfAborted(view.signal, 'copying');
    const key = placeKey(directory.capability);
    if (visited.has(key) || !directory.isReadable) continue;
    visited.add(key);
    for await (const { entries } of directoryChunks(view, directory, { onDamage: () => undefined })) {
      total += DIRECTORY_SIZE;
      for (const child of await openEntries(view, directory, entries)) {
        if (child.isDangling) continue;
        if (child.isDirectory) open.push(child);
        else total += storedSize(child.opened.properties.size);
      }
      if (total > limit) break;
    }
  }
  return total;
}
