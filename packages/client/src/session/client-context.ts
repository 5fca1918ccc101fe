import { type CryptoProvider, loadCrypto, type RandomSource } from '@pyrgos/core/crypto';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import { type Clock, systemClock } from '../commit/index.js';
import { type BlockCache, Sessions } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import { assertMethods, assertObject } from '@pyrgos/core/arguments';
import { bestEffortStore, type LocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { RememberedChains } from './remembered-chains.js';
import { rememberedPointers } from './remembered-pointers.js';

/** What everything that leads to an account may be told. */
export interface ClientOptions {
  /** Default: the best engine of the platform. */
  readonly crypto?: CryptoProvider;
  /** Where large ciphertexts are decrypted; default the calling thread. */
  readonly pool?: CryptoPool;
  /** Time, in milliseconds since the epoch; default the machine's clock. Signed requests need it within minutes of the server's. */
  readonly clock?: Clock;
  /** Spreads retries; default: the engine's random source. */
  readonly random?: RandomSource;
  /**
   * What the client may keep on this device, one store for each server. With it the client notices a server that goes back in time or shows
   * another identity than before, and logs in offline.
   */
  readonly store?: LocalStore;
  /** Verified blocks that are kept; a persistent cache makes data that was read once readable offline. */
  readonly blockCache?: BlockCache;
}

/** What the session layer works with: one per server and program. */
export interface ClientContext {
  readonly network: Network;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** For what has to be kept or deleted for certain: the session of a user who stays logged in. */
  readonly store: LocalStore | undefined;
  /** For everything else; see {@link bestEffortStore}. */
  readonly cache: LocalStore | undefined;
  readonly online: OnlineState;
  /** Verified chains of users. */
  readonly chains: RememberedChains;
  /** Where all data is read and written. */
  readonly sessions: Sessions;
}

/** Prepares to work with a server. No request. */
export async function createClientContext(network: Network, options: ClientOptions = {}): Promise<ClientContext> {
  assertObject('network', network);
  assertMethods('network.core', network.core, 'getChain', 'getUsername');
  assertMethods('network.accounts', network.accounts, 'getLogin', 'setLogin');
  assertObject('options', options);
  const { crypto = await loadCrypto(), clock = systemClock, store, pool, random, blockCache } = options;
  assertMethods('clock', clock, 'now', 'sleep');
  if (store !== undefined) assertMethods('store', store, 'get', 'put', 'delete');
  const cache = store === undefined ? undefined : bestEffortStore(store);
  const online = new OnlineState(clock);
  const { blocks } = network;
  const pointers =
    cache === undefined ? network.pointers : rememberedPointers({ pointers: network.pointers, store: cache, crypto, online });
  return {
    network,
    crypto,
    clock,
    store,
    cache,
    online,
    chains: new RememberedChains({ crypto, blocks, directory: network.core, store: cache, online }),
    sessions: new Sessions({
      stores: { blocks, pointers },
      crypto,
      clock,
      ...(pool === undefined ? {} : { pool }),
      ...(random === undefined ? {} : { random }),
      ...(blockCache === undefined ? {} : { blockCache }),
    }),
  };
}
