import { byteKey, concatBytes } from '@pyrgos/core/bytes';
import { type Cid, encodeCbor } from '@pyrgos/core/codec';
import { throwIfAborted } from '@pyrgos/core/errors';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type ChildEntry, mapInOrder, NamedRelativeCapability } from '@pyrgos/core/model';
import type { DanglingEntry, Item } from './item.js';
import { ItemFacts } from './item-facts.js';
import { entryGroups, GROUPS_IN_FLIGHT, openEntries } from './list-children.js';
import type { KnownFacts } from './listing-cache.js';
import type { ReadOptions, View } from './view.js';

/**
 * As {@link listChildren}, for whoever only shows what is there. What was shown before is not opened again, so that a list that has not changed takes
 * no request and little time, however long it is (up to LISTING_CACHE_SIZE); of one that has, the new and changed items are fetched.
 */
export async function* listFacts(
  view: View,
  directory: Item,
  options: ReadOptions = {},
): AsyncGenerator<ItemFacts | DanglingEntry, void, undefined> {
  const groups = entryGroups(view, directory, MAX_CHAMP_LOOKUPS, options);
  const shown = mapInOrder(groups, (group) => factsOf(view, directory, group, options), GROUPS_IN_FLIGHT);
  for await (const children of shown) {
    throwIfAborted(options.signal ?? view.signal, 'listing a directory');
    yield* children;
  }
}

async function factsOf(
  view: View,
  directory: Item,
  entries: readonly ChildEntry[],
  options: ReadOptions,
): Promise<readonly (ItemFacts | DanglingEntry)[]> {
  const root = await view.treeOf(directory.owner, directory.writer, options);
  const keys = factKeys(view, directory, entries);
  const results: (ItemFacts | DanglingEntry | undefined)[] = await knownFacts(view, directory, root, entries, keys, options);
  const open = [...entries.keys()].filter((i) => results[i] === undefined);
  const openedEntries = open.map((i) => entries[i] as ChildEntry);
  const children = open.length === 0 ? [] : await openEntries(view, directory, openedEntries, { ...options, isKept: false });
  for (const [j, child] of children.entries()) {
    const i = open[j] as number;
    if (child.isDangling) {
      results[i] = child;
      continue;
    }
    const facts = ItemFacts.of(child);
    results[i] = facts;
    // What depends on more than one node, and on the tree of another writer, is looked at each time.
    const isSimple = child.links.length === 0 && child.writer.equals(directory.writer);
    if (root !== undefined && isSimple) view.nodes.listings.setFacts(keys[i] as string, { root, facts });
  }
  return results.filter((result) => result !== undefined);
}

/** What is known of some elements of a list and holds in the tree at `root`; undefined where that is nothing. */
async function knownFacts(
  view: View,
  directory: Item,
  root: Cid | undefined,
  entries: readonly ChildEntry[],
  keys: readonly string[],
  options: ReadOptions,
): Promise<(ItemFacts | undefined)[]> {
  if (root === undefined) return keys.map(() => undefined);
  const { listings } = view.nodes;
  const known = keys.map((key) => listings.facts(key));
  const results = known.map((found) => (found?.root.equals(root) === true ? found.facts : undefined));
  // What was looked up in another tree counts if this one has the same node there.
  const elsewhere = [...known.keys()].filter((i) => known[i] !== undefined && results[i] === undefined);
  if (elsewhere.length === 0) return results;
  const mapKeys = elsewhere.map((i) => mapKeyOf(entries[i]));
  const cids = await view.knownCids(directory.owner, directory.writer, mapKeys, options);
  for (const [j, i] of elsewhere.entries()) {
    const { facts } = known[i] as KnownFacts;
    // Without link nodes the version is the CID of the node.
    if (cids[j]?.toString() !== facts.version) continue;
    results[i] = facts;
    listings.setFacts(keys[i] as string, { root, facts });
  }
  return results;
}

/** The map key of an element with a target. */
function mapKeyOf(entry: ChildEntry | undefined): Uint8Array {
  const link = entry?.link;
  return (link instanceof NamedRelativeCapability ? link.capability.mapKey : link?.mapKey) ?? new Uint8Array();
}

/**
 * The names under which facts are kept: hashes of everything that they depend upon besides the node, which are the element of the list with its keys, and the
 * rights with which it is opened. Whoever cannot open an item does not find what others have seen of it.
 */
function factKeys(view: View, { capability, signer }: Item, entries: readonly ChildEntry[]): readonly string[] {
  const rights = encodeCbor([
    capability.owner.cid,
    capability.writer.cid,
    capability.rBaseKey.toCbor(),
    capability.wBaseKey?.toCbor() ?? null,
    signer !== undefined,
  ]);
  const elements = entries.map(({ cbor }) => concatBytes(rights, encodeCbor(cbor)));
  return view.crypto.sha256Many(elements).map(byteKey);
}
