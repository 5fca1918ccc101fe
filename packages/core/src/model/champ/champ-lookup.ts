import { assertInstance, assertList, assertMethods, assertObject, assertOptionalInstance } from '../../arguments.js';
import { assertInteger } from '../../bytes.js';
import { Cid, CidCodec } from '../../codec/cid.js';
import type { Hasher } from '../../crypto/provider.js';
import { DeniedError, FormatError, LimitError, NotFoundError, PyrgosError, throwIfAborted } from '../../errors.js';
import { BatWithId } from '../../keys/bat.js';
import { MAX_BLOCK_SIZE, MAX_CHAMP_ANSWER_SIZE, MAX_CHAMP_LOOKUPS } from '../../limits.js';
import type { BlockReadContext, BlockSource, BlockStore } from '../../store/block-store.js';
import { Champ } from './champ.js';

/** A key to look up, with the BAT that opens its value block. */
export interface ChampLookup {
  readonly key: Uint8Array;
  readonly bat?: BatWithId | undefined;
}

/** What a lookup found: the CID in the tree and the value block, both verified. */
export interface ChampFound {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
  readonly error?: undefined;
}

/** A key that cannot be read, because of what lies under it alone; the other keys of the call are not affected. */
export interface ChampUnreadable {
  /** FormatError, NotFoundError, DeniedError, or `limit` and the like; see {@link isAboutOneKey}. */
  readonly error: PyrgosError;
  readonly cid?: undefined;
  readonly bytes?: undefined;
}

/** The answer for one key; undefined when the tree does not have it. */
export type ChampLookupResult = ChampFound | ChampUnreadable | undefined;

