import { SharedWithState } from '@pyrgos/core/social';
import { findChild, type Item, listEntries, type View } from '../files/view/index.js';
import { directoryAt, directoryIn, readFileIn } from './own-files.js';
import { readFriendEntries } from './social-lists.js';

/** Where the records of what is shared are, below the home directory (chapter 06 section 1). */
export const OUTBOUND: readonly string[] = ['.capabilitycache', 'outbound'];
/** What of it a directory of records keeps. */
export const RECORD = 'sharedWith.cbor';

/** A directory with the records of one directory of files. */
export interface RecordMirror {
  readonly directory: Item;
  /** Whether it has a record of its own: the uppermost one of most accounts has none. */
  readonly hasRecord: boolean;
  /** Whether a directory in it, by its name, belongs to it as well. */
  owns(name: string): boolean;
}

const everything = (): boolean => true;

/**
 * The directories in which the records of a directory can be: the one of section 8.4, and the one in which another program records the files of an account, which leaves the name of the
 * user out (section 17). `names`: from the root down; none for all.
 */
export async function mirrorsOf(view: View, home: Item, names: readonly string[]): Promise<readonly RecordMirror[]> {
  const outbound = await directoryAt(view, home, OUTBOUND);
  if (outbound === undefined) return [];
  const username = home.name;
  const nameless = await namelessFolders(view, home, outbound);
  const [owner, first] = names;
  if (owner === undefined) return [{ directory: outbound, hasRecord: false, owns: (name) => !nameless.has(name) }];
  const found: RecordMirror[] = [];
  const own = nameless.has(owner) ? undefined : await directoryAt(view, outbound, names);
  if (own !== undefined) found.push({ directory: own, hasRecord: true, owns: everything });
  if (owner !== username) return found;
  if (first === undefined) found.push({ directory: outbound, hasRecord: true, owns: (name) => nameless.has(name) });
  else if (nameless.has(first)) {
    const other = await directoryAt(view, outbound, names.slice(1));
    if (other !== undefined) found.push({ directory: other, hasRecord: true, owns: everything });
  }
  return found;
}

/** The record in a directory of records; nobody when there is none. */
export async function recordIn(view: View, { directory, hasRecord }: RecordMirror): Promise<SharedWithState> {
  const bytes = hasRecord ? await readFileIn(view, directory, RECORD) : undefined;
  return bytes === undefined ? SharedWithState.empty : SharedWithState.decode(bytes);
}

/**
 * What among the directories of records is named after a folder of the home directory, and not after a user. In doubt it is a user: what is recorded of their files must not be
 * taken for what is shared of the own ones.
 */
export async function namelessFolders(view: View, home: Item, outbound: Item): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { name } of listEntries(view, outbound)) {
    if (name !== undefined && name !== home.name && name !== RECORD) found.add(name);
  }
  if (found.size === 0) return found;
  for (const { ownerName } of await readFriendEntries(view, home)) found.delete(ownerName);
  const received = await directoryAt(view, home, ['.capabilitycache', 'world']);
  for (const name of found) {
    const isUser = received !== undefined && (await directoryIn(view, received, name)) !== undefined;
    if (isUser || (await findChild(view, home, name))?.isDirectory !== true) found.delete(name);
  }
  return found;
}
