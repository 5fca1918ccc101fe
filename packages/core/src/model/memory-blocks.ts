import { assertInstance, assertMethods } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import type { Hasher } from '../crypto/provider.js';
import { LimitError, NotFoundError } from '../errors.js';
import { MAX_BLOCK_SIZE } from '../limits.js';
import type { BlockSink, BlockSource } from '../store/block-store.js';

/** Blocks in memory: a sink for new dag-cbor blocks and a source for reading them back. For buffers and for small trees. */
export class MemoryBlocks implements BlockSource, BlockSink {
  private readonly blocks = new Map<string, Uint8Array>();

  constructor(private readonly hasher: Pick<Hasher, 'sha256'>) {
    assertMethods('hasher', hasher, 'sha256');
  }

  /** Number of distinct blocks. */
  get size(): number {
    return this.blocks.size;
  }

  /** Keeps a dag-cbor block; the array is kept as it is, so do not modify it. LimitError beyond MAX_BLOCK_SIZE. */
  putCbor(bytes: Uint8Array): Cid {
    return this.put(bytes, CidCodec.dagCbor);
  }

  /** Keeps a raw block. */
  putRaw(bytes: Uint8Array): Cid {
    return this.put(bytes, CidCodec.raw);
  }

  /** Whether the block is here. */
  has(cid: Cid): boolean {
    assertInstance('cid', cid, Cid);
    return this.blocks.has(cid.key);
  }

  /** The block, or undefined. */
  find(cid: Cid): Uint8Array | undefined {
    assertInstance('cid', cid, Cid);
    return this.blocks.get(cid.key);
  }

  /** The block; NotFoundError `not-found.block` when it is not here. */
  async getBlock(cid: Cid): Promise<Uint8Array> {
    const bytes = this.find(cid);
    if (bytes === undefined)
      throw new NotFoundError('not-found.block', `block ${cid.toString()} is not in memory`, { cid: cid.toString() });
    return bytes;
  }

  private put(bytes: Uint8Array, codec: typeof CidCodec.raw | typeof CidCodec.dagCbor): Cid {
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('block size', bytes.length, MAX_BLOCK_SIZE);
    const cid = Cid.ofSha256(this.hasher.sha256(bytes), codec);
    this.blocks.set(cid.key, bytes);
    return cid;
  }
}
