import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import type { AbsoluteCapability, ChildEntry } from '@pyrgos/core/model';
import { readChildList } from './child-list.js';
import type { Item } from './item.js';
import { isDamage, loadNodes } from './load-nodes.js';
import type { View } from './view.js';

/** Requests in flight at a time. */
const REQUESTS_IN_FLIGHT = 4;

/**
 * Brings into the caches what reading the lists of many directories will ask for, with one request per 20 instead of one for each directory:
 * whether they have a second chunk, and the children in their first one that `isWanted`. What cannot be read is found by whoever needs it.
 */
export async function readAheadOfLists(
  view: View,
  directories: readonly Item[],
  isWanted: (directory: Item, entry: ChildEntry) => boolean,
): Promise<void> {
  if (directories.length < 2) return;
  await load(
    view,
    directories.flatMap(({ capability, opened }) => (opened.next === undefined ? [] : [capability.withLocation(opened.next.location)])),
  );
  const children: AbsoluteCapability[] = [];
  for (const directory of directories) {
    await ignoringDamage(async () => {
      // Almost always at hand: it is part of the node.
      for (const entry of await readChildList(view, directory)) {
        if (!isWanted(directory, entry)) continue;
        await ignoringDamage(async () => {
          const capability = entry.link?.toAbsolute(view.crypto, directory.capability);
          if (capability !== undefined) children.push(capability);
        });
      }
    });
  }
  await load(view, children);
}

async function load(view: View, capabilities: readonly AbsoluteCapability[]): Promise<void> {
  const byWriter = new Map<string, AbsoluteCapability[]>();
  for (const capability of capabilities) {
    const group = byWriter.get(capability.writer.key) ?? [];
    byWriter.set(capability.writer.key, group);
    group.push(capability);
  }
  const count = REQUESTS_IN_FLIGHT * MAX_CHAMP_LOOKUPS;
  for (const group of byWriter.values()) {
    for (let start = 0; start < group.length; start += count) {
      const some = group.slice(start, start + count);
      const [first] = some;
      if (first === undefined) continue;
      const { owner, writer } = first;
      const locations = some.map(({ location }) => location);
      await ignoringDamage(async () => void (await loadNodes(view, owner, writer, locations)));
    }
  }
}

async function ignoringDamage(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}
