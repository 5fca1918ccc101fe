import { Cid, CidCodec } from '../../codec/cid.js';
import type { Hasher } from '../../crypto/provider.js';
import { FormatError, PyrgosError, throwIfAborted } from '../../errors.js';
import type { BatWithId } from '../../keys/bat.js';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '../../limits.js';
import type { BlockReadContext, BlockSource, BlockStore } from '../../store/block-store.js';
import { Champ } from './champ.js';

/** A key to look up, with the BAT that opens its value block. */
export interface ChampLookup {
  readonly key: Uint8Array;
  readonly bat?: BatWithId;
}

/** What a lookup found: the CID in the tree and the value block, both verified. */
export interface ChampFound {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** A filesystem CHAMP maps keys to links; anything else as value is malformed. */
async function valueLink(champ: Champ, key: Uint8Array): Promise<Cid | undefined> {
  const value = await champ.get(key);
  if (value === undefined) return undefined;
  if (!(value instanceof Cid)) throw new FormatError('format.champ', 'value', 'must be a link');
  return value;
}

/** A source that looks into blocks already here before it asks another, and checks nothing: the index is built from computed CIDs. */
function overlay(index: ReadonlyMap<string, Uint8Array>, source: BlockSource): BlockSource {
  return { getBlock: async (cid, context) => index.get(cid.key) ?? source.getBlock(cid, context) };
}

/** The blocks of a server's answer under the CIDs computed from their bytes: a forged block gets a CID that nothing refers to. */
function indexBlocks(hasher: Hasher, blocks: readonly Uint8Array[]): Map<string, Uint8Array> {
  const index = new Map<string, Uint8Array>();
  const sane = blocks.filter((block) => block instanceof Uint8Array && block.length <= MAX_BLOCK_SIZE);
  hasher.sha256Many(sane).forEach((digest, i) => {
    const block = sane[i];
    if (block !== undefined) index.set(Cid.ofSha256(digest, CidCodec.dagCbor).key, block);
  });
  return index;
}

/**
 * Looks up keys in the filesystem CHAMP at a trusted root (chapter 03 section 10.3), in the order asked; undefined for absent keys.
 * Uses the store's fast path where it has one and verifies everything; what the answer lacks, and every key after a failed
 * request, is read block by block. `store.getBlock` must verify hashes. Absence is concluded from verified nodes only.
 */
export async function lookUpChamp(
  hasher: Hasher,
  root: Cid,
  lookups: readonly ChampLookup[],
  store: BlockStore,
  context: BlockReadContext,
): Promise<(ChampFound | undefined)[]> {
  const results: (ChampFound | undefined)[] = [];
  for (let start = 0; start < lookups.length; start += MAX_CHAMP_LOOKUPS) {
    throwIfAborted(context.signal, 'champ lookup');
    const batch = lookups.slice(start, start + MAX_CHAMP_LOOKUPS);
    const source = overlay(await answerOf(hasher, root, batch, store, context), store);
    const champ = Champ.open(root, source, context);
    for (const { key, bat } of batch) {
      const cid = await valueLink(champ, key);
      const { bat: _rootBat, ...plain } = context;
      results.push(
        cid === undefined ? undefined : { cid, bytes: await source.getBlock(cid, bat === undefined ? plain : { ...plain, bat }) },
      );
    }
  }
  return results;
}

async function answerOf(
  hasher: Hasher,
  root: Cid,
  batch: readonly ChampLookup[],
  store: BlockStore,
  context: BlockReadContext,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (store.lookUpChamp === undefined) return new Map();
  try {
    return indexBlocks(hasher, await store.lookUpChamp(root, batch, context));
  } catch (error) {
    // The fast path is a convenience: reading block by block tells what is really wrong.
    if (error instanceof PyrgosError && error.code !== 'aborted') return new Map();
    throw error;
  }
}

/**
 * The server's side (chapter 03 section 10.2): every block that a lookup of the keys touches, path nodes and value blocks, each once.
 * An absent key contributes its path only. Blocks of 1 MiB or more are left out. `source` checks the BATs.
 */
export async function collectChampLookupBlocks(
  root: Cid,
  lookups: readonly ChampLookup[],
  source: BlockSource,
  context: BlockReadContext,
): Promise<Uint8Array[]> {
  const touched = new Map<string, Uint8Array>();
  const recording: BlockSource = {
    getBlock: async (cid, blockContext) => {
      const bytes = touched.get(cid.key) ?? (await source.getBlock(cid, blockContext));
      touched.set(cid.key, bytes);
      return bytes;
    },
  };
  const champ = Champ.open(root, recording, context);
  const { bat: _rootBat, ...plain } = context;
  for (const { key, bat } of lookups) {
    const cid = await valueLink(champ, key);
    // A value block is read each time: the BAT of one key must not open the block of another.
    if (cid !== undefined) touched.set(cid.key, await source.getBlock(cid, bat === undefined ? plain : { ...plain, bat }));
  }
  return [...touched.values()].filter((block) => block.length < 1024 * 1024);
}
