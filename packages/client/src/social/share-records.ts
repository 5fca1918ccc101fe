import type { PyrgosError } from '@pyrgos/core/errors';
import { SharedWithState } from '@pyrgos/core/social';
import { deleteItems, refresh } from '../files/structure/index.js';
import { findChild, findEntry, isDamage, type Item, listChildren, type OperationView, type View } from '../files/view/index.js';
import { directoryAt, makeDirectoryAt, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import { rebuildRecord } from './rebuild-record.js';
import { mirrorsOf, namelessFolders, OUTBOUND, RECORD, recordIn, type RecordMirror } from './record-mirrors.js';

/** What is shared of the items of one directory. */
export interface DirectoryShares {
  /** The names of the directory from the root down, the owner's first. */
  readonly directory: readonly string[];
  readonly state: SharedWithState;
}

/** Told what is damaged of the records, with the directory of which they are. */
export type DamagedRecords = (directory: readonly string[], error: PyrgosError) => void;

/**
 * With whom the items of a directory are shared; nobody when nothing is recorded. `directory`: names from the root down. Instead of a damaged record comes what can be told without it, see
 * {@link rebuildRecord}.
 */
export async function readRecord(view: View, home: Item, directory: readonly string[]): Promise<SharedWithState> {
  return recordOf(view, home, directory, await mirrorsOf(view, home, directory));
}

/**
 * Changes what is recorded of a directory, and commits that; nothing when it stays the same. Directories of the mirror are made, hidden
 * (chapter 06 section 8.4). What another program has recorded elsewhere is recorded here from then on, and a damaged record is made anew.
 */
export async function changeRecord(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  directory: readonly string[],
  change: (state: SharedWithState) => SharedWithState,
): Promise<void> {
  await adoptRecords(operation, space, home);
  const before = await readRecord(operation, home, directory);
  await replaceRecord(operation, space, home, directory, before, change(before));
}

/**
 * Makes damaged records of a directory, and of what is below some of its children, anew. To be done before a change of names or keys: by those it is told what was shared. Nothing happens when the home
 * directory is not reserved.
 */
export async function repairRecords(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  above: readonly string[],
  children: Iterable<string>,
): Promise<void> {
  if (!operation.snapshot.has(home.writer)) return;
  const damaged: (readonly string[])[] = [];
  const look = async (directory: readonly string[]): Promise<void> => {
    const mirror = await mirrorOf(operation, home, directory);
    if (mirror === undefined) return;
    try {
      await recordIn(operation, { directory: mirror, hasRecord: true, owns: () => true });
    } catch (error) {
      tellDamage(directory, error, () => damaged.push(directory));
    }
  };
  await look(above);
  for (const name of children) {
    const open = [[...above, name]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      await look(next);
      for (const child of await mirroredIn(operation, home, next)) open.push([...next, child]);
    }
  }
  for (const directory of damaged) await writeRecord(operation, space, home, directory, await rebuildRecord(operation, home, directory));
}

/** What all records of one directory say together. */
async function recordOf(view: View, home: Item, directory: readonly string[], mirrors: readonly RecordMirror[]): Promise<SharedWithState> {
  let state = SharedWithState.empty;
  for (const mirror of mirrors) {
    try {
      state = state.union(await recordIn(view, mirror));
    } catch (error) {
      if (!isDamage(error)) throw error;
      state = state.union(await rebuildRecord(view, home, directory));
    }
  }
  return state;
}

/** The directory that mirrors an item, with the records of what is in it; undefined when nothing below the item was ever shared. */
export async function mirrorOf(view: View, home: Item, names: readonly string[]): Promise<Item | undefined> {
  return directoryAt(view, home, [...OUTBOUND, ...names]);
}

/** The names of the directories in a directory below which something may be recorded. */
export async function mirroredIn(view: View, home: Item, directory: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const mirror of await mirrorsOf(view, home, directory)) {
    for await (const child of listChildren(view, mirror.directory)) {
      if (child.name === undefined || child.name === RECORD || !mirror.owns(child.name)) continue;
      if (child.isDangling || child.isDirectory) found.add(child.name);
    }
  }
  return found;
}

/**
 * All records of a directory and of those below it, its own first. What is damaged of them is told to `onDamage`, with its directory, and left out;
 * without that it is an error.
 */
