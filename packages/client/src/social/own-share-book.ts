import type { BookedShares, ShareBook } from '../files/share-book.js';
import { deleteItems, moveItem } from '../files/structure/index.js';
import { findChild, type Item, type OperationView, type View } from '../files/view/index.js';
import { makeDirectoryAt } from './own-files.js';
import { PublicChanges } from './public-changes.js';
import { isPublic, isPublishable, publishedAt } from './public-entries.js';
import type { OwnSpace } from './own-space.js';
import { mirrorsOf } from './record-mirrors.js';
import { recordsOf, relyOnNotes } from './resend.js';
import { SecretLinkChanges } from './secret-link-changes.js';
import { changeRecord, mirrorOf, readRecord } from './share-records.js';

async function hasAny(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items) return true;
  return false;
}

/** The records of an account (chapter 06 section 8.4), as the files layer keeps them right. */
export class OwnShareBook implements ShareBook {
  constructor(private readonly space: OwnSpace) {}

  async look(view: View, names: readonly string[]): Promise<BookedShares | undefined> {
    const home = await this.space.home(view);
    let isBooked = false;
    let hasLinks = false;
    for await (const { shared } of recordsOf(view, home, names)) {
      isBooked = true;
      hasLinks ||= shared.links.length > 0;
      if (hasLinks) break;
    }
    const published = await this.space.published(view);
    const isPublished = published !== undefined && (await isPublic(published, names));
    const hasEntries = published !== undefined && (await hasAny(publishedAt(published, names)));
    if (!isBooked && !isPublished && !hasEntries && (await mirrorsOf(view, home, names)).length === 0) return undefined;
    const identity = this.space.account.identity.publicKeyHash;
    return { writers: hasLinks || hasEntries ? [home.writer, identity] : [home.writer], isPublished };
  }

  async rely(operation: OperationView, above: readonly string[], names: readonly string[]): Promise<void> {
    await relyOnNotes(operation, this.space, above, names);
  }

  async moved(operation: OperationView, from: readonly string[], to: readonly string[]): Promise<void> {
    const home = await this.space.home(operation);
    const [oldName = '', newName = ''] = [from.at(-1), to.at(-1)];
    const [above, into] = [from.slice(0, -1), to.slice(0, -1)];
    await this.forget(operation, home, to);
    await this.republish(operation, from, to);
    const shared = (await readRecord(operation, home, above)).get(oldName);
    if (above.join('/') === into.join('/')) {
      await changeRecord(operation, this.space, home, above, (state) => state.rename(oldName, newName));
    } else {
      await changeRecord(operation, this.space, home, above, (state) => state.clear(oldName));
      await changeRecord(operation, this.space, home, into, (state) => {
        let next = state.clear(newName).share(newName, 'read', shared.readers).share(newName, 'write', shared.writers);
        for (const link of shared.links) next = next.withLink(newName, link);
        return next;
      });
    }
    const below = await mirrorOf(operation, home, from);
    if (below === undefined) return;
    const parent = await mirrorOf(operation, home, above);
    const target = await this.mirrorDirectory(operation, home, into);
    if (parent !== undefined) await moveItem(operation, this.space.ports, parent, below, target, { keepAccess: true, name: newName });
  }

  async lost(operation: OperationView, names: readonly string[]): Promise<void> {
    await this.forget(operation, await this.space.home(operation), names);
  }

  /** What is published keeps being that, under its new path: the old one may get something that is for nobody. */
  private async republish(operation: OperationView, from: readonly string[], to: readonly string[]): Promise<void> {
    const changes = await this.publicChanges(operation);
    if (changes === undefined) return;
    const entries = await changes.at(from);
    await changes.remove(from);
    for (const { names, capability } of entries) {
      const path = [...to, ...names.slice(from.length)];
      if (isPublishable(path)) await changes.add(path, capability);
    }
    await changes.commit();
  }

  /** Undefined when nothing was published that this operation would have to change: then it has not reserved the identity. */
  private async publicChanges(operation: OperationView): Promise<PublicChanges | undefined> {
    const { publicKeyHash } = this.space.account.identity;
    return operation.snapshot.has(publicKeyHash) ? PublicChanges.open(operation, this.space) : undefined;
  }

  private async forget(operation: OperationView, home: Item, names: readonly string[]): Promise<void> {
    const links: bigint[] = [];
    for await (const { shared } of recordsOf(operation, home, names)) links.push(...shared.links.map(({ label }) => label));
    if (links.length > 0) {
      const changes = new SecretLinkChanges(operation, this.space);
      for (const label of links) await changes.remove(label);
      await changes.commit();
    }
    const published = await this.publicChanges(operation);
    await published?.remove(names);
    await published?.commit();
    const above = names.slice(0, -1);
    const name = names.at(-1) ?? '';
    await changeRecord(operation, this.space, home, above, (state) => state.clear(name));
    const parent = await mirrorOf(operation, home, above);
    const below = parent === undefined ? undefined : await findChild(operation, parent, name);
    if (parent !== undefined && below !== undefined) await deleteItems(operation, parent, [below]);
  }

  private async mirrorDirectory(operation: OperationView, home: Item, names: readonly string[]): Promise<Item> {
    const existing = await mirrorOf(operation, home, names);
    if (existing !== undefined) return existing;
    return makeDirectoryAt(operation, this.space, home, ['.capabilitycache', 'outbound', ...names], { isHidden: true });
  }
}
