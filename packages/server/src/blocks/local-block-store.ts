import { copyBytes, toHex } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { RandomSource } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { KNOWN_BLOCKS, MAX_BLOCK_CACHE_ENTRY_SIZE } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { BlockMetadata, LocalBlocks, StoredBlock } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { BlockCache } from './block-cache.js';
import { type BlockAccess, type DescribedBlock, describeStored } from './block-metadata.js';
import { assertPartitionName, isStorable } from './block-paths.js';
import type { BlockStorage, GetOptions } from './block-storage.js';
import { BlockTable, type BlockRow } from './block-table.js';
import { BoundedMap } from './bounded-map.js';
import { PutGate } from './put-gate.js';
import { isDamaged } from './storage-error.js';
import { assertTransactionId, TransactionTable } from './transaction-table.js';

/** Random bytes of a transaction id. */
const TRANSACTION_ID_BYTES = 16;

/** Names a block of a user in memory. No user name contains the byte that CIDs begin with. */
function keyOf(username: string, cid: Cid): string {
  return username + cid.key;
}

/** A copy in the caller's memory, or in memory of its own. */
function copyInto(memory: GetOptions['memory'], bytes: Uint8Array): Uint8Array {
  const target = memory?.(bytes.length)?.subarray(0, bytes.length);
  if (target === undefined) return copyBytes(bytes);
  target.set(bytes);
  return target;
}

/** What {@link LocalBlockStore} needs. */
export interface LocalBlockStoreOptions {
  readonly storage: BlockStorage;
  readonly db: SqlDatabase;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** What {@link LocalBlockStore.collect} deleted. */
export interface CollectedBlocks {
  readonly blocks: number;
  readonly bytes: number;
}

/**
 * The blocks of the users of this server: bytes in a {@link BlockStorage}, metadata and transactions in the database (chapter 08 sections
 * 4.4 and 4.8).
 *
 * A put commits the protection by its transaction and the metadata first and writes the bytes then, while the commit becomes durable. So a
 * block that is being written is always protected; what was acknowledged has bytes and metadata on disk; and a crash in between leaves
 * at most metadata without bytes, which every put repairs, every read reports as absent, and garbage collection removes.
 *
 * A deletion commits the removal of the metadata first, in one transaction that looks at the protections again, and deletes the bytes then.
 * A put of such a block waits for the deletion and finds no bytes. A crash in between leaves bytes without metadata, which the next search for
 * orphans gives to garbage collection.
 */
export class LocalBlockStore implements LocalBlocks {
  private readonly storage: BlockStorage;
  private readonly db: SqlDatabase;
  private readonly clock: Clock;
  private readonly random: RandomSource;
  private readonly blocks: BlockTable;
  private readonly transactions: TransactionTable;
  private readonly gate = new PutGate();
  private readonly cache = new BlockCache();
  /** What decides about the reads of the blocks that were read last: looking it up is a tenth of a small read. Never changes. */
  private readonly known = new BoundedMap<BlockAccess>(KNOWN_BLOCKS);
  /** Counts collections that deleted something. */
  private deletions = 0;

  constructor({ storage, db, clock, random }: LocalBlockStoreOptions) {
    this.storage = storage;
    this.db = db;
    this.clock = clock;
    this.random = random;
    this.blocks = new BlockTable(db);
    this.transactions = new TransactionTable(db);
  }

  async get(username: string, cid: Cid): Promise<Uint8Array | undefined> {
    assertPartitionName(username);
    if (cid.isIdentity) return copyBytes(cid.multihash.digest);
    const cached = this.cache.get(keyOf(username, cid));
    if (cached !== undefined) return copyBytes(cached.bytes);
    return this.read(username, cid, this.blocks.access(username, cid));
  }

  /**
   * Like {@link LocalBlockStore.get}, for a block whose BATs decide: `check` throws when it may not be read, before it is. No identity CIDs.
   * `memory`: see {@link GetOptions}.
   */
  async getChecked(
    username: string,
    cid: Cid,
    check: (access: BlockAccess) => void,
    memory?: GetOptions['memory'],
  ): Promise<Uint8Array | undefined> {
    assertPartitionName(username);
    const key = keyOf(username, cid);
    const cached = this.cache.get(key);
    const access = cached?.access ?? this.lookUp(key, username, cid) ?? (await this.recover(username, cid));
    if (access === undefined) return undefined;
    check(access);
    return cached === undefined ? this.read(username, cid, access, memory) : copyInto(memory, cached.bytes);
  }