export async function* recordsBelow(
  view: View,
  home: Item,
  directory: readonly string[],
  onDamage?: DamagedRecords,
): AsyncGenerator<DirectoryShares, void, undefined> {
  const top = await mirrorsOf(view, home, directory);
  const open: Mirrored[] = [{ names: directory, mirrors: top }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { names, mirrors } = next;
    let state = SharedWithState.empty;
    const below = new Map<string, RecordMirror[]>();
    try {
      state = await recordOf(view, home, names, mirrors);
    } catch (error) {
      tellDamage(names, error, onDamage);
    }
    for (const mirror of mirrors) {
      try {
        for await (const child of listChildren(view, mirror.directory)) {
          // The record itself was looked at already.
          if (child.name === undefined || child.name === RECORD || !mirror.owns(child.name)) continue;
          if (child.isDangling) tellDamage([...names, child.name], child.error, onDamage);
          else if (child.isDirectory)
            below.set(child.name, [...(below.get(child.name) ?? []), { directory: child, hasRecord: true, owns: () => true }]);
        }
      } catch (error) {
        tellDamage(names, error, onDamage);
      }
    }
    if (!state.isEmpty) yield { directory: names, state };
    // Those of the own files have a second place at the top.
    for (const [name, found] of below) {
      const isOwner = names.length === 0;
      open.push({ names: [...names, name], mirrors: isOwner ? await mirrorsOf(view, home, [name]) : found });
    }
  }
}

interface Mirrored {
  readonly names: readonly string[];
  readonly mirrors: readonly RecordMirror[];
}

/** Tells damage to who wants to know; anything else, and what nobody wants to know, is an error. */
function tellDamage(directory: readonly string[], error: unknown, onDamage: DamagedRecords | undefined): void {
  if (onDamage === undefined || !isDamage(error)) throw error;
  onDamage(directory, error);
}

async function replaceRecord(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  directory: readonly string[],
  before: SharedWithState,
  after: SharedWithState,
): Promise<void> {
  if (!after.equals(before)) await writeRecord(operation, space, home, directory, after);
}

async function writeRecord(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  directory: readonly string[],
  state: SharedWithState,
): Promise<void> {
  const path = [...OUTBOUND, ...directory];
  let mirror = (await directoryAt(operation, home, path)) ?? (await makeDirectoryAt(operation, space, home, path, { isHidden: true }));
  const present = await findEntry(operation, await refresh(operation, mirror), RECORD);
  // What cannot be opened cannot be replaced either.
  if (present?.isDangling === true) mirror = await deleteItems(operation, mirror, [present]);
  await writeFileIn(operation, space, mirror, RECORD, state.encode());
}

/**
 * Brings what another program has recorded without the name of the user to where it belongs, and deletes it there: else what is taken back here would come back from there. What is
 * damaged stays. To be done before a change of names: by those it is told which records are meant. Nothing happens when the home directory is not reserved.
 */
export async function adoptRecords(operation: OperationView, space: OwnSpace, home: Item): Promise<void> {
  const outbound = operation.snapshot.has(home.writer) ? await directoryAt(operation, home, OUTBOUND) : undefined;
  if (outbound === undefined) return;
  const nameless = await namelessFolders(operation, home, outbound);
  const top: RecordMirror = { directory: outbound, hasRecord: true, owns: (name) => nameless.has(name) };
  const open = [{ names: [space.username], mirror: top }];
  let isWhole = true;
  const damaged = (): void => void (isWhole = false);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { names, mirror } = next;
    try {
      const record = await findChild(operation, mirror.directory, RECORD);
      if (record !== undefined) {
        const found = await recordIn(operation, mirror);
        const own = await mirrorOf(operation, home, names);
        const state =
          own === undefined ? SharedWithState.empty : await recordIn(operation, { directory: own, hasRecord: true, owns: () => true });
        await replaceRecord(operation, space, home, names, state, state.union(found));
        await deleteItems(operation, mirror.directory, [record]);
      }
      if (mirror === top && nameless.size === 0) continue;
      for await (const child of listChildren(operation, await refresh(operation, mirror.directory))) {
        if (child.name === undefined || child.name === RECORD || !mirror.owns(child.name)) continue;
        if (child.isDangling) isWhole = false;
        else if (child.isDirectory)
          open.push({ names: [...names, child.name], mirror: { directory: child, hasRecord: true, owns: () => true } });
      }
    } catch (error) {
      tellDamage(names, error, damaged);
    }
  }
  if (!isWhole || nameless.size === 0) return;
  const now = await refresh(operation, outbound);
  const emptied: Item[] = [];
  for (const name of nameless) {
    const directory = await findChild(operation, now, name);
    if (directory !== undefined) emptied.push(directory);
  }
  await deleteItems(operation, now, emptied);
}
