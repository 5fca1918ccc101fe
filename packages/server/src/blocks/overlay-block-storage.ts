import type { Cid } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { readJournal } from './block-journal.js';
import type { BlockStorage, BlockToStore, GetOptions, StoredBlockFacts } from './block-storage.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { isDamaged } from './storage-error.js';

/** What {@link OverlayBlockStorage.open} needs. */
export interface OverlayBlockStorageOptions {
  /** What is only read. */
  readonly lower: BlockStorage;
  /** Where everything goes that is written; empty. */
  readonly upper: BlockStorage;
  /** The folder of the blocks of `lower`, for what a crash left in its journal. */
  readonly root: string;
  readonly hasher: Hasher;
  readonly isNeeded: (username: string, cid: Cid) => boolean;
  readonly fileSystem?: FileSystem;
}

/**
 * Blocks on a disk that cannot be written, as that of a failing drive becomes, together with what is written meanwhile and elsewhere. What is deleted stays
 * if it is below: nobody who only reads deletes.
 */
export class OverlayBlockStorage implements BlockStorage {
  private constructor(
    private readonly lower: BlockStorage,
    private readonly upper: BlockStorage,
  ) {}

  /** Opens it, with the blocks that are only in the journal below. PyrgosError `storage`, and errors of the file system for the journal. */
  static async open({
    fileSystem = nodeFileSystem,
    hasher,
    isNeeded,
    lower,
    root,
    upper,
  }: OverlayBlockStorageOptions): Promise<OverlayBlockStorage> {
    for await (const { bytes, cid, username } of readJournal(fileSystem, hasher, root)) {
      const isThere = await lower.get(username, cid).then(
        (found) => found !== undefined,
        () => false,
      );
      if (!isThere && isNeeded(username, cid)) await upper.putMany(username, [{ cid, bytes }]);
    }
    return new OverlayBlockStorage(lower, upper);
  }

  async putMany(username: string, blocks: readonly BlockToStore[]): Promise<void> {
    const missing: BlockToStore[] = [];
    for (const block of blocks) if (!(await this.isReadable(username, block.cid))) missing.push(block);
    await this.upper.putMany(username, missing);
  }

  async get(username: string, cid: Cid, options?: GetOptions): Promise<Uint8Array | undefined> {
    return (await this.upper.get(username, cid, options)) ?? this.lower.get(username, cid, options);
  }

  async has(username: string, cid: Cid): Promise<boolean> {
    return (await this.upper.has(username, cid)) || this.lower.has(username, cid);
  }

  async stat(username: string, cid: Cid): Promise<StoredBlockFacts | undefined> {
    return (await this.upper.stat(username, cid)) ?? this.lower.stat(username, cid);
  }

  async deleteMany(username: string, cids: readonly Cid[]): Promise<void> {
    await this.upper.deleteMany(username, cids);
  }

  async *list(username: string): AsyncIterable<Cid> {
    const seen = new Set<string>();
    for await (const cid of this.upper.list(username)) {
      seen.add(cid.key);
      yield cid;
    }
    for await (const cid of this.lower.list(username)) if (!seen.has(cid.key)) yield cid;
  }

  async close(): Promise<void> {
    await this.upper.close();
    await this.lower.close();
  }

  private async isReadable(username: string, cid: Cid): Promise<boolean> {
    try {
      return (await this.get(username, cid)) !== undefined;
    } catch (error) {
      if (!isDamaged(error)) throw error;
      return false;
    }
  }
}
