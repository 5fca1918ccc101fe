import { assertInstance, assertObject } from '@pyrgos/core/arguments';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import type { FragmentReader } from '@pyrgos/core/containers';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type ChampLookup, type ChampLookupResult, Snapshot } from '@pyrgos/core/model';
import type { BlockReadContext } from '@pyrgos/core/store';
import type { KnownLocation, NodeCache } from './node-cache.js';
import { orAborted } from '../../waiting/or-aborted.js';
import { Sessions } from './sessions.js';
import type { ReadOptions, View } from './view.js';

/** How a {@link CommittedView} is made. */
export interface CommittedViewOptions {
  /** Versions to start from, of one owner. */
  readonly start?: { readonly owner: PublicKeyHash; readonly snapshot: Snapshot } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Ask the server for pointers even if a recent answer is at hand. */
  readonly fresh?: boolean | undefined;
  /** Like `fresh`, and only the server itself will do: not what this device remembers of one that is slow or away. */
  readonly current?: boolean | undefined;
  /** Whether a writer that is about to be created here is waited for; default true. An operation must not: it may be the one who creates it. */
  readonly waitForCreation?: boolean | undefined;
}

/**
 * What is committed: each writer at the version that it had when the view first met it. Never waits for changes in flight, but for the
 * creation of a writer (chapter 04 section 23 rule 3), and is not moved by them; take a new view to see them.
 */
export class CommittedView implements View {
  readonly signal: AbortSignal | undefined;
  private readonly snapshots = new Map<string, Snapshot>();
  private readonly reads = new Map<string, Promise<Snapshot>>();

  constructor(
    private readonly sessions: Sessions,
    private readonly options: CommittedViewOptions = {},
  ) {
    assertInstance('sessions', sessions, Sessions);
    assertObject('options', options);
    this.signal = options.signal;
    if (options.start !== undefined) this.snapshots.set(options.start.owner.key, options.start.snapshot);
  }

  /** Given versions are those of an operation. */
  get hasTurn(): boolean {
    return this.options.start !== undefined;
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

  snapshotOf(owner: PublicKeyHash): Snapshot {
    return this.snapshots.get(owner.key) ?? Snapshot.empty();
  }

  async treeOf(owner: PublicKeyHash, writer: PublicKeyHash, options: ReadOptions = {}): Promise<Cid | undefined> {
    return (await this.versionOf(owner, writer, options)).get(writer)?.writerData?.tree;
  }

  async hasPointer(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    options: ReadOptions & { readonly fresh?: boolean } = {},
  ): Promise<boolean> {
    const { fresh = false, signal = this.signal } = options;
    return this.sessions.of(owner).hasPointer(writer, { fresh, signal });
  }

  fresh(): CommittedView {
    const { current } = this.options;
    return new CommittedView(this.sessions, { fresh: true, current, signal: this.signal, waitForCreation: false });
  }

  async lookUp(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    lookups: readonly ChampLookup[],
    options: ReadOptions = {},
  ): Promise<readonly ChampLookupResult[]> {
    const root = await this.treeOf(owner, writer, options);
    if (root === undefined) return lookups.map(() => undefined);
    return this.sessions.lookupOf(owner).lookUp(root, lookups, { signal: options.signal ?? this.signal });
  }

  async knownCids(
    owner: PublicKeyHash,
    writer: PublicKeyHash,
    mapKeys: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<readonly (KnownLocation | undefined)[]> {
    const root = await this.treeOf(owner, writer, options);
    return root === undefined ? mapKeys.map(() => null) : this.sessions.lookupOf(owner).known(root, mapKeys);
  }

  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    const { owner, ...rest } = context;
    return this.sessions.of(owner).getBlock(cid, rest);
  }

  fragmentReader(owner: PublicKeyHash, signal: AbortSignal | undefined = this.signal): FragmentReader {
    return { blocks: this, owner, ...(signal === undefined ? {} : { signal }) };
  }

  /** The snapshot with this writer in it, if it exists; one read for all who ask at the same time, whose failure the next call repeats. */
  private async versionOf(owner: PublicKeyHash, writer: PublicKeyHash, options: ReadOptions): Promise<Snapshot> {
    const known = this.snapshotOf(owner);
    if (known.has(writer)) return known;
    const key = `${owner.key}${writer.key}`;
    const signal = options.signal ?? this.signal;
    let read = this.reads.get(key);
    if (read === undefined) {
      const { fresh = false, current = false, waitForCreation = true } = this.options;
      // Not cancelled with the first who asks: the others wait for it, too.
      read = this.sessions.of(owner).readCommitted(writer, { fresh, current, waitForCreation });
      this.reads.set(key, read);
      read.catch(() => this.reads.delete(key));
    }
    const version = await orAborted(read, signal, 'the call');
    const merged = this.snapshotOf(owner).merge(version);
    this.snapshots.set(owner.key, merged);
    return merged;
  }
}