function checkLookups(lookups: readonly ChampLookup[]): void {
  assertList('lookups', lookups);
  for (let i = 0; i < lookups.length; i++) {
    assertObject(`lookups[${i}]`, lookups[i]);
    assertOptionalInstance(`lookups[${i}].bat`, lookups[i]?.bat, BatWithId);
  }
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
 *
 * A damaged, missing or refused value, or path to it, is the answer of its own keys. The call fails when the root block cannot be
 * had, when the store cannot be reached, and when it is cancelled.
 */
export async function lookUpChamp(
  hasher: Hasher,
  root: Cid,
  lookups: readonly ChampLookup[],
  store: BlockStore,
  context: BlockReadContext,
): Promise<ChampLookupResult[]> {
  assertMethods('hasher', hasher, 'sha256Many');
  assertInstance('root', root, Cid);
  checkLookups(lookups);
  assertMethods('store', store, 'getBlock');
  assertObject('context', context);
  const results: ChampLookupResult[] = [];
  const { bat: _rootBat, ...plain } = context;
  let rootBytes: Uint8Array | undefined;
  for (let start = 0; start < lookups.length; start += MAX_CHAMP_LOOKUPS) {
    throwIfAborted(context.signal);
    const batch = lookups.slice(start, start + MAX_CHAMP_LOOKUPS);
    const index = await answerOf(hasher, root, batch, store, context);
    rootBytes ??= index.get(root.key) ?? (await store.getBlock(root, context));
    const source = overlay(index.set(root.key, rootBytes), store);
    const champ = Champ.open(root, source, context);
    for (const { key, bat } of batch) {
      results.push(
        await settle(async () => {
          const cid = await valueLink(champ, key);
          return cid === undefined ? undefined : { cid, bytes: await source.getBlock(cid, bat === undefined ? plain : { ...plain, bat }) };
        }),
      );
    }
  }
  return results;
}

/** Answers that are final and belong to the block that was asked for, beside those that have classes of their own. */
const REFUSALS: ReadonlySet<string> = new Set(['limit', 'unsupported']);

/**
 * Whether an error says something about what lies under one key of a tree, or about the block of it that was asked for. Any other says that
 * the server cannot be asked, now or at all, and ends a call for many keys.
 */
export function isAboutOneKey(error: unknown): error is PyrgosError {
  return (
    error instanceof FormatError ||
    error instanceof NotFoundError ||
    // That a session is closed says nothing about any data.
    (error instanceof DeniedError && error.code !== 'denied.session') ||
    (error instanceof PyrgosError && REFUSALS.has(error.code))
  );
}

/** The outcome of one key: an error that says something about its data is an answer, any other ends the call. */
async function settle(lookUp: () => Promise<ChampFound | undefined>): Promise<ChampLookupResult> {
  try {
    return await lookUp();
  } catch (error) {
    if (isAboutOneKey(error)) return { error };
    throw error;
  }
}

async function answerOf(
  hasher: Hasher,
  root: Cid,
  batch: readonly ChampLookup[],
  store: BlockStore,
  context: BlockReadContext,
): Promise<Map<string, Uint8Array>> {
  if (store.lookUpChamp === undefined) return new Map();
  try {
    return indexBlocks(hasher, await store.lookUpChamp(root, batch, context));
  } catch (error) {
    // The fast path is a convenience: whatever is wrong with it or its answer, reading block by block tells what is really there.
    throwIfAborted(context.signal);
    // A server that could not be reached however often it was asked is not asked block by block as well.
    if (error instanceof PyrgosError && (error.code === 'aborted' || error.retry === 'safe')) throw error;
    return new Map();
  }
}

/** Blocks of this size or more are left out of an answer (chapter 03 section 10.2). */
const LARGE_BLOCK = 1_048_576;

/** The blocks of an answer, within its bounds. What does not fit is left out: clients fetch it themselves (section 10.3). */
class Answer {
  private readonly blocks = new Map<string, Uint8Array>();
  private size = 0;

  constructor(
    private readonly maxBlocks: number,
    private readonly maxBytes: number,
  ) {}

  get(cid: Cid): Uint8Array | undefined {
    return this.blocks.get(cid.key);
  }

  add(cid: Cid, bytes: Uint8Array): void {
    if (this.blocks.has(cid.key) || bytes.length >= LARGE_BLOCK) return;
    if (this.blocks.size >= this.maxBlocks || this.size + bytes.length > this.maxBytes) return;
    this.blocks.set(cid.key, bytes);
    this.size += bytes.length;
  }

  toArray(): Uint8Array[] {
    return [...this.blocks.values()];
  }
}

/**
 * The server's side (chapter 03 section 10.2): the blocks that a lookup of the keys touches, path nodes and value blocks, each once. An
 * absent key contributes its path only. `source` checks the BATs; path nodes, the root included, are read without one.
 *
 * Left out are blocks of 1 MiB or more, blocks that are missing here or lie behind a malformed node, and what exceeds 16 blocks per key
 * (at least 100) or `maxBytes` in all, at most and by default MAX_CHAMP_ANSWER_SIZE. NotFoundError when the root is missing, LimitError beyond MAX_CHAMP_LOOKUPS keys, DeniedError
 * when a BAT does not open its value block.
 */
export async function collectChampLookupBlocks(
  root: Cid,
  lookups: readonly ChampLookup[],
  source: BlockSource,
  context: BlockReadContext,
  maxBytes: number = MAX_CHAMP_ANSWER_SIZE,
): Promise<Uint8Array[]> {
  assertInteger('maxBytes', maxBytes, 0, MAX_CHAMP_ANSWER_SIZE);
  assertInstance('root', root, Cid);
  checkLookups(lookups);
  assertMethods('source', source, 'getBlock');
  assertObject('context', context);
  if (lookups.length > MAX_CHAMP_LOOKUPS) throw new LimitError('caps in a bulk champ get', lookups.length, MAX_CHAMP_LOOKUPS);
  const { bat: _rootBat, ...plain } = context;
  const answer = new Answer(Math.max(100, 16 * lookups.length), maxBytes);
  const recording: BlockSource = {
    getBlock: async (cid, blockContext) => {
      const bytes = answer.get(cid) ?? (await source.getBlock(cid, blockContext));
      answer.add(cid, bytes);
      return bytes;
    },
  };
  const champ = Champ.open(root, recording, plain);
  await readRoot(root, recording, plain);
  for (const { key, bat } of lookups) {
    try {
      const cid = await valueLink(champ, key);
      // A value block is read each time: the BAT of one key must not open the block of another.
      if (cid !== undefined) answer.add(cid, await source.getBlock(cid, bat === undefined ? plain : { ...plain, bat }));
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof NotFoundError)) throw error;
    }
    // Bounds the memory that a tree of large nodes takes.
    champ.unload();
  }
  return answer.toArray();
}

/** The wording is part of the protocol: clients recognise it (section 10.2). */
async function readRoot(root: Cid, source: BlockSource, context: BlockReadContext): Promise<void> {
  try {
    await source.getBlock(root, context);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError('not-found.block', `Champ root not present locally: ${root.toString()}`, { cid: root.toString() });
  }
}
