import { assertFunction, assertInstance, assertInstances, assertList, assertMethods, assertObject } from '@pyrgos/core/arguments';
import { assertBytes, assertInteger } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider, RandomSource } from '@pyrgos/core/crypto';
import { ArgumentError } from '@pyrgos/core/errors';
import { PublicKeyHash, type Signer } from '@pyrgos/core/keys';
import { type ChampLookup, type ChampLookupResult, lookUpChamp, MAP_KEY_SIZE, Snapshot, WriterData, WriterTree } from '@pyrgos/core/model';
import { WRITE_BUFFER_FLUSH_SIZE } from '@pyrgos/core/limits';
import type { BlockReadContext, BlockStore, PointerStore } from '@pyrgos/core/store';
import { lookUpBuffered } from './buffered-lookup.js';
import { assertSigner, checkOptions } from './checks.js';
import { type Clock, systemClock } from './clock.js';
import { assertCommitter, Committer } from './committer.js';
import { DroppedBlocks } from './dropped-blocks.js';
import type { CommitStores } from './flush.js';
import { PointerReader, type PointerReadOptions, type SeenPointers } from './pointer-reader.js';
import { retryingBlockStore, retryingPointerStore } from './retry.js';
import type { ServerTime } from './server-time.js';
import { type CommittedReadOptions, WriteSynchroniser } from './synchroniser.js';
import { TreeEdit } from './tree-edit.js';
import { verifiedBlockStore, VerifiedBlocks } from './verified-store.js';
import { assertNotCreated, initialWriterData, writerDataOf } from './writer-lifecycle.js';

/** What a {@link WriteSession} is made of. */
export interface WriteSessionOptions {
  /** The identity whose data is read and written. */
  readonly owner: PublicKeyHash;
  /** The server's blocks. Not trusted. */
  readonly blocks: BlockStore;
  /** The server's pointers. Not trusted. */
  readonly pointers: PointerStore;
  readonly crypto: CryptoProvider;
  /** What the server's answers tell about time that this machine has missed; default: nothing. */
  readonly time?: ServerTime | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Spreads retries; default: the engine's random source. */
  readonly random?: RandomSource | undefined;
  /** Bytes of verified blocks to keep in memory. */
  readonly cacheSize?: number | undefined;
  /** Age in milliseconds up to which a pointer is reused. */
  readonly pointerCacheMilliseconds?: number | undefined;
  /** Buffered bytes that make an operation flush. */
  readonly flushSize?: number | undefined;
  /** What other sessions have seen of the pointers of this owner, for noticing that the server goes back; this one adds to it. */
  readonly seen?: SeenPointers | undefined;
}

/** Cancelling an operation: obeyed until its first pointers are sent, and again while a lost race is merged. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads and writes the writers of one owner on an untrusted server: verified, buffered, one change per writer at a time, merged with what
 * other devices do (chapter 03 sections 9 to 14).
 *
 * A write is acknowledged when its promise resolves. Errors to expect: ConflictError (somebody else changed the same thing: read again
 * and repeat the operation), DeniedError `denied.stale` and the like (the server lies), `network`, `quota`, AbortedError.
 */
export class WriteSession {
  private readonly stores: CommitStores;
  private readonly synchroniser: WriteSynchroniser;
  /** The server's store with verified reads. */
  private readonly verifiedStore: BlockStore;

  private readonly flushSize: number;

  constructor(options: WriteSessionOptions) {
    assertObject('options', options);
    const { owner, crypto, clock = systemClock, random = crypto, flushSize = WRITE_BUFFER_FLUSH_SIZE } = options;
    assertInstance('owner', owner, PublicKeyHash);
    assertMethods('blocks', options.blocks, 'getBlock', 'startTransaction', 'closeTransaction', 'putBlocks');
    assertMethods('pointers', options.pointers, 'getPointer', 'setPointer', 'setPointers');
    assertMethods('crypto', crypto, 'sha256', 'sha256Many', 'ed25519Sign', 'ed25519Verify');
    assertMethods('clock', clock, 'now', 'sleep');
    assertMethods('random', random, 'randomBytes');
    assertInteger('flushSize', flushSize, 1, Number.MAX_SAFE_INTEGER);
    const store = retryingBlockStore(options.blocks, { clock, random });
    const pointers = retryingPointerStore(options.pointers, { clock, random });
    const blocks = new VerifiedBlocks(store, crypto, options.cacheSize);
    const cacheMilliseconds = options.pointerCacheMilliseconds;
    const reader = new PointerReader({ owner, pointers, blocks, crypto, clock, cacheMilliseconds, seen: options.seen });
    this.stores = { owner, crypto, clock, time: options.time, store, pointers, blocks, reader, dropped: new DroppedBlocks() };
    this.verifiedStore = verifiedBlockStore(store, blocks);
    this.synchroniser = new WriteSynchroniser(reader);
    this.flushSize = flushSize;
  }

