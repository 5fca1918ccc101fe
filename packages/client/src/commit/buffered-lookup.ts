import type { Cid } from '@pyrgos/core/codec';
import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { Champ, type ChampLookup, type ChampLookupResult, lookUpChamp, type Snapshot } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSource, BlockStore } from '@pyrgos/core/store';
import type { BlockBuffer } from './block-buffer.js';
import type { Committer } from './committer.js';
import { writerDataOf } from './writer-lifecycle.js';

/** Reads nothing but the buffer. */
function onlyBuffered(buffer: BlockBuffer): BlockSource {
  return {
    getBlock: async (cid) => {
      const block = buffer.find(cid);
      if (block === undefined) throw new NotFoundError('not-found.block', 'the block is not buffered', { cid: cid.toString() });
      return block.bytes;
    },
  };
}

/** Whether buffered blocks alone answer a lookup: key absent, or its value block buffered. */
async function isAnswered(buffer: BlockBuffer, root: Cid, key: Uint8Array, context: BlockReadContext): Promise<boolean> {
  try {
    const value = await Champ.open(root, onlyBuffered(buffer), context).get(key);
    return value === undefined || buffer.find(value as Cid) !== undefined;
  } catch (error) {
    if (error instanceof PyrgosError && error.code === 'not-found.block') return false;
    throw error;
  }
}

/**
 * Looks up map keys in a writer's tree during an operation (chapter 03 section 11.3): in the order asked, undefined for absent keys. A
 * tree that exists only in the write buffer is unknown to the server; it is asked about the last committed tree instead, only for the
 * keys that the buffer does not answer, and the buffered blocks lie over its answer. Verified as in section 10.3.
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
  const { blocks, context, crypto } = committer;
  const serverLookUp = store.lookUpChamp?.bind(store);
  const isBuffered = blocks.find(tree) !== undefined;
  const serverTree = isBuffered ? committer.committedVersionOf(writer)?.writerData?.tree : tree;
  const overlay: BlockStore = {
    ...store,
    getBlock: (cid, blockContext) => blocks.getBlock(cid, blockContext),
    lookUpChamp: async (_root, batch, lookupContext) => {
      if (serverLookUp === undefined || serverTree === undefined) return [];
      if (!isBuffered) return serverLookUp(serverTree, batch, lookupContext);
      const open: ChampLookup[] = [];
      for (const lookup of batch) if (!(await isAnswered(blocks, tree, lookup.key, lookupContext))) open.push(lookup);
      return open.length === 0 ? [] : serverLookUp(serverTree, open, lookupContext);
    },
  };
  return lookUpChamp(crypto, tree, lookups, overlay, context);
}
