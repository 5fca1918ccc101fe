import { type CryptoProvider, loadCrypto, type RandomSource } from '@pyrgos/core/crypto';
import { assertInteger } from '@pyrgos/core/bytes';
import { POINTER_CACHE_MILLISECONDS } from '@pyrgos/core/limits';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import { type Clock, systemClock } from '../commit/index.js';
import { type BlockCache, DEFAULT_CACHE_BYTES, memoryCaches, Sessions } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import { assertMethods, assertObject } from '@pyrgos/core/arguments';
import { bestEffortStore, type LocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { OwnCommits } from './own-commits.js';
import { RememberedChains } from './remembered-chains.js';
import { rememberedPointers } from './remembered-pointers.js';
import { gatedNetwork, SessionGate } from './session-gate.js';

/** What everything that leads to an account may be told. */
export interface ClientOptions {
  /** Default: the best engine of the platform. */
  readonly crypto?: CryptoProvider | undefined;
  /**
   * Where content is encrypted, decrypted and hashed; default the calling thread. In browsers give one that `createCryptoPool` makes, or the
   * page stands still for moments of each chunk.
   */
  readonly pool?: CryptoPool | undefined;
  /** Time, in milliseconds since the epoch; default the machine's clock. Signed requests need it within minutes of the server's. */
  readonly clock?: Clock | undefined;
  /** Spreads retries; default: the engine's random source. */
  readonly random?: RandomSource | undefined;
  /**
   * What the client may keep on this device, one store for each server. With it the client notices a server that goes back in time or shows
   * another identity than before, and logs in offline.
   */
  readonly store?: LocalStore | undefined;
  /** Verified blocks that are kept; a persistent cache makes data that was read once readable offline. */
  readonly blockCache?: BlockCache | undefined;
  /**
   * Memory for what was read, in bytes: blocks (unless `blockCache` takes its place), nodes, and what lists have shown, some 1000 bytes for each
   * entry. Default 52 MiB, in which a directory of 25,000 files can be listed once more without a request; 0 keeps nothing. A cache fills with use; what is
   * being read and written right now comes on top.
   */
  readonly cacheBytes?: number | undefined;
  /**
   * Milliseconds for which a look at the server counts: what other devices change meanwhile is not seen before, except by a change of one's
   * own, and when something is not found. Default {@link POINTER_CACHE_MILLISECONDS}; 0 asks with every read, which costs one request
   * each. `FileSystem.refresh` forgets what was seen so far.
   */
  readonly pointerCacheMilliseconds?: number | undefined;
}

/** What the session layer works with: one for each {@link Account}. */
export interface ClientContext {
  /** Whether the account may still do anything; `network` and `sessions` ask it. */
  readonly gate: SessionGate;
  readonly network: Network;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** For what has to be kept or deleted for certain: the session of a user who stays logged in. */
  readonly store: LocalStore | undefined;
  /** For everything else; see {@link bestEffortStore}. */
  readonly cache: LocalStore | undefined;
  readonly online: OnlineState;
  /** What this device itself has committed. */
  readonly commits: OwnCommits;
  /** Verified chains of users. */
  readonly chains: RememberedChains;
  /** Where all data is read and written. */
  readonly sessions: Sessions;
  /** The same with a gate of its own and the same caches, for an account that takes the place of this one. */
  successor(): ClientContext;
}

/** Checks what everything that leads to an account may be told, before anything is done. ArgumentError, whose `data.field` names the option. */
export function assertClientOptions(options: ClientOptions): void {
  assertObject('options', options);
  const { crypto, pool, clock, random, store, blockCache, cacheBytes, pointerCacheMilliseconds } = options;
  if (crypto !== undefined) assertMethods('crypto', crypto, 'randomBytes', 'sha256', 'scrypt');
  if (pool !== undefined)
    assertMethods('pool', pool, 'secretboxSeal', 'secretboxOpen', 'sealSection', 'sha256', 'sha256Many', 'ed25519VerifyMany');
  if (clock !== undefined) assertMethods('clock', clock, 'now', 'sleep');
  if (random !== undefined) assertMethods('random', random, 'randomBytes');
  if (store !== undefined) assertMethods('store', store, 'get', 'put', 'delete');
  if (blockCache !== undefined) assertMethods('blockCache', blockCache, 'accepts', 'has', 'get', 'put');
  if (cacheBytes !== undefined) assertInteger('cacheBytes', cacheBytes, 0, Number.MAX_SAFE_INTEGER);
  if (pointerCacheMilliseconds !== undefined) {
    assertInteger('pointerCacheMilliseconds', pointerCacheMilliseconds, 0, Number.MAX_SAFE_INTEGER);
  }
}

/** Prepares to work with a server. No request. */
export async function createClientContext(network: Network, options: ClientOptions = {}): Promise<ClientContext> {
  assertObject('network', network);
  assertMethods('network.core', network.core, 'getChain', 'getUsername');
  assertMethods('network.accounts', network.accounts, 'getLogin', 'setLogin');
  assertClientOptions(options);
  const {
    crypto = await loadCrypto(),
    clock = systemClock,
    store,
    pool,
    random,
    cacheBytes = DEFAULT_CACHE_BYTES,
    pointerCacheMilliseconds = POINTER_CACHE_MILLISECONDS,
  } = options;
  const memory = memoryCaches(cacheBytes);
  const { blockCache = memory.blockCache } = options;
  const cache = store === undefined ? undefined : bestEffortStore(store);
  const online = new OnlineState(clock);
  const shared = { crypto, clock, store, cache, online };
  const caches = {
    blockCache,
    pointerCacheMilliseconds,
    nodes: memory.nodes,
    ...(pool === undefined ? {} : { pool }),
    ...(random === undefined ? {} : { random }),
  };
  const withGate = (gate: SessionGate): ClientContext => {
    const gatedServer = gatedNetwork(network, gate);
    const { blocks, core, time } = gatedServer;
    const commits = new OwnCommits();
    const noted = commits.noting(gatedServer.pointers);
    const pointers = cache === undefined ? noted : rememberedPointers({ pointers: noted, store: cache, crypto, online });
    return {
      ...shared,
      gate,
      commits,
      network: gatedServer,
      chains: new RememberedChains({ crypto, blocks, directory: core, store: cache, online }),
      sessions: new Sessions({ ...caches, stores: { blocks, pointers, time }, crypto, clock, assertOpen: () => gate.assertOpen() }),
      successor: () => withGate(new SessionGate()),
    };
  };
  return withGate(new SessionGate());
}
