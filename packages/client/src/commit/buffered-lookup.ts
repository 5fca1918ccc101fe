import { Cid } from '@pyrgos/core/codec';
import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { type Champ, type ChampFound, type ChampLookup, type ChampLookupResult, lookUpChamp, type Snapshot } from '@pyrgos/core/model';
import type { BlockSource, BlockStore } from '@pyrgos/core/store';
import type { BlockBuffer } from './block-buffer.js';
import type { Committer } from './committer.js';
import { writerDataOf } from './writer-lifecycle.js';

/** A block of a tree that is neither buffered nor in the cache. */
class NotAtHand extends Error {
  constructor() {
    super('the block is not at hand');
  }
}

/** Reads nothing but what is at hand. */
function onlyAtHand(blocks: BlockBuffer): BlockSource {
  return {
    getBlock: async (cid) => {
      const bytes = blocks.atHand(cid);
      if (bytes === undefined) throw new NotAtHand();
      return bytes;
    },
  };
}

/** The answer for a key that needs no request; `open` for any other, and for what is damaged. */
async function answerAtHand(champ: Champ, key: Uint8Array, blocks: BlockBuffer): Promise<ChampFound | undefined | 'open'> {
  try {
    const cid = await champ.get(key, onlyAtHand(blocks));
    if (cid === undefined) return undefined;
    const bytes = cid instanceof Cid ? blocks.atHand(cid) : undefined;
    return bytes === undefined || !(cid instanceof Cid) ? 'open' : { cid, bytes };
  } catch (error) {
    // Whatever it is, whoever looks thoroughly finds it again.
    if (error instanceof NotAtHand || error instanceof PyrgosError) return 'open';
    throw error;
  }
}

/**
 * Looks up map keys in a writer's tree during an operation (chapter 03 section 11.3): in the order asked, undefined for absent keys. What is
 * buffered or cached is answered from there. A tree that exists only in the write buffer is unknown to the server; for the rest of the
 * keys it is asked about the last committed tree instead, and the buffered blocks lie over its answer. Verified as in section 10.3.
 */
export async function lookUpBuffered(
  committer: Committer,
  store: BlockStore,
  snapshot: Snapshot,
  writer: PublicKeyHash,
  lookups: readonly ChampLookup[],
): Promise<ChampLookupResult[]> {
  const { tree } = writerDataOf(snapshot, writer);
  if (tree === undefined) return lookups.map(() => undefined);
  const { blocks, context, crypto, trees } = committer;
  throwIfAborted(context.signal);
  const results: (ChampLookupResult | 'open')[] = [];
  await trees.read(tree, async (champ) => {
    for (const { key } of lookups) results.push(await answerAtHand(champ, key, blocks));
  });
  const open = [...results.keys()].filter((i) => results[i] === 'open');
  const serverLookUp = store.lookUpChamp?.bind(store);
  const isBuffered = blocks.find(tree) !== undefined;
  const serverTree = isBuffered ? committer.committedVersionOf(writer)?.writerData?.tree : tree;
  const overlay: BlockStore = {
    ...store,
    getBlock: (cid, blockContext) => blocks.getBlock(cid, blockContext),
    lookUpChamp: async (_root, batch, lookupContext) =>
      serverLookUp === undefined || serverTree === undefined ? [] : serverLookUp(serverTree, batch, lookupContext),
  };
  const found = await lookUpChamp(
    crypto,
    tree,
    open.map((i) => lookups[i] as ChampLookup),
    overlay,
    context,
  );
  for (const [j, i] of open.entries()) results[i] = found[j];
  return results.filter((result) => result !== 'open');
}
