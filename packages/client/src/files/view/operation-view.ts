import { assertInstance, assertMethods, assertObject } from '@pyrgos/core/arguments';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import type { FragmentReader } from '@pyrgos/core/containers';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type ChampLookup, type ChampLookupResult, Snapshot } from '@pyrgos/core/model';
import type { BlockReadContext } from '@pyrgos/core/store';
import type { Committer, WriteSession } from '../../commit/index.js';
import { CommittedView } from './committed-view.js';
import type { KnownLocation, NodeCache } from './node-cache.js';
import { Sessions } from './sessions.js';
import type { ReadOptions, View } from './view.js';

/**
 * What an operation of a {@link WriteSession} sees: its own writers with all changes it has made so far, flushed or not; every other writer
 * as it is committed. Whoever commits something tells the view the new versions with {@link OperationView.advance}.
 */
export class OperationView implements View {
  readonly signal: AbortSignal | undefined;
  readonly hasTurn = true;
  private readonly session: WriteSession;
  private readonly others: CommittedView;
  private current: Snapshot;
  private lentTo = false;

  /** `committer` and `start` are what {@link WriteSession.compute} gives its operation. */
  constructor(
    private readonly sessions: Sessions,
    readonly committer: Committer,
    start: Snapshot,
    options: ReadOptions = {},
  ) {
    assertInstance('sessions', sessions, Sessions);
    assertMethods('committer', committer, 'commit', 'withoutFlush');
    assertInstance('start', start, Snapshot);
    assertObject('options', options);
    this.session = sessions.of(committer.owner);
    this.signal = options.signal ?? committer.context.signal;
    this.others = new CommittedView(sessions, { signal: this.signal, waitForCreation: false });
    this.current = start;
  }

  get crypto(): CryptoProvider {
    return this.sessions.crypto;
  }

  get pool(): CryptoPool {
    return this.sessions.pool;
  }

  get nodes(): NodeCache {
    return this.sessions.nodes;
  }

  /** The identity whose writers the operation changes. */
  get owner(): PublicKeyHash {
    return this.committer.owner;
  }

  /** The versions that the operation has reached: what the next commit is based on, and what the operation returns at its end. */
  get snapshot(): Snapshot {
    return this.current;
  }

  /** Takes the snapshot that a commit has returned. Items that were read before keep showing what they were. */
  advance(snapshot: Snapshot): void {
    assertInstance('snapshot', snapshot, Snapshot);
    this.current = snapshot;
  }

  /**
   * Adds a writer that the operation was not started with, at its committed version, so that it may be changed; without effect when it has
   * none or was deleted. Nobody keeps other operations away from it: they may win the race for its pointer.
   */
  async include(writer: PublicKeyHash): Promise<void> {
    if (this.current.has(writer)) return;
    const version = await this.session.readCommitted(writer, { fresh: true, signal: this.signal, waitForCreation: false });
    this.current = this.current.merge(version.withReadOnly(false));
  }

  /**
   * {@link Committer.lend}: waits for code of a caller, which may make changes of its own. `wasUsed`: some were made, or are going to be;
   * what was read before may be out of date.
   */
  async lend<T>(task: () => Promise<T>): Promise<{ readonly result: T; readonly wasUsed: boolean }> {
    const lent = await this.committer.lend(task);
    this.lentTo ||= lent.wasUsed;
    return lent;
  }

  /** Whether others may have changed the writers of this operation while it waited in {@link OperationView.lend}. */
  get wasLent(): boolean {
    return this.lentTo;
  }

  snapshotOf(owner: PublicKeyHash): Snapshot {
    return owner.equals(this.owner) ? this.current : this.others.snapshotOf(owner);
  }

  async treeOf(owner: PublicKeyHash, writer: PublicKeyHash, options: ReadOptions = {}): Promise<Cid | undefined> {
    return this.isOwn(owner, writer) ? this.current.get(writer)?.writerData?.tree : this.others.treeOf(owner, writer, options);
  }

  async hasPointer(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    options: ReadOptions & { readonly fresh?: boolean } = {},
  ): Promise<boolean> {
    return this.isOwn(owner, writer) || this.others.hasPointer(owner, writer, options);
  }

  fresh(): View {
    return this.others.fresh();
  }

  async lookUp(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    lookups: readonly ChampLookup[],
    options: ReadOptions = {},
  ): Promise<readonly ChampLookupResult[]> {
    if (!this.isOwn(owner, writer)) return this.others.lookUp(owner, writer, lookups, options);
    if (this.current.get(writer)?.writerData?.tree === undefined) return lookups.map(() => undefined);
    return this.session.lookUpIn(this.committer, this.current, writer, lookups);
  }

  async knownCids(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    mapKeys: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<readonly (KnownLocation | undefined)[]> {
    // The trees of the operation itself change with each step of it; their lookups know what is at hand.
    return this.isOwn(owner, writer) ? mapKeys.map(() => undefined) : this.others.knownCids(owner, writer, mapKeys, options);
  }

  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    return context.owner.equals(this.owner) ? this.committer.blocks.getBlock(cid, context) : this.others.getBlock(cid, context);
  }

  fragmentReader(owner: PublicKeyHash, signal: AbortSignal | undefined = this.signal): FragmentReader {
    return { blocks: this, owner, ...(signal === undefined ? {} : { signal }) };
  }

  private isOwn(owner: PublicKeyHash, writer: PublicKeyHash): boolean {
    return owner.equals(this.owner) && this.current.has(writer);
  }
}
