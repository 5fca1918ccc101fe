import { assertInstance, assertMethods, assertObject } from '@pyrgos/core/arguments';
import type { CryptoProvider, RandomSource } from '@pyrgos/core/crypto';
import { createInlinePool, type CryptoPool } from '@pyrgos/core/crypto/pool';
import { PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockStore, PointerStore } from '@pyrgos/core/store';
import { type Clock, type SeenPointers, systemClock, WriteSession } from '../../commit/index.js';
import type { ServerTime } from '../../commit/server-time.js';
import { retryingBlockStore } from '../../commit/retry.js';
import { type BlockCache, MemoryBlockCache } from './block-cache.js';
import { cachingBlockStore } from './caching-block-store.js';
import { ListingCache } from './listing-cache.js';
import { NodeCache } from './node-cache.js';
import { TreeLookup } from './tree-lookup.js';

/** Bytes of blocks that each session keeps on top of the shared cache: those in use right now. */
const VERIFIED_BLOCKS_SIZE = 8_388_608;

/** Bytes of blocks, and of parsed nodes, that {@link Sessions.withEmptyCaches} keeps: it is for reading everything once. */
const SMALL_BLOCK_CACHE_SIZE = 4_194_304;
const SMALL_NODE_CACHE_SIZE = 3_145_728;
const SMALL_LISTING_CACHE_SIZE = 1_048_576;

/** Where blocks and pointers are: a Network is one. */
export interface Stores {
  readonly blocks: BlockStore;
  readonly pointers: PointerStore;
  /** What the server's answers tell about time. */
  readonly time?: ServerTime | undefined;
}

/** What {@link Sessions} are made of. */
export interface SessionsOptions {
  readonly stores: Stores;
  readonly crypto: CryptoProvider;
  /** Where large ciphertexts are decrypted; default the calling thread. */
  readonly pool?: CryptoPool | undefined;
  /** Verified blocks that are kept; default a {@link MemoryBlockCache}. A persistent one makes data that was read once readable offline. */
  readonly blockCache?: BlockCache | undefined;
  /** Parsed nodes; default a new cache. */
  readonly nodes?: NodeCache | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Spreads retries; default: the engine's random source. */
  readonly random?: RandomSource | undefined;
  /** Age in milliseconds up to which a pointer is reused; default 7000 (`POINTER_CACHE_MILLISECONDS`), 0: never. */
  readonly pointerCacheMilliseconds?: number | undefined;
  /** Buffered bytes that make an operation flush. */
  readonly flushSize?: number | undefined;
  /** Throws when nobody may read or write any more, not even what is at hand; default: that never happens. */
  readonly assertOpen?: (() => void) | undefined;
}

/**
 * One {@link WriteSession} per owner over one server, with caches that all of them share. Whoever reads or writes files of an owner takes
 * the session from here, so that all changes of one writer wait in one queue.
 */
export class Sessions {
  private readonly engine: CryptoProvider;
  private readonly workers: CryptoPool;
  private readonly parsedNodes: NodeCache;
  private readonly sessions = new Map<string, { readonly session: WriteSession; readonly lookup: TreeLookup }>();
  private readonly blockCache: BlockCache;
  private readonly clock: Clock;
  private readonly random: RandomSource;

  /** `seen`: what other sessions over the same server have seen of the pointers of each owner. */
  constructor(
    private readonly options: SessionsOptions,
    private readonly seen: Map<string, SeenPointers> = new Map(),
  ) {
    assertObject('options', options);
    assertObject('stores', options.stores);
    assertMethods('stores.blocks', options.stores.blocks, 'getBlock', 'startTransaction', 'closeTransaction', 'putBlocks');
    assertMethods('stores.pointers', options.stores.pointers, 'getPointer', 'setPointer', 'setPointers');
    assertMethods('crypto', options.crypto, 'sha256', 'sha256Many', 'secretboxOpen');
    const { crypto, pool, nodes, blockCache = new MemoryBlockCache(), clock = systemClock, random = crypto } = options;
    this.engine = crypto;
    this.workers = pool ?? createInlinePool(crypto);
    this.parsedNodes = nodes ?? new NodeCache();
    this.blockCache = blockCache;
    this.clock = clock;
    this.random = random;
  }

  /** The engine; what opens anything that is at hand goes through it, so it is refused as well. */
  get crypto(): CryptoProvider {
    this.options.assertOpen?.();
    return this.engine;
  }

  /** Where large ciphertexts are decrypted. */
  get pool(): CryptoPool {
    this.options.assertOpen?.();
    return this.workers;
  }

  /** Parsed nodes of all owners. */
  get nodes(): NodeCache {
    this.options.assertOpen?.();
    return this.parsedNodes;
  }

  /** The session of an owner; always the same object. */
  of(owner: PublicKeyHash): WriteSession {
    return this.both(owner).session;
  }

  /** Lookups in committed trees of an owner. */
  lookupOf(owner: PublicKeyHash): TreeLookup {
    return this.both(owner).lookup;
  }

  /** Forgets the pointers at hand; see {@link WriteSession.refresh}. No request. */
  refresh(): void {
    this.options.assertOpen?.();
    for (const { session } of this.sessions.values()) session.refresh();
  }

  /**
   * The same server as if nothing had been read from it yet: what is read through the sessions that come out was asked for after this call,
   * whatever this device has in its caches. They keep little, for themselves. For reading only: their changes and those of this object do
   * not wait for each other. That the server goes back to an older version is noticed on both sides.
   */
  withEmptyCaches(): Sessions {
    this.options.assertOpen?.();
    const { clock, random } = this;
    const blockCache = new MemoryBlockCache(SMALL_BLOCK_CACHE_SIZE);
    const nodes = new NodeCache(SMALL_NODE_CACHE_SIZE, new ListingCache(SMALL_LISTING_CACHE_SIZE));
    const { pointers } = this.options.stores;
    const stores = { ...this.options.stores, pointers: pointers.current ?? pointers };
    return new Sessions({ ...this.options, stores, clock, random, pool: this.workers, blockCache, nodes }, this.seen);
  }

  private both(owner: PublicKeyHash): { readonly session: WriteSession; readonly lookup: TreeLookup } {
    this.options.assertOpen?.();
    assertInstance('owner', owner, PublicKeyHash);
    const existing = this.sessions.get(owner.key);
    if (existing !== undefined) return existing;
    const { crypto, clock, random, blockCache } = this;
    const { stores, pointerCacheMilliseconds, flushSize } = this.options;
    const seen: SeenPointers = this.seen.get(owner.key) ?? new Map();
    this.seen.set(owner.key, seen);
    const session = new WriteSession({
      owner,
      blocks: cachingBlockStore(stores.blocks, blockCache, crypto),
      pointers: stores.pointers,
      crypto,
      clock,
      random,
      time: stores.time,
      cacheSize: VERIFIED_BLOCKS_SIZE,
      seen,
      ...(pointerCacheMilliseconds === undefined ? {} : { pointerCacheMilliseconds }),
      ...(flushSize === undefined ? {} : { flushSize }),
    });
    const lookup = new TreeLookup(session, retryingBlockStore(stores.blocks, { clock, random }), blockCache, crypto);
    const made = { session, lookup };
    this.sessions.set(owner.key, made);
    return made;
  }
}