  /** The identity whose data this is. */
  get owner(): PublicKeyHash {
    return this.stores.owner;
  }

  /** Forgets the pointers at hand: whatever is read next asks the server. Versions that were seen are not forgotten. */
  refresh(): void {
    this.stores.reader.invalidateAll();
  }

  /** The current version of a writer after all changes in flight here; empty when it has none. */
  async read(writer: PublicKeyHash, options: PointerReadOptions = {}): Promise<Snapshot> {
    assertInstance('writer', writer, PublicKeyHash);
    checkOptions(options, 'the call');
    return this.synchroniser.getValue(writer, options);
  }

  /** The committed version of a writer without waiting for changes in flight, but for the creation of a writer. */
  async readCommitted(writer: PublicKeyHash, options: CommittedReadOptions = {}): Promise<Snapshot> {
    assertInstance('writer', writer, PublicKeyHash);
    checkOptions(options, 'the call');
    return this.synchroniser.readOnlyValue(writer, options);
  }

  /**
   * Whether the server has a pointer of a writer, be it the empty one of a writer that was deleted; with `fresh` it is asked again. What is not
   * committed yet does not count.
   */
  async hasPointer(writer: PublicKeyHash, options: PointerReadOptions = {}): Promise<boolean> {
    assertInstance('writer', writer, PublicKeyHash);
    checkOptions(options, 'reading a pointer');
    return (await this.stores.reader.readPointer(writer, options)) !== undefined;
  }

  /** A verified block of the owner. Never modify the array. */
  async getBlock(cid: Cid, context: Omit<BlockReadContext, 'owner'> = {}): Promise<Uint8Array> {
    checkOptions(context, 'the call');
    return this.stores.blocks.getBlock(cid, { ...context, owner: this.owner });
  }

  /** The CID that a map key has in the tree of a writer in `snapshot`, or undefined. */
  async get(snapshot: Snapshot, writer: PublicKeyHash, mapKey: Uint8Array, options: OperationOptions = {}): Promise<Cid | undefined> {
    assertBytes('mapKey', mapKey, MAP_KEY_SIZE);
    const context = this.contextOf(options, 'reading a tree');
    const base = writerDataOf(snapshot, writer);
    if (base.tree === undefined) return undefined;
    const noSink = {
      putCbor: (): never => {
        throw new ArgumentError('sink', 'reading writes nothing');
      },
    };
    return new WriterTree(this.stores.blocks, noSink, context).get(base, mapKey);
  }

  /** Looks up many map keys with their value blocks in as few requests as the server allows, all verified. */
  async lookUp(
    snapshot: Snapshot,
    writer: PublicKeyHash,
    lookups: readonly ChampLookup[],
    options: OperationOptions = {},
  ): Promise<ChampLookupResult[]> {
    assertList('lookups', lookups);
    const context = this.contextOf(options, 'reading a tree');
    const { tree } = writerDataOf(snapshot, writer);
    if (tree === undefined) return lookups.map(() => undefined);
    return lookUpChamp(this.stores.crypto, tree, lookups, this.verifiedStore, context);
  }

  /** {@link WriteSession.lookUp} inside an operation, where the tree may exist only in the write buffer. */
  async lookUpIn(
    committer: Committer,
    snapshot: Snapshot,
    writer: PublicKeyHash,
    lookups: readonly ChampLookup[],
  ): Promise<ChampLookupResult[]> {
    assertCommitter(committer);
    assertList('lookups', lookups);
    return lookUpBuffered(committer, this.verifiedStore, snapshot, writer, lookups);
  }

  /**
   * Runs an operation that may commit several times and to several writers, then flushes. It has `writers` for itself in this session and
   * gets their current versions; name every existing writer that it changes. Resolves to `result` and the versions now on the server
   * (merged ones after a merge). The operation must use its own snapshot and committer only: another operation of the same writers would wait for it for ever;
   * what may start one runs in {@link Committer.lend}.
   */
  async compute<T>(
    writers: readonly PublicKeyHash[],
    operation: (snapshot: Snapshot, committer: Committer) => Promise<{ readonly snapshot: Snapshot; readonly result: T }>,
    options: OperationOptions = {},
  ): Promise<{ readonly snapshot: Snapshot; readonly result: T }> {
    assertInstances('writers', writers, PublicKeyHash);
    assertFunction('operation', operation);
    checkOptions(options, 'the operation');
    const { signal } = options;
    return this.synchroniser.run(
      writers,
      async (start, turn) => {
        const committer = new Committer(this.stores, { signal, flushSize: this.flushSize, turn });
        try {
          const answer = await operation(start, committer);
          assertObject('operation()', answer);
          const { snapshot, result } = answer;
          assertInstance('operation().snapshot', snapshot, Snapshot);
          await committer.flush();
          return { snapshot: snapshot.overwrite(committer.acknowledged), result };
        } finally {
          await committer.close();
        }
      },
      signal,
    );
  }

