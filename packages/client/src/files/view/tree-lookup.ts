import { copyBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE, MAX_CHAMP_DEPTH, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { Champ, type ChampLookup, type ChampLookupResult, isAboutOneKey } from '@pyrgos/core/model';
import type { BlockReadContext, BlockStore } from '@pyrgos/core/store';
import type { WriteSession } from '../../commit/index.js';
import { markVerified } from '../../commit/verified-bytes.js';
import type { BlockCache } from './block-cache.js';
import { orAborted } from '../../waiting/or-aborted.js';
import type { KnownLocation } from './node-cache.js';
import type { ReadOptions } from './view.js';

/** Bytes of blocks whose decoded nodes are kept, of all trees together; decoded they take some ten times as much. */
const MAX_DECODED_SIZE = 2_097_152;
/** Trees that are kept decoded. */
const MAX_TREES = 4;

/** A block of a tree that is not at hand. */
class BlockNotAtHand extends Error {
  constructor(readonly cid: Cid) {
    super('the block is not at hand');
  }
}

/** One tree, decoded as far as it was needed. Its source gives what is at hand and never asks the server. */
class KnownTree {
  readonly champ: Champ;
  /** Verified blocks of answers that are being used. */
  readonly answers = new Map<string, Uint8Array>();
  /** Calls under way. */
  users = 0;
  /** Bytes of the blocks that were decoded. */
  decoded = 0;

  constructor(root: Cid, session: WriteSession, cache: BlockCache) {
    const getBlock = async (cid: Cid): Promise<Uint8Array> => {
      const bytes = this.answers.get(cid.key) ?? ((await cache.has(cid)) ? await session.getBlock(cid) : undefined);
      if (bytes === undefined) throw new BlockNotAtHand(cid);
      this.decoded += bytes.length;
      return bytes;
    };
    this.champ = Champ.open(root, { getBlock }, { owner: session.owner });
  }

  /** Forgets what is decoded; calls under way decode anew what they still need. */
  unload(): void {
    this.champ.unload();
    this.decoded = 0;
  }
}

/**
 * Looks up map keys in the trees of one owner (chapter 03 section 10.3), as core's `lookUpChamp` does, for many lookups in the same tree: what
 * is known of a tree stays decoded, the server is asked only for keys that cannot be answered from it and the block cache, and every block
 * of its answer is hashed once.
 */
export class TreeLookup {
  /** By root, least recently used first. */
  private readonly trees = new Map<string, KnownTree>();

  /** `store` is what `session` reads from; `lookUpChamp` is used if it is there. */
  constructor(
    private readonly session: WriteSession,
    private readonly store: BlockStore,
    private readonly cache: BlockCache,
    private readonly crypto: CryptoProvider,
    private readonly maxDecodedSize: number = MAX_DECODED_SIZE,
  ) {}

  /**
   * What the tree at a trusted root has for each key, in the order asked, with the value blocks; everything verified. What is damaged,
   * missing or refused is the answer of its own keys. The call fails when the root cannot be had, when the server cannot be reached, and
   * when it is cancelled.
   */
  async lookUp(root: Cid, lookups: readonly ChampLookup[], options: ReadOptions = {}): Promise<ChampLookupResult[]> {
    const tree = this.treeAt(root);
    const results: ChampLookupResult[] = [];
    tree.users++;
    try {
      for (let start = 0; start < lookups.length; start += MAX_CHAMP_LOOKUPS) {
        const batch = lookups.slice(start, start + MAX_CHAMP_LOOKUPS);
        throwIfAborted(options.signal);
        results.push(...(await this.lookUpBatch(root, tree, batch, options.signal)));
      }
      return results;
    } finally {
      this.leave(tree);
    }
  }

  /**
   * What the tree at a trusted root has under each key, as far as what is at hand shows: a link, null for nothing, undefined when that is not
   * known, or damaged. No request.
   */
  async known(root: Cid, keys: readonly Uint8Array[]): Promise<(KnownLocation | undefined)[]> {
    const tree = this.treeAt(root);
    tree.users++;
    try {
      const results: (KnownLocation | undefined)[] = [];
      for (const key of keys) results.push(await knownValue(tree, key));
      return results;
    } finally {
      this.leave(tree);
    }
  }

  /** Whether the tree at a trusted root has nothing under a key, as far as what is at hand shows; false when that does not. No request. */
  async isKnownToLack(root: Cid, key: Uint8Array): Promise<boolean> {
    return (await this.known(root, [key]))[0] === null;
  }

  /** Bytes of blocks whose decoded nodes are in memory; bounded, and at most half of that while no call is under way. */
  get decodedSize(): number {
    let size = 0;
    for (const { decoded } of this.trees.values()) size += decoded;
    return size;
  }

  private treeAt(root: Cid): KnownTree {
    const tree = this.trees.get(root.key) ?? new KnownTree(root, this.session, this.cache);
    this.trees.delete(root.key);
    this.trees.set(root.key, tree);
    for (const oldest of this.trees.keys()) {
      if (this.trees.size <= MAX_TREES) break;
      this.trees.delete(oldest);
    }
    return tree;
  }

  /** Ends a use of a tree; each commit makes a new one, so it is all of them together that must stay small. */
  private leave(tree: KnownTree): void {
    tree.users--;
    if (tree.users === 0) tree.answers.clear();
    let size = this.decodedSize;
    for (const known of this.trees.values()) {
      if (size <= this.maxDecodedSize) break;
      // A long list is always under way with some of its groups, and would never let go of a large tree.
      if (known.users > 0 && size <= 2 * this.maxDecodedSize) continue;
      size -= known.decoded;
      known.unload();
    }
  }

  private async lookUpBatch(
    root: Cid,
    tree: KnownTree,
    batch: readonly ChampLookup[],
    signal: AbortSignal | undefined,
  ): Promise<ChampLookupResult[]> {
    const open: ChampLookup[] = [];
    for (const lookup of batch) if (!(await this.isAtHand(tree, lookup))) open.push(lookup);
    const { verified: answer, failure } = open.length === 0 ? NOTHING_ASKED : await this.ask(root, open, signal);
    for (const [key, bytes] of answer) tree.answers.set(key, bytes);
    try {
      await this.requireRoot(root, tree, failure, signal);
      const results: ChampLookupResult[] = [];
      for (const lookup of batch) results.push(await this.find(tree, lookup, failure, signal));
      return results;
    } finally {
      for (const key of answer.keys()) tree.answers.delete(key);
    }
  }

  /** Whether a key can be answered without the server. */
  private async isAtHand(tree: KnownTree, { key }: ChampLookup): Promise<boolean> {
    try {
      const value = await tree.champ.get(key);
      return !(value instanceof Cid) || (await this.cache.has(value));
    } catch (error) {
      if (error instanceof BlockNotAtHand) return false;
      // Whatever it is, it will be found again, with everything at hand.
      if (error instanceof PyrgosError) return true;
      throw error;
    }
  }

  /**
   * The verified blocks of the server's answer; none when it fails: reading block by block tells what is really there. But a server that could not be reached
   * however often it was asked (`failure`) is not asked for each block as often again: then only what is at hand counts.
   */
  private async ask(root: Cid, lookups: readonly ChampLookup[], signal: AbortSignal | undefined): Promise<Asked> {
    const verified = new Map<string, Uint8Array>();
    if (this.store.lookUpChamp === undefined) return { verified };
    let answer: unknown;
    try {
      answer = await orAborted(this.store.lookUpChamp(root, lookups, contextOf(this.session, signal)), signal, 'the call');
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof PyrgosError) || error.code === 'aborted') throw error;
      return error.retry === 'safe' ? { verified, failure: error } : { verified };
    }
    const blocks = sane(answer);
    const digests = this.crypto.sha256Many(blocks);
    for (const [i, bytes] of blocks.entries()) {
      // A forged block gets a CID that nothing refers to.
      const cid = Cid.ofSha256(digests[i] as Uint8Array, CidCodec.dagCbor);
      markVerified(cid, bytes);
      verified.set(cid.key, bytes);
      if (this.cache.accepts(bytes.length)) await this.cache.put(cid, bytes);
    }
    return { verified };
  }

  /** A block that is not in an answer. */
  private async fetch(cid: Cid, context: Omit<BlockReadContext, 'owner'>, failure: PyrgosError | undefined): Promise<Uint8Array> {
    if (failure !== undefined && !(await this.cache.has(cid))) throw failure;
    return this.session.getBlock(cid, context);
  }

  private async requireRoot(root: Cid, tree: KnownTree, failure: PyrgosError | undefined, signal: AbortSignal | undefined): Promise<void> {
    // Any key needs the root. Its own errors end the call; those of nodes below it are answers of keys.
    if (tree.answers.has(root.key) || (await this.cache.has(root))) return;
    tree.answers.set(root.key, await this.fetch(root, signal === undefined ? {} : { signal }, failure));
  }

  private async find(
    tree: KnownTree,
    { key, bat }: ChampLookup,
    failure: PyrgosError | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ChampLookupResult> {
    try {
      const cid = await this.valueOf(tree, key, failure, signal);
      if (cid === undefined) return undefined;
      const context = { ...(bat === undefined ? {} : { bat }), ...(signal === undefined ? {} : { signal }) };
      return { cid, bytes: tree.answers.get(cid.key) ?? (await this.fetch(cid, context, failure)) };
    } catch (error) {
      if (isAboutOneKey(error)) return { error };
      throw error;
    }
  }

  /** The link under a key; fetches what is not at hand. */
  private async valueOf(
    tree: KnownTree,
    key: Uint8Array,
    failure: PyrgosError | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Cid | undefined> {
    const fetched: string[] = [];
    try {
      for (let depth = 0; ; depth++) {
        try {
          const value = await tree.champ.get(key);
          if (value === undefined || value instanceof Cid) return value;
          throw new FormatError('format.champ', 'value', 'must be a link');
        } catch (error) {
          if (!(error instanceof BlockNotAtHand) || depth > MAX_CHAMP_DEPTH) throw error;
          tree.answers.set(error.cid.key, await this.fetch(error.cid, signal === undefined ? {} : { signal }, failure));
          fetched.push(error.cid.key);
        }
      }
    } finally {
      for (const cidKey of fetched) tree.answers.delete(cidKey);
    }
  }
}

async function knownValue(tree: KnownTree, key: Uint8Array): Promise<KnownLocation | undefined> {
  try {
    const value = await tree.champ.get(key);
    if (value === undefined) return null;
    return value instanceof Cid ? value : undefined;
  } catch (error) {
    if (error instanceof BlockNotAtHand || error instanceof PyrgosError) return undefined;
    throw error;
  }
}

/** What the server has answered to a call for many keys. */
interface Asked {
  readonly verified: ReadonlyMap<string, Uint8Array>;
  /** It cannot be reached. */
  readonly failure?: PyrgosError;
}

const NOTHING_ASKED: Asked = { verified: new Map() };

function contextOf(session: WriteSession, signal: AbortSignal | undefined): BlockReadContext {
  return signal === undefined ? { owner: session.owner } : { owner: session.owner, signal };
}

/** The byte strings of an answer, each in memory of its own: the answer as a whole need not stay, nor can its maker change them. */
function sane(answer: unknown): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (const block of Array.isArray(answer) ? (answer as readonly unknown[]) : []) {
    if (!(block instanceof Uint8Array) || block.length > MAX_BLOCK_SIZE) continue;
    try {
      blocks.push(copyBytes(block));
    } catch {
      // It has lost its memory.
    }
  }
  return blocks;
}
