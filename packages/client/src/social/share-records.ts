import { PyrgosError } from '@pyrgos/core/errors';
import { SharedWithState } from '@pyrgos/core/social';
import { isDamage, type Item, listChildren, type OperationView, type View } from '../files/view/index.js';
import { directoryAt, makeDirectoryAt, readFileIn, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';

/** Where the records of what is shared are, below the home directory (chapter 06 section 1). */
const OUTBOUND = ['.capabilitycache', 'outbound'] as const;
const RECORD = 'sharedWith.cbor';

/** What is shared of the items of one directory. */
export interface DirectoryShares {
  /** The names of the directory from the root down, the owner's first. */
  readonly directory: readonly string[];
  readonly state: SharedWithState;
}

/** With whom the items of a directory are shared; nobody when nothing is recorded. `directory`: names from the root down. */
export async function readRecord(view: View, home: Item, directory: readonly string[]): Promise<SharedWithState> {
  const mirror = await directoryAt(view, home, [...OUTBOUND, ...directory]);
  return mirror === undefined ? SharedWithState.empty : recordIn(view, mirror);
}

async function recordIn(view: View, mirror: Item): Promise<SharedWithState> {
  const bytes = await readFileIn(view, mirror, RECORD);
  return bytes === undefined ? SharedWithState.empty : SharedWithState.decode(bytes);
}

/**
 * Changes what is recorded of a directory, and commits that; nothing when it stays the same. Directories of the mirror are made, hidden
 * (chapter 06 section 8.4).
 */
export async function changeRecord(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  directory: readonly string[],
  change: (state: SharedWithState) => SharedWithState,
): Promise<void> {
  const path = [...OUTBOUND, ...directory];
  const existing = await directoryAt(operation, home, path);
  const before = existing === undefined ? SharedWithState.empty : await recordIn(operation, existing);
  const after = change(before);
  if (after.equals(before)) return;
  const mirror = existing ?? (await makeDirectoryAt(operation, space, home, path, { isHidden: true }));
  await writeFileIn(operation, space, mirror, RECORD, after.encode());
}

/** The directory that mirrors an item, with the records of what is in it; undefined when nothing below the item was ever shared. */
export async function mirrorOf(view: View, home: Item, names: readonly string[]): Promise<Item | undefined> {
  return directoryAt(view, home, [...OUTBOUND, ...names]);
}

/**
 * All records of a directory and of those below it, its own first. What is damaged of them is told to `onDamage`, with its directory, and left out;
 * without that it is an error.
 */
export async function* recordsBelow(
  view: View,
  home: Item,
  directory: readonly string[],
  onDamage?: (directory: readonly string[], error: PyrgosError) => void,
): AsyncGenerator<DirectoryShares, void, undefined> {
  const top = await mirrorOf(view, home, directory);
  const open: { readonly names: readonly string[]; readonly mirror: Item }[] = top === undefined ? [] : [{ names: directory, mirror: top }];
  const damaged = (names: readonly string[], error: unknown): void => {
    if (onDamage === undefined || !(error instanceof PyrgosError) || !isDamage(error)) throw error;
    onDamage(names, error);
  };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { names, mirror } = next;
    try {
      const state = await recordIn(view, mirror);
      if (!state.isEmpty) yield { directory: names, state };
    } catch (error) {
      damaged(names, error);
    }
    try {
      for await (const child of listChildren(view, mirror)) {
        if (child.isDangling) damaged([...names, child.name ?? ''], child.error);
        else if (child.isDirectory) open.push({ names: [...names, child.name], mirror: child });
      }
    } catch (error) {
      damaged(names, error);
    }
  }
}
