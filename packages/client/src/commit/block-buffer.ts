import { assertBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { ArgumentError, LimitError } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { followedLinks } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSink, BlockSource } from '@pyrgos/core/store';

/** A block that is not uploaded yet. It has no signature: most buffered blocks are dropped before they would need one. */
export interface BufferedBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
  readonly isRaw: boolean;
  /** Who wrote it; several writers may produce the same block, for example the empty CHAMP. */
  readonly writers: readonly PublicKeyHash[];
}

/**
 * The write buffer for blocks (chapter 03 section 11.3): insertion ordered, read first, over a source of verified blocks. Belongs to one
 * owner and one operation. The arrays it takes are kept as they are: do not modify them afterwards.
 */
export class BlockBuffer implements BlockSource {
  private readonly blocks = new Map<string, BufferedBlock>();
  private bufferedBytes = 0;

  constructor(
    private readonly source: BlockSource,
    private readonly hasher: Pick<Hasher, 'sha256'>,
  ) {}

  /** Bytes of all buffered blocks. */
  get size(): number {
    return this.bufferedBytes;
  }

  /** Number of buffered blocks. */
  get count(): number {
    return this.blocks.size;
  }

  /** Buffers a dag-cbor block. LimitError beyond MAX_BLOCK_SIZE. */
  putCbor(writer: PublicKeyHash, bytes: Uint8Array): Cid {
    return this.put(writer, bytes, false);
  }

  /** Buffers a raw block. LimitError beyond MAX_BLOCK_SIZE. */
  putRaw(writer: PublicKeyHash, bytes: Uint8Array): Cid {
    return this.put(writer, bytes, true);
  }

  /** Where computations of `writer` put their new dag-cbor blocks. */
  sinkFor(writer: PublicKeyHash): BlockSink {
    return { putCbor: (bytes) => this.putCbor(writer, bytes) };
  }

  /** The buffered block, or undefined; never asks the source. */
  find(cid: Cid): BufferedBlock | undefined {
    return this.blocks.get(cid.key);
  }

  /** The buffered bytes, or those of the source. */
  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    return this.blocks.get(cid.key)?.bytes ?? this.source.getBlock(cid, context);
  }

  /**
   * The buffered blocks reachable from `root` through buffered blocks, in insertion order: what must be stored before a pointer to
   * `root` is sent. Anything behind a block that is not buffered is on the server already.
   */
  reachableFrom(root: Cid): BufferedBlock[] {
    const marked = new Set<string>();
    const queue: Cid[] = [root];
    for (let cid = queue.pop(); cid !== undefined; cid = queue.pop()) {
      const block = this.blocks.get(cid.key);
      if (block === undefined || marked.has(cid.key)) continue;
      marked.add(cid.key);
      queue.push(...followedLinks(cid, block.bytes));
    }
    return [...this.blocks].filter(([key]) => marked.has(key)).map(([, block]) => block);
  }

  /**
   * Local garbage collection: forgets every block that no root reaches (section 11.5 step 2). A fragment whose chunk is not linked from
   * a recorded WriterData yet is lost: never call it in the middle of a chunk.
   */
  retainReachable(roots: Iterable<Cid>): void {
    const kept = new Set<string>();
    for (const root of roots) for (const { cid } of this.reachableFrom(root)) kept.add(cid.key);
    this.drop([...this.blocks.values()].filter(({ cid }) => !kept.has(cid.key)));
  }

  /** Forgets some blocks: those that are uploaded. */
  drop(blocks: Iterable<Pick<BufferedBlock, 'cid'>>): void {
    for (const { cid } of blocks) {
      this.bufferedBytes -= this.blocks.get(cid.key)?.bytes.length ?? 0;
      this.blocks.delete(cid.key);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.blocks.clear();
    this.bufferedBytes = 0;
  }

  private put(writer: PublicKeyHash, bytes: Uint8Array, isRaw: boolean): Cid {
    if (!(writer instanceof PublicKeyHash)) throw new ArgumentError('writer', 'must be a PublicKeyHash');
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('block size', bytes.length, MAX_BLOCK_SIZE);
    const cid = Cid.ofSha256(this.hasher.sha256(bytes), isRaw ? CidCodec.raw : CidCodec.dagCbor);
    const known = this.blocks.get(cid.key);
    if (known === undefined) {
      this.blocks.set(cid.key, { cid, bytes, isRaw, writers: [writer] });
      this.bufferedBytes += bytes.length;
    } else if (!known.writers.some((other) => other.equals(writer))) {
      this.blocks.set(cid.key, { ...known, writers: [...known.writers, writer] });
    }
    return cid;
  }
}
