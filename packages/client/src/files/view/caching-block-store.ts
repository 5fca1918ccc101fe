import { copyBytes, equalBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, MultihashCode } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE, MAX_CACHED_BLOCK_SIZE } from '@pyrgos/core/limits';
import { Champ, type ChampLookup } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSource, BlockStore } from '@pyrgos/core/store';
import { isVerifiedAs, markVerified } from '../../commit/verified-bytes.js';
import type { BlockCache } from './block-cache.js';

/**
 * A block store that keeps verified blocks in `cache` and asks the server only for what is not there: blocks that were read, that a lookup
 * has answered, and small ones that were written through it. A lookup whose whole way is cached is answered without the server. What comes out is as
 * little verified as the store's own answers.
 */
export function cachingBlockStore(store: BlockStore, cache: BlockCache, hasher: Pick<Hasher, 'sha256' | 'sha256Many'>): BlockStore {
  const lookUp = store.lookUpChamp?.bind(store);
  return {
    getBlock: async (cid, context) => {
      const cached = await cache.get(cid);
      if (cached !== undefined) return cached;
      const bytes = await store.getBlock(cid, context);
      if (isBlock(bytes) && cache.accepts(bytes.length)) {
        if (isVerifiedAs(cid, bytes)) await cache.put(cid, bytes);
        else if (isVerified(hasher, cid, bytes)) await cache.put(cid, ownCopy(cid, bytes));
      }
      return bytes;
    },
    startTransaction: store.startTransaction.bind(store),
    closeTransaction: store.closeTransaction.bind(store),
    putBlocks: async (owner, writer, blocks, transaction, signal) => {
      await store.putBlocks(owner, writer, blocks, transaction, signal);
      // What was written is read back as lists and nodes; contents hardly ever are.
      for (const { cid, bytes } of blocks) {
        if (bytes.length <= MAX_CACHED_BLOCK_SIZE && cache.accepts(bytes.length)) {
          markVerified(cid, bytes);
          await cache.put(cid, bytes);
        }
      }
    },
    ...(lookUp === undefined
      ? {}
      : {
          lookUpChamp: async (root, lookups, context) => {
            const open = await unanswered(cache, root, lookups, context);
            if (open.length === 0) return [];
            const answer = await lookUp(root, open, context);
            await keepAnswer(cache, hasher, answer);
            return answer;
          },
        }),
  };
}

function isBlock(bytes: unknown): bytes is Uint8Array {
  return bytes instanceof Uint8Array && bytes.length <= MAX_BLOCK_SIZE;
}

/** A verified block in memory of its own, which nobody else changes. */
function ownCopy(cid: Cid, bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes);
  markVerified(cid, copy);
  return copy;
}

function isVerified(hasher: Pick<Hasher, 'sha256'>, cid: Cid, bytes: Uint8Array): boolean {
  const { code, digest } = cid.multihash;
  return code === MultihashCode.sha2_256 && equalBytes(hasher.sha256(bytes), digest);
}

/** The lookups that the cache cannot answer alone: a node on the way or the value block is not in it. */
async function unanswered(
  cache: BlockCache,
  root: Cid,
  lookups: readonly ChampLookup[],
  context: BlockReadContext,
): Promise<readonly ChampLookup[]> {
  if (!(await cache.has(root))) return lookups;
  const source: BlockSource = {
    getBlock: async (cid) => {
      const bytes = await cache.get(cid);
      if (bytes === undefined) throw new NotFoundError('not-found.block', 'The block is not cached.');
      return bytes;
    },
  };
  const champ = Champ.open(root, source, { owner: context.owner });
  const open: ChampLookup[] = [];
  for (const lookup of lookups) if (!(await isCached(cache, champ, lookup.key))) open.push(lookup);
  return open;
}

async function isCached(cache: BlockCache, champ: Champ, key: Uint8Array): Promise<boolean> {
  try {
    const value = await champ.get(key);
    return value === undefined || (value instanceof Cid && (await cache.has(value)));
  } catch (error) {
    // Not cached, or damaged in the cache: the server knows better.
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}

/** Keeps the blocks of an answer under the CIDs computed from their bytes: a forged one gets a CID that nothing refers to. */
async function keepAnswer(cache: BlockCache, hasher: Pick<Hasher, 'sha256Many'>, answer: unknown): Promise<void> {
  if (!Array.isArray(answer)) return;
  const blocks = (answer as readonly unknown[]).filter((bytes): bytes is Uint8Array => isBlock(bytes) && cache.accepts(bytes.length));
  const digests = hasher.sha256Many(blocks);
  for (const [i, bytes] of blocks.entries()) {
    const digest = digests[i];
    if (digest === undefined) continue;
    const cid = Cid.ofSha256(digest, CidCodec.dagCbor);
    await cache.put(cid, ownCopy(cid, bytes));
  }
}