  async metadata(username: string, cid: Cid): Promise<BlockMetadata | undefined> {
    assertPartitionName(username);
    // Counts nothing and is no block, but a walk that starts at one must find its links.
    if (cid.isIdentity) return { ...describeStored(cid, cid.multihash.digest), size: 0 };
    return this.blocks.metadata(username, cid) ?? this.recover(username, cid);
  }

  /** What decides whether a block may be read, before it is read; undefined when there is no such block. No identity CIDs. */
  async access(username: string, cid: Cid): Promise<BlockAccess | undefined> {
    assertPartitionName(username);
    return this.cache.get(keyOf(username, cid))?.access ?? this.blocks.access(username, cid) ?? this.recover(username, cid);
  }

  async put(username: string, blocks: readonly StoredBlock[], transaction: string): Promise<void> {
    const described = blocks
      .filter(({ cid }) => !cid.isIdentity)
      .map(({ cid, bytes }): DescribedBlock => ({ cid, bytes, metadata: describeStored(cid, bytes) }));
    await this.putDescribed(username, described, transaction);
  }

  /** Like {@link LocalBlockStore.put}, for callers that have the metadata already. No identity CIDs. */
  async putDescribed(username: string, blocks: readonly DescribedBlock[], transaction: string): Promise<void> {
    assertPartitionName(username);
    assertTransactionId(transaction);
    if (blocks.length === 0) return;
    const distinct = [...new Map(blocks.map((block) => [block.cid.key, block])).values()];
    const leave = await this.gate.enterPut(distinct.map(({ cid }) => keyOf(username, cid)));
    try {
      const { partition, put, known } = this.db.transaction(() => this.announce(username, distinct, transaction));
      const toStore = distinct.map(({ cid, bytes }) => ({ cid, bytes, isNew: !known.has(cid.key) }));
      const [written, committed] = await Promise.allSettled([this.storage.putMany(username, toStore), this.db.durable()]);
      if (written.status === 'rejected') {
        await this.retract(username, partition, distinct, put);
        throw written.reason;
      }
      if (committed.status === 'rejected') throw committed.reason;
    } finally {
      leave();
    }
  }

  async startTransaction(username: string): Promise<string> {
    assertPartitionName(username);
    // Nothing to remember before the first block.
    return toHex(this.random.randomBytes(TRANSACTION_ID_BYTES));
  }

  async closeTransaction(username: string, transaction: string): Promise<void> {
    assertPartitionName(username);
    assertTransactionId(transaction);
    const partition = this.blocks.partition(username);
    if (partition === undefined) return;
    // What a crash leaves open expires, so nothing here needs to be durable.
    this.db.transaction(() => this.transactions.close(partition, transaction));
  }

  async holderOf(cid: Cid): Promise<string | undefined> {
    return this.blocks.holderOf(cid);
  }

  /** Bytes of a stored block, without reading it; undefined when its bytes are not there. */
  async sizeOf(username: string, cid: Cid): Promise<number | undefined> {
    if (cid.isIdentity) return cid.multihash.digest.length;
    if (this.gate.isBeingDeleted(keyOf(username, cid))) return undefined;
    return (await this.storage.stat(username, cid))?.size;
  }

  /**
   * Deletes blocks for garbage collection, except those that were put after the put `before`, that an open transaction protects or that are
   * being put.
   * When the storage fails the metadata is gone already, and the bytes are found again as orphans.
   */
  async collect(username: string, partition: number, rows: readonly BlockRow[], before: number): Promise<CollectedBlocks> {
    const deleted = this.db.transaction(() => {
      const protectedFrom = this.transactions.firstProtected(partition) ?? Infinity;
      return rows
        .filter(({ cid }) => !this.gate.isBeingPut(username + String.fromCharCode(...cid)))
        .map((row) => this.blocks.collect(partition, row, Math.min(before, protectedFrom - 1)))
        .filter((block) => block !== undefined);
    });
    const keys = deleted.map(({ cid }) => keyOf(username, cid));
    if (keys.length > 0) this.deletions++;
    for (const key of keys) this.unknow(key);
    if (keys.length > 0) {
      await this.gate.duringDeletion(keys, async () => {
        // What made them garbage may have been committed a moment ago. Were it lost with the power after the files, an older version, which
        // somebody was told is stored, would come back without its blocks.
        await this.db.durable();
        await this.storage.deleteMany(
          username,
          deleted.map(({ cid }) => cid),
        );
      });
    }
    return { blocks: deleted.length, bytes: deleted.reduce((sum, { size }) => sum + size, 0) };
  }

