import { PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { PointerStore } from '@pyrgos/core/store';

/** A place for the last signed pointer of each writer, for reading without a server. None of the methods rejects. */
export interface PointerCache {
  /** The bytes that were put last, or undefined. */
  getPointer(owner: PublicKeyHash, writer: PublicKeyHash): Promise<Uint8Array | undefined>;
  /** Keeps a pointer as the server has answered it. */
  putPointer(owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array): Promise<void>;
}

/**
 * A pointer store that answers with the last pointer it has seen when the server cannot be reached (error code `network`): old data
 * instead of none. Callers verify the signature as always. Writing needs the server all the same.
 */
export function offlinePointerStore(store: PointerStore, cache: PointerCache): PointerStore {
  return {
    getPointer: async (owner, writer, signal) => {
      try {
        const signed = await store.getPointer(owner, writer, signal);
        if (signed instanceof Uint8Array) await cache.putPointer(owner, writer, signed);
        return signed;
      } catch (error) {
        const cached = error instanceof PyrgosError && error.code === 'network' ? await cache.getPointer(owner, writer) : undefined;
        if (cached !== undefined) return cached;
        throw error;
      }
    },
    setPointer: store.setPointer.bind(store),
    setPointers: store.setPointers.bind(store),
    current: store.current ?? store,
  };
}
