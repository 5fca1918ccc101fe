import type { Cid } from '@pyrgos/core/codec';
import { type AbsoluteCapability, SecretLinks, SecretLinkTarget, type Snapshot } from '@pyrgos/core/model';
import { type LinkProperties, SecretLink } from '@pyrgos/core/social';
import { ArgumentError } from '@pyrgos/core/errors';
import { writerDataOf } from '../commit/index.js';
import type { Item, OperationView } from '../files/view/index.js';
import type { OwnSpace } from './own-space.js';

/**
 * Changes of the index of secret links, which the identity itself writes (chapter 06 section 11.2), as part of a larger commit: the operation must have reserved
 * the identity.
 */
export class SecretLinkChanges {
  private readonly links: SecretLinks;
  private isChanged = false;

  constructor(
    private readonly operation: OperationView,
    private readonly space: OwnSpace,
  ) {
    const { identity, mirrorBat } = space.account;
    const { committer, snapshot, crypto } = operation;
    if (!snapshot.has(identity.publicKeyHash)) throw new ArgumentError('operation', 'must have reserved the identity');
    const { links } = writerDataOf(snapshot, identity.publicKeyHash);
    const context = mirrorBat === undefined ? committer.context : { ...committer.context, bat: mirrorBat };
    this.links = SecretLinks.open(crypto, links, committer.blocks, context);
  }

  /** Stores what a link leads to, and says how it is recorded then. `item`: with its link node, for a writable link. */
  async put(item: Item, link: LinkProperties, isNew = false): Promise<LinkProperties> {
    const { crypto, committer } = this.operation;
    const { identity } = this.space.account;
    const owner = identity.publicKeyHash;
    const secret = SecretLink.of(owner, link.label, link.linkPassword);
    const sealed = await secret.seal(crypto, capabilityForLink(item, link.isWritable), link.userPassword);
    const { expiry, maxRetrievals } = link;
    const target = SecretLinkTarget.of(sealed, { expiry, maxRetrievals });
    const expected = isNew ? undefined : await this.present(link);
    const cid = await this.links.put(link.label, target, expected, committer.blocks.sinkFor(owner));
    this.isChanged = true;
    return link.with({ target: cid });
  }

  /** Whether there is a link with this label. */
  async has(label: bigint): Promise<boolean> {
    return (await this.links.get(label)) !== undefined;
  }

  /** Takes a link away; nothing happens when there is none. */
  async remove(label: bigint): Promise<void> {
    if (await this.links.remove(label)) this.isChanged = true;
  }

  /** Commits what has changed; call it once, at the end. */
  async commit(): Promise<void> {
    if (!this.isChanged) return;
    const { operation, space } = this;
    const { identity } = space.account;
    const { committer, snapshot } = operation;
    const root = this.links.flush(committer.blocks.sinkFor(identity.publicKeyHash));
    const writerData = writerDataOf(snapshot, identity.publicKeyHash).with({ links: root });
    const next: Snapshot = await committer.commit(snapshot, identity, writerData);
    operation.advance(next);
  }

  /**
   * What is stored for a link now. One other client does not record it (section 10.4), and what is recorded may be out of date: the index is right, for the
   * commit compares it.
   */
  private async present({ label }: LinkProperties): Promise<Cid | undefined> {
    return (await this.links.get(label))?.cid;
  }
}

/** What a secret link opens (chapter 06 section 11.3): the item, or, for writing, the link node in the writing space of its directory. */
function capabilityForLink(item: Item, isWritable: boolean): AbsoluteCapability {
  if (!isWritable) return item.capability.toReadOnly();
  const capability = item.link?.capability;
  if (capability?.isWritable !== true) throw new ArgumentError('item', 'must have a writing space of its own to be written through a link');
  return capability;
}
