import type { CryptoProvider } from '@pyrgos/core/crypto';
import { type KeyLookup, PublicKeyHash } from '@pyrgos/core/keys';
import type { BlockSource } from '@pyrgos/core/store';

/**
 * Where the keys of a chain come from: nearly all are inside their hashes; a key of an old account is a block of its own, which belongs to
 * the account of that key (chapter 05 section 1.1). The bytes are verified by whoever uses the lookup.
 */
export function chainKeyLookup(crypto: CryptoProvider, blocks: BlockSource, owner: PublicKeyHash, signal?: AbortSignal): KeyLookup {
  return {
    hasher: crypto,
    blocks: { getBlock: async (cid, context) => blocks.getBlock(cid, { ...context, owner: PublicKeyHash.fromCid(cid) }) },
    context: signal === undefined ? { owner } : { owner, signal },
  };
}
