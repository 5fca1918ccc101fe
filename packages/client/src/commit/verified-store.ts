import { assertInstance, assertObject } from '@pyrgos/core/arguments';
import { assertBytes, assertInteger, copyBytes, equalBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, MultihashCode } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { FormatError, throwIfAborted } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { BLOCK_CACHE_SIZE, MAX_BLOCK_SIZE, MAX_CACHED_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { BlockReadContext, BlockSource, BlockStore } from '@pyrgos/core/store';
import { SharedTasks } from '../waiting/shared-tasks.js';
import { isVerifiedAs } from './verified-bytes.js';

/**
 * Blocks from an untrusted source, verified: what comes out has the hash that was asked for, or nothing comes out.
 *
 * Small blocks are cached (least recently used first out, bounded in bytes); a hit asks for no BAT, since the bytes are ours already
 * (chapter 03 section 13). Concurrent reads of one block with the same rights share one request. The arrays that it hands out belong to
 * the cache: never modify them.
 */
export class VerifiedBlocks implements BlockSource {
  private readonly cache = new Map<string, Uint8Array>();
  private readonly reads = new SharedTasks<string, Uint8Array>('the call');
  private cachedBytes = 0;

  constructor(
    private readonly source: BlockSource,
    private readonly hasher: Pick<Hasher, 'sha256'>,
    private readonly capacity: number = BLOCK_CACHE_SIZE,
  ) {
    assertInteger('capacity', capacity, 0, Number.MAX_SAFE_INTEGER);
  }

  /** Bytes in the cache; at most the capacity. */
  get size(): number {
    return this.cachedBytes;
  }

  /**
   * The verified bytes. FormatError `format.block` when the source returns other bytes, too many, or when `cid` names no block that could
   * be verified: all blocks are named by SHA-256 (chapter 03 section 0). Otherwise the source's own errors.
   */
  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    assertInstance('cid', cid, Cid);
    assertObject('context', context);
    assertInstance('context.owner', context.owner, PublicKeyHash);
    if (cid.isIdentity) throw new FormatError('format.block', 'cid', 'an identity CID names no block');
    if (cid.multihash.code !== MultihashCode.sha2_256) throw new FormatError('format.block', 'cid', 'must be a sha2-256 hash');
    throwIfAborted(context.signal);
    return this.cached(cid) ?? this.share(cid, context);
  }

  /** Keeps a block whose hash the caller has computed itself: one that was just written. Copies nothing. */
  keep(cid: Cid, bytes: Uint8Array): void {
    if (bytes.length > MAX_CACHED_BLOCK_SIZE || bytes.length > this.capacity || this.cache.has(cid.key)) return;
    this.cache.set(cid.key, bytes);
    this.cachedBytes += bytes.length;
    for (const [key, oldest] of this.cache) {
      if (this.cachedBytes <= this.capacity) break;
      this.cache.delete(key);
      this.cachedBytes -= oldest.length;
    }
  }

  /** Keeps what a lookup answered, under the CIDs computed from the bytes: a forged block gets a CID that nothing refers to. */
  keepHints(blocks: readonly Uint8Array[]): void {
    for (const bytes of Array.isArray(blocks) ? blocks : []) {
      if (!isByteString(bytes) || bytes.length > MAX_CACHED_BLOCK_SIZE) continue;
      const own = copyBytes(bytes);
      this.keep(Cid.ofSha256(this.hasher.sha256(own), CidCodec.dagCbor), own);
    }
  }

  /** The bytes, if they are in the cache; asks nobody. */
  cached(cid: Cid): Uint8Array | undefined {
    const bytes = this.cache.get(cid.key);
    if (bytes === undefined) return undefined;
    this.cache.delete(cid.key);
    this.cache.set(cid.key, bytes);
    return bytes;
  }

  private async share(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    const { owner, bat, signal } = context;
    // A refusal of one caller's BAT must not reach a caller with the right one.
    const key = [cid.toString(), owner.toString(), bat?.encode().join() ?? ''].join(' ');
    const rights = bat === undefined ? { owner } : { owner, bat };
    return this.reads.run(key, signal, (shared) => this.fetch(cid, { ...rights, signal: shared }));
  }

  private async fetch(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    const bytes = await this.source.getBlock(cid, context);
    if (!isByteString(bytes)) throw new FormatError('format.block', 'block', 'is no byte string');
    if (bytes.length > MAX_BLOCK_SIZE) {
      throw new FormatError('format.block', 'block', `has ${bytes.length} bytes; the maximum is ${MAX_BLOCK_SIZE}`);
    }
    if (isVerifiedAs(cid, bytes)) {
      this.keep(cid, bytes);
      return bytes;
    }
    // So that the source cannot change what was verified.
    const own = copyBytes(bytes);
    if (!equalBytes(this.hasher.sha256(own), cid.multihash.digest)) {
      throw new FormatError('format.block', 'block', 'does not have the hash that names it', { data: { cid: cid.toString() } });
    }
    this.keep(cid, own);
    return own;
  }
}

/** Whether a source has answered with bytes that can be read. */
function isByteString(answer: unknown): answer is Uint8Array {
  try {
    assertBytes('answer', answer);
    return true;
  } catch {
    return false;
  }
}

/** A block store whose reads go through `blocks`, which also keeps what lookups answer. Everything else is passed on. */
export function verifiedBlockStore(store: BlockStore, blocks: VerifiedBlocks): BlockStore {
  const lookUp = store.lookUpChamp?.bind(store);
  return {
    getBlock: (cid, context) => blocks.getBlock(cid, context),
    startTransaction: store.startTransaction.bind(store),
    closeTransaction: store.closeTransaction.bind(store),
    putBlocks: store.putBlocks.bind(store),
    ...(lookUp === undefined
      ? {}
      : {
          lookUpChamp: async (root, lookups, context) => {
            const answer = await lookUp(root, lookups, context);
            blocks.keepHints(answer);
            return answer;
          },
        }),
  };
}
