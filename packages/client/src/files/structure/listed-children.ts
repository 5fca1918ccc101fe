import { ArgumentError, NotFoundError } from '@pyrgos/core/errors';
import { type AbsoluteCapability, type ChildEntry, NamedRelativeCapability } from '@pyrgos/core/model';
import { DanglingEntry, directoryChunks, type Item, openEntries, type View } from '../view/index.js';
import { type Place, placeKey } from './place.js';

/** Where a listed child, or its link node, is. ArgumentError for a malformed element. */
export function placeOf(directory: AbsoluteCapability, { link }: ChildEntry): Place {
  const capability = link instanceof NamedRelativeCapability ? link.capability : link;
  if (capability === undefined) throw new ArgumentError('entry', 'names no place');
  return { writer: capability.writer ?? directory.writer, mapKey: capability.mapKey };
}

/**
 * The children at some places as `directory` lists them in `view`, in the order of the places: undefined for one that it does not list (any
 * more). What others did to an item since somebody looked, a rename or a move, must not be undone or destroyed.
 */
export async function listedChildren(
  view: View,
  directory: Item,
  places: readonly Place[],
): Promise<readonly (Item | DanglingEntry | undefined)[]> {
  const keys = places.map(placeKey);
  const open = new Set(keys);
  const found: { readonly key: string; readonly entry: ChildEntry }[] = [];
  for await (const { entries } of directoryChunks(view, directory, { onDamage: () => undefined })) {
    for (const entry of entries) {
      const key = entry.link === undefined ? undefined : placeKey(placeOf(directory.capability, entry));
      if (key !== undefined && open.delete(key)) found.push({ key, entry });
    }
    if (open.size === 0) break;
  }
  const children = await openEntries(
    view,
    directory,
    found.map(({ entry }) => entry),
  );
  const byKey = new Map(found.map(({ key }, i) => [key, children[i]]));
  return keys.map((key) => byKey.get(key));
}

/**
 * A child as `directory` lists it in `view`. NotFoundError `not-found.file` when it does not list it any more, and what is wrong with it
 * when it cannot be opened.
 */
export async function requireListed(view: View, directory: Item, item: Item): Promise<Item> {
  const [child] = await listedChildren(view, directory, [(item.link ?? item).capability]);
  if (child === undefined) throw new NotFoundError('not-found.file', 'The directory does not have this file or directory any more.');
  if (child instanceof DanglingEntry) throw child.error;
  return child;
}
