import { copyBytes } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import { ArgumentError } from '@pyrgos/core/errors';
import type { Clock } from '../ports/clock.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { assertPartitionName, isStorable } from './block-paths.js';
import type { BlockStorage, StoredBlockFacts } from './block-storage.js';

/** Blocks in memory, for tests and for servers that keep nothing. */
export class MemoryBlockStorage implements BlockStorage {
  private readonly users = new Map<string, Map<string, StoredBlock & { readonly modified: number }>>();

  constructor(private readonly clock: Clock) {}

  async putMany(username: string, blocks: readonly StoredBlock[]): Promise<void> {
    assertPartitionName(username);
    for (const { cid } of blocks) if (!isStorable(cid)) throw new ArgumentError('cid', 'must be sha2-256, raw or dag-cbor');
    const stored = this.users.get(username) ?? new Map<string, StoredBlock & { readonly modified: number }>();
    this.users.set(username, stored);
    for (const { cid, bytes } of blocks) {
      if (!stored.has(cid.key)) stored.set(cid.key, { cid, bytes: copyBytes(bytes), modified: this.clock.now() });
    }
  }

  async get(username: string, cid: Cid): Promise<Uint8Array | undefined> {
    const block = this.find(username, cid);
    return block === undefined ? undefined : copyBytes(block.bytes);
  }

  async has(username: string, cid: Cid): Promise<boolean> {
    return this.find(username, cid) !== undefined;
  }

  async stat(username: string, cid: Cid): Promise<StoredBlockFacts | undefined> {
    const block = this.find(username, cid);
    return block === undefined ? undefined : { size: block.bytes.length, modified: block.modified };
  }

  async deleteMany(username: string, cids: readonly Cid[]): Promise<void> {
    assertPartitionName(username);
    for (const { key } of cids) this.users.get(username)?.delete(key);
  }

  async *list(username: string): AsyncIterable<Cid> {
    assertPartitionName(username);
    for (const { cid } of this.users.get(username)?.values() ?? []) yield cid;
  }

  async close(): Promise<void> {
    // Nothing goes on in the background.
  }

  private find(username: string, cid: Cid): (StoredBlock & { readonly modified: number }) | undefined {
    assertPartitionName(username);
    return this.users.get(username)?.get(cid.key);
  }
}
