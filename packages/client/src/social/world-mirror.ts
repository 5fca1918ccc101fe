import { CHUNK_SIZE } from '@pyrgos/core/model';
import { CapsInDirectory, type ReceivedCapability } from '@pyrgos/core/social';
import { isOtherKind } from '../files/file-tree.js';
import { deleteItems } from '../files/structure/index.js';
import { findEntry, isDamage, type Item, listEntries, type OperationView, type View } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { makeDirectoryAt, readAll, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import { ITEMS_FILE, openOne, type ReceivedItem } from './received-items.js';

/** Where the mirror is, below the home directory. */
export const CACHE = '.capabilitycache';
const WORLD = [CACHE, 'world'] as const;

/** Bytes of what stands in that file before its elements, at most. */
const MAX_HEAD_SIZE = 16;

/** Something that was shared, and by whom. */
export interface SharedBy extends ReceivedItem {
  readonly sharer: string;
}

/**
 * A directory of the mirror of what others share with the account: what is shared of the directory of somebody that it stands for, and of what is below.
 * What could not be stored yet is in it as well.
 */
export class MirrorDirectory {
  private merged: Promise<CapsInDirectory> | undefined;

  constructor(
    private readonly parts: {
      /** Own files. */
      readonly view: View;
      /** Files of others. */
      readonly others: View;
      readonly onDamage: () => void;
    },
    /** Names from the root down, the owner's first. */
    readonly names: readonly string[],
    private readonly stored: Item | undefined,
    private readonly pending: readonly SharedBy[],
  ) {}

  /** What is shared of the directory. */
  async items(): Promise<CapsInDirectory> {
    this.merged ??= this.merge();
    return this.merged;
  }

  /** The mirror of a directory in it; undefined when nothing is shared of that. */
  async child(name: string): Promise<MirrorDirectory | undefined> {
    const { names, parts } = this;
    const pending = this.pending.filter((one) => one.names.length > names.length + 1 && one.names[names.length] === name);
    const stored = await this.storedDirectory(name);
    if (stored === undefined && pending.length === 0) return undefined;
    return new MirrorDirectory(parts, [...names, name], stored, pending);
  }

  /** The names of the directories in it of which something is shared. */
  async directories(): Promise<readonly string[]> {
    const { names, stored } = this;
    const found = new Set<string>();
    for (const one of this.pending) if (one.names.length > names.length + 1) found.add(one.names[names.length] ?? '');
    if (stored !== undefined) {
      try {
        for await (const { name } of listEntries(this.parts.view, stored)) {
          if (name !== undefined && name !== ITEMS_FILE) found.add(name);
        }
      } catch (error) {
        this.damaged(error);
      }
    }
    return [...found];
  }

  private async merge(): Promise<CapsInDirectory> {
    const { names, parts, pending } = this;
    const here = pending.filter((one) => one.names.length === names.length + 1);
    const stored = await this.storedItems();
    return here.length === 0 ? stored : mergeItems(stored, names[0] ?? '', here, parts.others);
  }

  private async storedItems(): Promise<CapsInDirectory> {
    const { stored, parts } = this;
    if (stored === undefined) return CapsInDirectory.empty;
    try {
      return await readItems(parts.view, stored);
    } catch (error) {
      this.damaged(error);
      return CapsInDirectory.empty;
    }
  }

  private async storedDirectory(name: string): Promise<Item | undefined> {
    if (this.stored === undefined) return undefined;
    try {
      const found = await findEntry(this.parts.view, this.stored, name);
      if (found?.isDangling === true) throw found.error;
      return found?.isDirectory === true ? found : undefined;
    } catch (error) {
      this.damaged(error);
      return undefined;
    }
  }

  private damaged(error: unknown): void {
    if (!isDamage(error)) throw error;
    this.parts.onDamage();
  }
}

/** The mirror as a whole: its directories are the owners. `home`: the home directory in `view`. */
export async function openMirror(
  parts: { readonly view: View; readonly others: View; readonly onDamage: () => void },
  home: Item,
  pending: readonly SharedBy[],
): Promise<MirrorDirectory> {
  let stored: Item | undefined = home;
  for (const name of WORLD) {
    const found: Awaited<ReturnType<typeof findEntry>> = stored === undefined ? undefined : await findEntry(parts.view, stored, name);
    if (found?.isDangling === true) parts.onDamage();
    stored = found?.isDangling === false && found.isDirectory ? found : undefined;
  }
  return new MirrorDirectory(parts, [], stored, pending);
}

/** Directories of the mirror that {@link warmMirror} looks at, and how many of them at the same time. */
const MAX_WARM = 64;
const WARM_IN_FLIGHT = 8;

/** Looks at the places of the mirror where {@link storeShared} will store this, so that what it needs is at hand. */
export async function warmMirror(view: View, home: Item, received: readonly ReceivedItem[]): Promise<void> {
  const places = new Map(received.map(({ names }) => [names.slice(0, -1).join('/'), names.slice(0, -1)]));
  const mirror = await openMirror({ view, others: view, onDamage: () => undefined }, home, []);
  await forEachAtOnce([...places.values()].slice(0, MAX_WARM), WARM_IN_FLIGHT, async (names) => {
    let directory: MirrorDirectory | undefined = mirror;
    for (const name of names) directory = await directory?.child(name);
    await directory?.items();
  });
}

async function readItems(view: View, directory: Item): Promise<CapsInDirectory> {
  const file = await findEntry(view, directory, ITEMS_FILE);
  if (file === undefined) return CapsInDirectory.empty;
  if (file.isDangling) throw file.error;
  return CapsInDirectory.decode(await readAll(view, file));
}

/**
 * Takes what was shared in, in order (chapter 06 section 9.3). What the owner shares himself is not given up for what others pass on of it as long as it
 * leads somewhere: whoever may write in a part of his tree could make them lead elsewhere.
 */
async function mergeItems(stored: CapsInDirectory, owner: string, received: readonly SharedBy[], others: View): Promise<CapsInDirectory> {
  const resolves = async (capability: ReceivedCapability['capability']): Promise<boolean> =>
    (await openOne(others, capability)).item !== undefined;
  let items = stored;
  let batch: ReceivedCapability[] = [];
  for (const { names, capability, sharer } of received) {
    const one = { name: names.at(-1) ?? '', capability, sharer };
    if (sharer === owner) {
      batch.push(one);
      continue;
    }
    items = await items.merge(batch, resolves);
    batch = [];
    const known = items.children.get(one.name);
    const isOwners = known?.sharers.includes(owner) === true && !known.capability.equals(capability);
    if (!(isOwners && (await resolves(known.capability)))) batch.push(one);
  }
  return items.merge(batch, resolves);
}

/**
 * Stores what was shared in the mirror, and commits that. A file of the mirror that is damaged is made anew; more than fits into one is left out. `others`: files
 * of others.
 */
export async function storeShared(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  received: readonly SharedBy[],
  others: View,
): Promise<void> {
  if (received.length === 0) return;
  const byDirectory = new Map<string, SharedBy[]>();
  for (const one of received) {
    const key = one.names.slice(0, -1).join('/');
    const some = byDirectory.get(key) ?? [];
    byDirectory.set(key, some);
    some.push(one);
  }
  await makeDirectoryAt(operation, space, home, WORLD, { isHidden: true });
  for (const some of byDirectory.values()) {
    const [first] = some;
    if (first === undefined) continue;
    try {
      const above = first.names.slice(0, -1);
      const directory = await makeSoundDirectory(operation, space, home, [...WORLD, ...above]);
      await storeItems(operation, space, directory, above[0] ?? '', some, others);
    } catch (error) {
      // One place that cannot be written must not keep all others from being.
      if (!isDamage(error) && !isOtherKind(error)) throw error;
    }
  }
}

/** {@link makeDirectoryAt}, where what is damaged on the way is made anew. */
async function makeSoundDirectory(operation: OperationView, space: OwnSpace, home: Item, path: readonly string[]): Promise<Item> {
  try {
    return await makeDirectoryAt(operation, space, home, path, { isHidden: false });
  } catch (error) {
    if (!isDamage(error)) throw error;
    let directory = home;
    for (const name of path) {
      const found = await findEntry(operation, directory, name);
      if (found?.isDangling === true) await deleteItems(operation, directory, [found]);
      if (found === undefined || found.isDangling) break;
      directory = found;
    }
    return makeDirectoryAt(operation, space, home, path, { isHidden: false });
  }
}

async function storeItems(
  operation: OperationView,
  space: OwnSpace,
  directory: Item,
  owner: string,
  received: readonly SharedBy[],
  others: View,
): Promise<void> {
  let stored = CapsInDirectory.empty;
  let isDamaged = false;
  try {
    stored = await readItems(operation, directory);
  } catch (error) {
    if (!isDamage(error)) throw error;
    isDamaged = true;
    const file = await findEntry(operation, directory, ITEMS_FILE);
    if (file?.isDangling === true) await deleteItems(operation, directory, [file]);
  }
  const items = await mergeItems(stored, owner, received, others);
  if (items.equals(stored) && !isDamaged) return;
  await writeFileIn(operation, space, directory, ITEMS_FILE, encodeFitting(items));
}

/** The bytes of the file; of more than fits into one chunk those that are known longest. */
function encodeFitting(items: CapsInDirectory): Uint8Array {
  const all = items.encode();
  if (all.length <= CHUNK_SIZE) return all;
  let size = MAX_HEAD_SIZE;
  const fitting = [...items.children.values()].filter((child) => {
    size += child.encode().length;
    return size <= CHUNK_SIZE;
  });
  return CapsInDirectory.of(fitting).encode();
}