  /**
   * Takes in a block whose bytes are stored but whose metadata is not there, so that garbage collection judges it like any other.
   * Bytes that are damaged, or no block, are deleted: nobody could ever read them. Returns what was done.
   */
  async adopt(username: string, cid: Cid): Promise<'adopted' | 'deleted' | 'none'> {
    const key = keyOf(username, cid);
    try {
      return (await this.metadata(username, cid)) === undefined ? 'none' : 'adopted';
    } catch (error) {
      if (!isDamaged(error) && !(error instanceof FormatError)) throw error;
      if (this.gate.isBeingPut(key) || this.gate.isBeingDeleted(key) || this.blocks.has(username, cid)) return 'none';
      this.unknow(key);
      await this.gate.duringDeletion([key], () => this.storage.deleteMany(username, [cid]));
      return 'deleted';
    }
  }

  /** Ends what the storage does in the background. Nothing may be in use any more. */
  async close(): Promise<void> {
    await this.storage.close();
  }

  private async read(
    username: string,
    cid: Cid,
    access: BlockAccess | undefined,
    memory?: GetOptions['memory'],
  ): Promise<Uint8Array | undefined> {
    const key = keyOf(username, cid);
    if (this.gate.isBeingDeleted(key)) return undefined;
    const { deletions } = this;
    const bytes = await this.storage.get(username, cid, { size: access?.size, memory });
    const isSmall = bytes !== undefined && bytes.length <= MAX_BLOCK_CACHE_ENTRY_SIZE;
    // What was deleted meanwhile must not come back through the cache.
    if (isSmall && access !== undefined && (deletions === this.deletions || this.blocks.has(username, cid))) {
      this.cache.add(key, bytes, access);
    }
    return bytes;
  }

  private lookUp(key: string, username: string, cid: Cid): BlockAccess | undefined {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const access = this.blocks.access(username, cid);
    if (access !== undefined) this.known.set(key, access);
    return access;
  }

  /** Forgets a block that was deleted. */
  private unknow(key: string): void {
    this.known.delete(key);
    this.cache.delete(key);
  }

  /** Computes the metadata of a stored block whose metadata is missing, and keeps it. */
  private async recover(username: string, cid: Cid): Promise<BlockMetadata | undefined> {
    const key = keyOf(username, cid);
    if (!isStorable(cid) || this.gate.isBeingDeleted(key)) return undefined;
    const bytes = await this.storage.get(username, cid);
    if (bytes === undefined) return undefined;
    const metadata = describeStored(cid, bytes);
    if (!this.gate.isBeingDeleted(key)) {
      this.db.transaction(() => this.blocks.record(this.blocks.ensurePartition(username), [{ cid, bytes, metadata }]));
    }
    return metadata;
  }

  /** The synchronous part of a put. */
  private announce(
    username: string,
    blocks: readonly DescribedBlock[],
    transaction: string,
  ): { readonly partition: number; readonly put: number; readonly known: ReadonlySet<string> } {
    const partition = this.blocks.ensurePartition(username);
    const { put, known } = this.blocks.record(partition, blocks);
    this.transactions.protect(partition, transaction, put, this.clock.now());
    return { partition, put, known };
  }

  /** After a failed write: forgets the metadata of what is not there. What stays in spite of this is removed by garbage collection. */
  private async retract(username: string, partition: number, blocks: readonly DescribedBlock[], put: number): Promise<void> {
    for (const { cid } of blocks) {
      if (this.gate.isBeingPutTwice(keyOf(username, cid))) continue;
      const stays = await this.storage.has(username, cid).catch(() => true);
      if (stays) continue;
      this.db.transaction(() => this.blocks.forget(partition, cid, put));
      this.unknow(keyOf(username, cid));
    }
  }
}
