import { ConflictError, NotFoundError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { SharedAccess, SharedWith } from '@pyrgos/core/social';
import { CommittedView, findPath, type Item, type OperationView, type View } from '../files/view/index.js';
import { giveCapabilities, recipientDirectory } from './capability-store.js';
import type { OwnSpace } from './own-space.js';
import { PublicChanges } from './public-changes.js';
import { publishedAt } from './public-entries.js';
import { SecretLinkChanges } from './secret-link-changes.js';
import { adoptRecords, changeRecord, mirroredIn, readRecord, repairRecords, recordsBelow } from './share-records.js';

/** One item that is shared, or has links. */
interface SharedItemRecord {
  /** The names of its directory, from the root down. */
  readonly directory: readonly string[];
  readonly name: string;
  readonly shared: SharedWith;
}

/** Everything that is recorded of an item and of what is below it, its own first (chapter 06 section 10.3). `names`: from the root down. */
export async function* recordsOf(view: View, home: Item, names: readonly string[]): AsyncGenerator<SharedItemRecord, void, undefined> {
  const directory = names.slice(0, -1);
  const name = names.at(-1) ?? '';
  const own = (await readRecord(view, home, directory)).get(name);
  if (own.readers.size > 0 || own.writers.size > 0 || own.links.length > 0) yield { directory, name, shared: own };
  for await (const below of recordsBelow(view, home, names)) {
    for (const item of below.state.items) yield { directory: below.directory, name: item, shared: below.state.get(item) };
  }
}

/** With whom some children of a directory, and what is below them, are shared, and which links there are, as one text. */
async function notesOf(view: View, home: Item, above: readonly string[], children: ReadonlySet<string>): Promise<string> {
  const notes: string[] = [];
  const note = (directory: readonly string[], name: string, { readers, writers, links }: SharedWith): void => {
    const parts = [[...directory, name], [...readers].sort(), [...writers].sort(), links.map(({ label }) => String(label)).sort()];
    notes.push(JSON.stringify(parts));
  };
  const state = await readRecord(view, home, above);
  for (const name of state.items) if (children.has(name)) note(above, name, state.get(name));
  for (const name of await mirroredIn(view, home, above)) {
    if (!children.has(name)) continue;
    for await (const below of recordsBelow(view, home, [...above, name])) {
      for (const item of below.state.items) note(below.directory, item, below.state.get(item));
    }
  }
  return notes.sort().join('');
}

/**
 * Lets a change be merged with what other devices commit only if they have not shared these children of a directory, or anything below them, with somebody else meanwhile, nor
 * made links: otherwise it is repeated, and knows of them. To be called before the change. What is noted in another writing space than that of the change is compared by nobody.
 */
export async function relyOnNotes(
  operation: OperationView,
  space: OwnSpace,
  above: readonly string[],
  names: readonly string[],
): Promise<void> {
  await adoptRecords(operation, space, await space.home(operation));
  await repairRecords(operation, space, await space.home(operation), above, names);
  const home = await space.home(operation);
  const children = new Set(names);
  const before = await notesOf(operation, home, above, children);
  const { committer, owner, snapshot, signal } = operation;
  committer.relyOn(async (writer, remote) => {
    if (!writer.equals(home.writer)) return;
    const start = { owner, snapshot: snapshot.withVersion(writer, remote).withReadOnly(true) };
    const view = new CommittedView(space.account.sessions, { start, signal, waitForCreation: false });
    const now = await notesOf(view, await space.home(view), above, children);
    // Nothing: this very change may have taken away what there was, and is committed in several parts.
    if (now === '' || now === before) return;
    const reason = 'something was shared, or a link made';
    throw new ConflictError('conflict.merge', `concurrent changes of one writer cannot be merged: ${reason}`, {
      writer: writer.toString(),
      reason,
    });
  });
}

/**
 * Whether an item, or anything below it, has secret links or is published: what the identity notes of that is changed together with the item then, and the
 * identity has to be reserved for it.
 */
export async function isNotedByIdentity(view: View, space: OwnSpace, home: Item, names: readonly string[]): Promise<boolean> {
  for await (const { shared } of recordsOf(view, home, names)) if (shared.links.length > 0) return true;
  const published = await space.published(view);
  if (published !== undefined) for await (const _ of publishedAt(published, names)) return true;
  return false;
}

/**
 * Gives everybody with whom an item, or anything below it, is still shared the capabilities that it has now, and stores its links anew (chapter 06 section
 * 10.3); what is published stays so. Commits. `item` is what is at `names` now. What does not exist any more is passed over, and so is who does not follow the account any more. The operation must have
 * reserved the identity when there are links.
 */
export async function resend(operation: OperationView, space: OwnSpace, home: Item, names: readonly string[], item: Item): Promise<void> {
  const gifts = new Map<string, Record<SharedAccess, AbsoluteCapability[]>>();
  const give = (recipients: Iterable<string>, access: SharedAccess, capability: AbsoluteCapability): void => {
    for (const recipient of recipients) {
      const gift = gifts.get(recipient) ?? { read: [], write: [] };
      gifts.set(recipient, gift);
      gift[access].push(capability);
    }
  };
  let links: SecretLinkChanges | undefined;
  const records: SharedItemRecord[] = [];
  for await (const record of recordsOf(operation, home, names)) records.push(record);
  for (const { directory, name, shared } of records) {
    const found = await findBelow(operation, item, [...directory, name].slice(names.length));
    if (found === undefined) continue;
    give(shared.readers, 'read', found.capability.toReadOnly());
    // Who could write into the directory would be able to through a capability that is not in a writing space of its own (section 8.3).
    if (found.hasOwnSpace) give(shared.writers, 'write', found.capability);
    for (const link of shared.links) {
      if (link.isWritable && found.link === undefined) continue;
      links ??= new SecretLinkChanges(operation, space);
      const stored = await links.put(found, link);
      await changeRecord(operation, space, home, directory, (state) => state.withLink(name, stored));
    }
  }
  await links?.commit();
  await republish(operation, space, names, item);
  for (const [recipient, { read, write }] of gifts) {
    if ((await recipientDirectory(operation, home, recipient)) === undefined) continue;
    await giveCapabilities(operation, space, home, recipient, 'read', read);
    await giveCapabilities(operation, space, home, recipient, 'write', write);
  }
}

async function republish(operation: OperationView, space: OwnSpace, names: readonly string[], item: Item): Promise<void> {
  if (!operation.snapshot.has(space.account.identity.publicKeyHash)) return;
  const changes = await PublicChanges.open(operation, space);
  for (const { names: path } of await changes.at(names)) {
    const found = await findBelow(operation, item, path.slice(names.length));
    if (found === undefined) await changes.remove(path);
    else await changes.add(path, found.capability);
  }
  await changes.commit();
}

async function findBelow(view: View, item: Item, names: readonly string[]): Promise<Item | undefined> {
  try {
    return await findPath(view, item, names.join('/'));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
