import { type AbsoluteCapability, InodeFileSystem } from '@pyrgos/core/model';
import { writerDataOf } from '../commit/index.js';
import type { OperationView } from '../files/view/index.js';
import type { OwnSpace } from './own-space.js';
import { isPublishable, publishedAt, type PublishedItem } from './public-entries.js';

/**
 * Changes of what an account has published, which the identity itself writes (chapter 06 section 13.1), as part of a larger commit: the operation must have
 * reserved the identity.
 */
export class PublicChanges {
  private constructor(
    private readonly operation: OperationView,
    private readonly space: OwnSpace,
    private readonly before: InodeFileSystem | undefined,
    private files: InodeFileSystem | undefined,
  ) {}

  /** Opens what is published now. */
  static async open(operation: OperationView, space: OwnSpace): Promise<PublicChanges> {
    const root = writerDataOf(operation.snapshot, space.account.identity.publicKeyHash).public;
    const files = root === undefined ? undefined : await InodeFileSystem.open(environmentOf(operation, space), root);
    return new PublicChanges(operation, space, files, files);
  }

  /** What is published at a path and below it, with the changes so far. */
  async at(names: readonly string[]): Promise<readonly PublishedItem[]> {
    const found: PublishedItem[] = [];
    if (this.files !== undefined) for await (const item of publishedAt(this.files, names)) found.push(item);
    return found;
  }

  /** The path above `names` that is published, if one is. */
  async above(names: readonly string[]): Promise<readonly string[] | undefined> {
    const found = await this.files?.getByPath(names.join('/'));
    return found === undefined || found.remaining.length === 0 ? undefined : names.slice(0, names.length - found.remaining.length);
  }

  /** Publishes an item under a path, in place of what is published there. */
  async add(names: readonly string[], capability: AbsoluteCapability): Promise<void> {
    this.files = await (this.files ?? InodeFileSystem.create(environmentOf(this.operation, this.space))).addCap(
      names.join('/'),
      capability.toReadOnly(),
    );
  }

  /** Takes away what is published at a path and below it. */
  async remove(names: readonly string[]): Promise<void> {
    if (isPublishable(names)) this.files = await this.files?.removeCap(names.join('/'));
  }

  /** Commits what has changed; call it once, at the end. */
  async commit(): Promise<void> {
    const { operation, space, files, before } = this;
    if (files === undefined || files.equals(before)) return;
    const { identity } = space.account;
    const writerData = writerDataOf(operation.snapshot, identity.publicKeyHash).with({ public: files.save() });
    operation.advance(await operation.committer.commit(operation.snapshot, identity, writerData));
  }
}

function environmentOf({ crypto, committer }: OperationView, { account }: OwnSpace): Parameters<typeof InodeFileSystem.create>[0] {
  const sink = committer.blocks.sinkFor(account.identity.publicKeyHash);
  return { hasher: crypto, source: committer.blocks, sink, context: committer.context };
}