  /** {@link WriteSession.compute} without a result. */
  async update(
    writers: readonly PublicKeyHash[],
    operation: (snapshot: Snapshot, committer: Committer) => Promise<Snapshot>,
    options?: OperationOptions,
  ): Promise<Snapshot> {
    assertFunction('operation', operation);
    const run = async (start: Snapshot, committer: Committer): Promise<{ snapshot: Snapshot; result: undefined }> => ({
      snapshot: await operation(start, committer),
      result: undefined,
    });
    return (await this.compute(writers, run, options)).snapshot;
  }

  /**
   * Edits the trees of one or several writers, each named once, and commits them atomically: all edits of all writers, or none. Resolves
   * to the versions now on the server.
   */
  async editTrees(
    signers: readonly Signer[],
    edit: (trees: readonly TreeEdit[]) => Promise<void>,
    options?: OperationOptions,
  ): Promise<Snapshot> {
    assertList('signers', signers);
    for (let i = 0; i < signers.length; i++) assertSigner(`signers[${i}]`, signers[i]);
    assertFunction('edit', edit);
    const writers = signers.map(({ publicKeyHash }) => publicKeyHash);
    if (new Set(writers.map(({ key }) => key)).size !== writers.length) throw new ArgumentError('signers', 'must name each writer once');
    return this.update(
      writers,
      async (start, committer) => {
        const trees = signers.map((signer) => TreeEdit.open(committer, start, signer));
        await edit(trees);
        return committer.withoutFlush(async () => {
          let snapshot = start;
          for (const tree of trees) snapshot = await tree.commit(snapshot);
          return snapshot;
        });
      },
      options,
    );
  }

  /** Edits the tree of one writer and commits it. */
  async editTree(signer: Signer, edit: (tree: TreeEdit) => Promise<void>, options?: OperationOptions): Promise<Snapshot> {
    assertSigner('signer', signer);
    assertFunction('edit', edit);
    return this.editTrees(
      [signer],
      async ([tree]) => {
        if (tree !== undefined) await edit(tree);
      },
      options,
    );
  }

  /**
   * Changes a writer's WriterData by a function, for example its `algorithm`; commits nothing when it returns an equal one. ArgumentError,
   * and nothing is changed, when it returns no WriterData. To delete a writer use {@link deleteSubspace}.
   */
  async updateWriterData(
    signer: Signer,
    change: (writerData: WriterData) => WriterData | Promise<WriterData>,
    options?: OperationOptions,
  ): Promise<Snapshot> {
    assertSigner('signer', signer);
    assertFunction('change', change);
    const writer = signer.publicKeyHash;
    return this.update(
      [writer],
      async (start, committer) => committer.commit(start, signer, await changed(writerDataOf(start, writer), change)),
      options,
    );
  }

  /**
   * Gives a writer that the server knows already, the identity itself, its first version (chapter 03 section 3.1). Writers below it
   * come from `createChildWriter`. ConflictError `conflict.pointer` when it has one; otherwise like {@link updateWriterData}.
   */
  async initialiseWriter(
    signer: Signer,
    change: (writerData: WriterData) => WriterData | Promise<WriterData> = (writerData) => writerData,
    options?: OperationOptions,
  ): Promise<Snapshot> {
    assertSigner('signer', signer);
    assertFunction('change', change);
    const writer = signer.publicKeyHash;
    return this.update(
      [writer],
      async (start, committer) => {
        assertNotCreated(start, writer);
        return committer.commit(start, signer, await changed(initialWriterData(committer, writer), change));
      },
      options,
    );
  }

  private contextOf(options: OperationOptions, operation: string): BlockReadContext {
    checkOptions(options, operation);
    const { signal } = options;
    return signal === undefined ? { owner: this.owner } : { owner: this.owner, signal };
  }
}

async function changed(before: WriterData, change: (writerData: WriterData) => WriterData | Promise<WriterData>): Promise<WriterData> {
  const after: unknown = await change(before);
  if (after instanceof WriterData) return after;
  throw new ArgumentError('change()', 'must return a WriterData');
}
