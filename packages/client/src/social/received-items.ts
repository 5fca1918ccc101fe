import { byteKey } from '@pyrgos/core/bytes';
import type { PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAMP_LOOKUPS, MAX_SHARED_DEPTH } from '@pyrgos/core/limits';
import { type AbsoluteCapability, isLegalName, mapInOrder } from '@pyrgos/core/model';
import { isFriendName } from '@pyrgos/core/social';
import { isDamage, type Item, loadNodes, namesOf, openItem, type View } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import type { OwnerNames } from './owner-names.js';

/** The file in a directory of the mirror that says what is shared of the directory that it stands for (chapter 06 section 9.3). */
export const ITEMS_FILE = 'items.cbor';

/** Groups of capabilities that are looked up, and items of each that are opened, at the same time. */
const GROUPS_IN_FLIGHT = 4;
const ITEMS_IN_FLIGHT = 8;

/** Owners in one go that turn out to be nobody; after that many nobody is asked about the others any more. */
const MAX_UNKNOWN_OWNERS = 32;

/** Something that somebody shares, and where it is: the verified name of its owner, and the names below. */
export interface ReceivedItem {
  readonly names: readonly string[];
  readonly capability: AbsoluteCapability;
  readonly isDirectory: boolean;
  /** When it was changed the last time, in milliseconds since 1970, as whoever did says. */
  readonly modified: number;
}

/** What came of opening a capability: the item, or what is wrong with it. */
export type Opened = { readonly item: Item; readonly error?: undefined } | { readonly error: PyrgosError; readonly item?: undefined };

/** Opens many capabilities in few requests, in order; what is wrong with one is its own answer. */
export async function* openCapabilities(view: View, capabilities: readonly AbsoluteCapability[]): AsyncGenerator<Opened, void, undefined> {
  for await (const group of mapInOrder(groupsOf(capabilities), async (some) => openGroup(view, some), GROUPS_IN_FLIGHT)) yield* group;
}

/** Capabilities that follow each other and are of one writer, as many as one request can ask for. */
function* groupsOf(capabilities: readonly AbsoluteCapability[]): Generator<readonly AbsoluteCapability[], void, undefined> {
  let group: AbsoluteCapability[] = [];
  for (const capability of capabilities) {
    const [first] = group;
    if (group.length === MAX_CHAMP_LOOKUPS || (first !== undefined && !first.writer.equals(capability.writer))) {
      yield group;
      group = [];
    }
    group.push(capability);
  }
  if (group.length > 0) yield group;
}

async function openGroup(view: View, capabilities: readonly AbsoluteCapability[]): Promise<readonly Opened[]> {
  const [first] = capabilities;
  if (first !== undefined && capabilities.length > 1) {
    try {
      await loadNodes(
        view,
        first.owner,
        first.writer,
        capabilities.map(({ location }) => location),
      );
    } catch (error) {
      // Each of them says below what is wrong with it.
      if (!isDamage(error)) throw error;
    }
  }
  return Promise.all(capabilities.map(async (capability) => openOne(view, capability)));
}

/** Opens one capability; what is wrong with it is the answer. Errors: `network` and the like. */
export async function openOne(view: View, capability: AbsoluteCapability): Promise<Opened> {
  try {
    return { item: await openItem(view, capability) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { error };
  }
}

/**
 * Where the things are that capabilities of a friend lead to (chapter 06 section 9.2). Left out is what cannot be opened, what is the account's own, and what
 * claims a path that it cannot have: one that does not begin with the verified name of the owner, one with names that are none, one that is too deep, or one
 * of somebody else in a writing space that is not his. Of capabilities that are equal one is enough.
 */
export async function resolveCapabilities(
  view: View,
  received: readonly AbsoluteCapability[],
  { owners, username, friend }: { readonly owners: OwnerNames; readonly username: string; readonly friend: string },
): Promise<readonly ReceivedItem[]> {
  const latest = new Map<string, AbsoluteCapability>();
  for (const capability of received) {
    if (capability.isNull) continue;
    const key = byteKey(capability.encode());
    // What comes later counts, so the last place is the one that it has.
    latest.delete(key);
    latest.set(key, capability);
  }
  const capabilities = [...latest.values()];
  const unknown = new Set<string>();
  const places: { readonly owner: string; readonly capability: AbsoluteCapability }[] = [];
  for (const capability of capabilities) {
    const { key } = capability.owner;
    const owner =
      unknown.has(key) || unknown.size > MAX_UNKNOWN_OWNERS ? owners.knownName(capability.owner) : await owners.nameOf(capability.owner);
    if (owner === undefined) unknown.add(key);
    if (owner === undefined || owner === username || !isFriendName(owner)) continue;
    if (owner !== friend && !(await owners.owns(view, capability.owner, capability.writer))) continue;
    places.push({ owner, capability });
  }
  const opened: { readonly index: number; readonly item: Item }[] = [];
  let index = 0;
  for await (const { item } of openCapabilities(
    view,
    places.map(({ capability }) => capability),
  )) {
    if (item?.isReadable === true) opened.push({ index, item });
    index++;
  }
  const found = new Map<number, ReceivedItem>();
  const trace = async ({ index: at, item }: (typeof opened)[number]): Promise<void> => {
    const place = places[at];
    if (place === undefined) return;
    const names = await claimedNames(view, item);
    if (names === undefined || names[0] !== place.owner || !isLegalPlace(names)) return;
    const { isDirectory, properties } = item;
    found.set(at, { names, capability: place.capability, isDirectory, modified: properties.modified.toMilliseconds() });
  };
  // The first one brings the directories above, which most of the others have in common.
  const [first, ...others] = opened;
  if (first !== undefined) await trace(first);
  await forEachAtOnce(others, ITEMS_IN_FLIGHT, trace);
  return [...places.keys()].flatMap((at) => found.get(at) ?? []);
}

async function claimedNames(view: View, item: Item): Promise<readonly string[] | undefined> {
  try {
    return await namesOf(view, item);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Whether a path can be that of something that is shared, and has a place in the mirror. */
function isLegalPlace(names: readonly string[]): boolean {
  const directories = names.slice(1, -1);
  return names.length >= 2 && names.length <= MAX_SHARED_DEPTH && names.every(isLegalName) && !directories.includes(ITEMS_FILE);
}
