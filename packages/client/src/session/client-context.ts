import { type CryptoProvider, loadCrypto, type RandomSource } from '@pyrgos/core/crypto';
import type { CryptoPool } from '@pyrgos/core/crypto/pool';
import { type Clock, systemClock } from '../commit/index.js';
import { type BlockCache, Sessions } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import type { LocalStore } from './local-store.js';
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
  readonly store: LocalStore | undefined;
  readonly online: OnlineState;
  /** Verified chains of users. */
  readonly chains: RememberedChains;
  /** Where all data is read and written. */
  readonly sessions: Sessions;
}

/** Prepares to work with a server. No request. */
export async function createClientContext(network: Network, options: ClientOptions = {}): Promise<ClientContext> {
  const { crypto = await loadCrypto(), clock = systemClock, store, pool, random, blockCache } = options;
  const online = new OnlineState(clock);
  const { blocks } = network;
  const pointers = store === undefined ? network.pointers : rememberedPointers({ pointers: network.pointers, store, crypto, online });
  return {
    network,
    crypto,
    clock,
    store,
    online,
    chains: new RememberedChains({ crypto, blocks, directory: network.core, store, online }),
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
