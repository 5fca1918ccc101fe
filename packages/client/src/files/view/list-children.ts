import { assertInstance, assertInstances } from '@pyrgos/core/arguments';
import { NotFoundError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type AbsoluteCapability, ChildEntry, mapInOrder } from '@pyrgos/core/model';
import type { ChildListOptions } from './child-list.js';
import { directoryChunks } from './directory-chunks.js';
import { refuseHidden } from './hidden-space.js';
import { DanglingEntry, Item } from './item.js';
import { isDamage, type LoadOptions, loadNode, loadNodes, type NodeResult } from './load-nodes.js';
import { isSamePlace, openLoaded, requireNode } from './open-item.js';
import { assertRead, type ReadOptions, type View } from './view.js';

/** Groups of children whose nodes are fetched at the same time. */
export const GROUPS_IN_FLIGHT = 4;

/**
 * The elements of a directory's list, without looking at the children themselves: names, kinds, types and times of creation as far as the
 * list has them (chapter 04 section 12.1). Costs two requests per 500 children.
 *
 * When chunks of the directory are damaged, the elements of all others come first, and then the error of the first damaged one.
 */
export async function* listEntries(
  view: View,
  directory: Item,
  options: ChildListOptions = {},
): AsyncGenerator<ChildEntry, void, undefined> {
  for await (const entries of entryGroups(view, directory, Number.POSITIVE_INFINITY, options)) yield* entries;
}

/**
 * The children of a directory, opened, in the order of its list; what cannot be opened is a {@link DanglingEntry}, and its siblings are not
 * affected. Fetches in groups of 20, some groups at a time, and holds no more than those in memory. Damaged chunks as in
 * {@link listEntries}.
 */
export async function* listChildren(
  view: View,
  directory: Item,
  options: ReadOptions = {},
): AsyncGenerator<Item | DanglingEntry, void, undefined> {
  const groups = entryGroups(view, directory, MAX_CHAMP_LOOKUPS, options);
  const opened = mapInOrder(groups, (group) => openEntries(view, directory, group, options), GROUPS_IN_FLIGHT);
  for await (const children of opened) {
    throwIfAborted(options.signal ?? view.signal, 'listing a directory');
    yield* children;
  }
}

/** The elements of the list in groups of at most `size`, and then the error of the first damaged chunk. */
export async function* entryGroups(
  view: View,
  directory: Item,
  size: number,
  options: ChildListOptions,
): AsyncGenerator<readonly ChildEntry[], void, undefined> {
  const damages: PyrgosError[] = [];
  for await (const { entries } of directoryChunks(view, directory, { ...options, onDamage: (error) => void damages.push(error) })) {
    for (let start = 0; start < entries.length; start += size) yield entries.slice(start, start + size);
  }
  if (damages[0] !== undefined) throw damages[0];
}

/** Opens some entries of one directory in as few requests as possible, in order. */
export async function openEntries(
  view: View,
  directory: Item,
  entries: readonly ChildEntry[],
  options: LoadOptions = {},
): Promise<(Item | DanglingEntry)[]> {
  assertRead(view, options);
  assertInstance('directory', directory, Item);
  assertInstances('entries', entries, ChildEntry);
  const capabilities = entries.map((entry) => capabilityOf(view, directory, entry));
  const nodes = await loadAll(view, capabilities, options);
  return Promise.all(
    entries.map(async (entry, i) => {
      const capability = capabilities[i];
      if (capability === undefined || capability instanceof PyrgosError)
        return new DanglingEntry(entry, capability ?? missing(), undefined);
      try {
        if (nodes[i] === undefined && !capability.writer.equals(directory.writer)) {
          await refuseHidden(view, capability, async (now) => isListed(now, directory, capability, options), options);
        }
        const inheritedSigner = capability.writer.equals(directory.writer) ? directory.signer : undefined;
        return await openLoaded(view, capability, requireNode(nodes[i]), { ...options, entry, inheritedSigner });
      } catch (error) {
        if (!isDamage(error)) throw error;
        return new DanglingEntry(entry, error, capability);
      }
    }),
  );
}

/** Whether the list of a directory leads straight to a place in another writing space (chapter 04 section 10), in another view. */
async function isListed(now: View, { capability }: Item, target: AbsoluteCapability, options: ReadOptions): Promise<boolean> {
  const directory = await loadNode(now, capability.owner, capability.writer, capability.location, options);
  if (directory === undefined) return false;
  const opened = await openLoaded(now, capability, requireNode(directory), options);
  for await (const entry of listEntries(now, opened, options)) {
    const found = capabilityOf(now, opened, entry);
    if (!(found instanceof PyrgosError) && isSamePlace(found, target)) return true;
  }
  return false;
}

function missing(): NotFoundError {
  return new NotFoundError('not-found.file', 'The element of the list names nothing.');
}

/** Where a child is, or what is wrong with the element that lists it. */
function capabilityOf(view: View, directory: Item, { link, error }: ChildEntry): AbsoluteCapability | PyrgosError {
  if (link === undefined) return error ?? missing();
  try {
    return link.toAbsolute(view.crypto, directory.capability);
  } catch (problem) {
    if (!isDamage(problem)) throw problem;
    // Only the way to the write key can be wrong; what is left can be read.
    return link.toAbsolute(view.crypto, directory.capability.toReadOnly());
  }
}

/** The nodes of many capabilities of one owner, by writer; what is wrong with a whole writer is the answer of each of its places. */
async function loadAll(
  view: View,
  capabilities: readonly (AbsoluteCapability | PyrgosError)[],
  options: LoadOptions,
): Promise<NodeResult[]> {
  const results: NodeResult[] = capabilities.map(() => undefined);
  const byWriter = new Map<string, { readonly index: number; readonly capability: AbsoluteCapability }[]>();
  for (const [index, capability] of capabilities.entries()) {
    if (capability instanceof PyrgosError) continue;
    const group = byWriter.get(capability.writer.key) ?? [];
    byWriter.set(capability.writer.key, group);
    group.push({ index, capability });
  }
  await Promise.all(
    [...byWriter.values()].map(async (group) => {
      const [first] = group;
      if (first === undefined) return;
      const { owner, writer } = first.capability;
      let found: readonly NodeResult[];
      try {
        const locations = group.map(({ capability }) => capability.location);
        found = await loadNodes(view, owner, writer, locations, options);
      } catch (error) {
        if (!isDamage(error)) throw error;
        found = group.map(() => ({ error }));
      }
      for (const [j, { index }] of group.entries()) results[index] = found[j];
    }),
  );
  return results;
}
