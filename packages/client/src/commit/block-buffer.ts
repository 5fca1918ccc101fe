import { assertInstance } from '@pyrgos/core/arguments';
import { assertBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Hasher } from '@pyrgos/core/crypto';
import { ArgumentError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { followedLinks } from '@pyrgos/core/model';
import type { BlockReadContext, BlockSink, BlockSource } from '@pyrgos/core/store';
import { DroppedBlocks } from './dropped-blocks.js';

/** A block that is not uploaded yet. It has no signature: most buffered blocks are dropped before they would need one. */
export interface BufferedBlock {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
  readonly isRaw: boolean;
  /** Who wrote it; several writers may produce the same block, for example the empty CHAMP. */
  readonly writers: readonly PublicKeyHash[];
}

/** What is behind a block as far as it is buffered. */
export interface BufferedReach {
  /** The buffered blocks, in insertion order. */
  readonly blocks: readonly BufferedBlock[];
  /** Where links lead out of the buffer: keys of CIDs. */
  readonly exits: readonly string[];
}

/** A source that knows which blocks it can give without asking anybody. */
export interface CachedBlockSource extends BlockSource {
  /** The bytes, if they are at hand. */
  cached?(cid: Cid): Uint8Array | undefined;
}

/** A block with the keys of its links, as soon as somebody has asked for them. */
interface Held {
  readonly block: BufferedBlock;
  links: readonly string[] | undefined;
}

/**
 * The write buffer for blocks (chapter 03 section 11.3): insertion ordered, read first, over a source of verified blocks. Belongs to one
 * owner and one operation. The arrays it takes are kept as they are: do not modify them afterwards.
 *
 * A block leaves the buffer when it is stored, or is dropped and then remembered in `dropped`.
 */
export class BlockBuffer implements BlockSource {
  private readonly blocks = new Map<string, Held>();
  private bufferedBytes = 0;
  private isClosed = false;

  constructor(
    private readonly source: CachedBlockSource,
    private readonly hasher: Pick<Hasher, 'sha256'>,
    private readonly dropped: DroppedBlocks = new DroppedBlocks(),
  ) {}

  /** Bytes of all buffered blocks. */
  get size(): number {
    return this.bufferedBytes;
  }

  /** Number of buffered blocks. */
  get count(): number {
    return this.blocks.size;
  }

  /** Buffers a dag-cbor block. LimitError beyond MAX_BLOCK_SIZE; ArgumentError when the operation has ended. */
  putCbor(writer: PublicKeyHash, bytes: Uint8Array): Cid {
    return this.put(writer, bytes, false);
  }

  /** Buffers a raw block. Errors of {@link putCbor}. */
  putRaw(writer: PublicKeyHash, bytes: Uint8Array): Cid {
    return this.put(writer, bytes, true);
  }

  /** Where computations of `writer` put their new dag-cbor blocks. */
  sinkFor(writer: PublicKeyHash): BlockSink {
    assertInstance('writer', writer, PublicKeyHash);
    return { putCbor: (bytes) => this.putCbor(writer, bytes) };
  }

  /** The buffered block, or undefined; never asks the source. */
  find(cid: Cid): BufferedBlock | undefined {
    assertInstance('cid', cid, Cid);
    return this.blocks.get(cid.key)?.block;
  }

  /** The bytes, if they are buffered or in the cache of the source; asks nobody. */
  atHand(cid: Cid): Uint8Array | undefined {
    const buffered = this.find(cid);
    if (buffered !== undefined) return buffered.bytes;
    const bytes = this.source.cached?.(cid);
    if (bytes !== undefined) this.dropped.served(cid, bytes);
    return bytes;
  }

  /** The buffered bytes, or those of the source. */
  async getBlock(cid: Cid, context: BlockReadContext): Promise<Uint8Array> {
    const buffered = this.find(cid);
    if (buffered !== undefined) return buffered.bytes;
    const bytes = await this.source.getBlock(cid, context);
    this.dropped.served(cid, bytes);
    return bytes;
  }

  /**
   * What must be stored before a pointer to `root` is sent: the buffered blocks that `root` reaches through buffered blocks. What is not
   * buffered is on the server already, unless it was dropped. FormatError for a buffered block that is no dag-cbor.
   */
  reachableFrom(root: Cid): BufferedReach {
    assertInstance('cid', root, Cid);
    const { marked, exits } = this.mark([root.key], linksOf);
    const blocks: BufferedBlock[] = [];
    for (const [key, { block }] of this.blocks) if (marked.has(key)) blocks.push(block);
    return { blocks, exits };
  }

  /**
   * Local garbage collection (section 11.5 step 2): drops what replaced versions reach and `live` does not contain. What no version has
   * linked to yet stays.
   */
  dropReplaced(replaced: readonly Cid[], live: Iterable<BufferedBlock>): void {
    const garbage = this.mark(
      replaced.map(({ key }) => key),
      linksOrNoneOf,
    ).marked;
    for (const { cid } of live) garbage.delete(cid.key);
    this.drop((key) => garbage.has(key));
  }

  /** Takes out blocks that are stored now. */
  stored(blocks: readonly Pick<BufferedBlock, 'cid'>[]): void {
    for (const { cid } of blocks) this.remove(cid.key);
    this.dropped.stored(blocks.map(({ cid }) => cid.key));
  }

  /** Drops everything. */
  clear(): void {
    this.drop(() => true);
  }

  /** Drops everything and takes no more: the operation has ended. */
  close(): void {
    this.isClosed = true;
    this.clear();
  }

  /** ArgumentError when the operation has ended. */
  requireOpen(): void {
    if (this.isClosed) throw new ArgumentError('committer', 'belongs to an operation that has ended');
  }

  private mark(
    roots: readonly string[],
    links: (held: Held) => readonly string[],
  ): { readonly marked: Set<string>; readonly exits: string[] } {
    const marked = new Set<string>();
    const exits: string[] = [];
    const queue = [...roots];
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const held = this.blocks.get(key);
      if (held === undefined) exits.push(key);
      else if (!marked.has(key)) {
        marked.add(key);
        for (const link of links(held)) queue.push(link);
      }
    }
    return { marked, exits };
  }

  private drop(isGarbage: (key: string) => boolean): void {
    const garbage = [...this.blocks].filter(([key]) => isGarbage(key));
    for (const [, held] of garbage) this.dropped.add(held.block.cid, linksOrNoneOf(held), (link) => this.blocks.has(link));
    for (const [key] of garbage) this.remove(key);
  }

  private remove(key: string): void {
    this.bufferedBytes -= this.blocks.get(key)?.block.bytes.length ?? 0;
    this.blocks.delete(key);
  }

  private put(writer: PublicKeyHash, bytes: Uint8Array, isRaw: boolean): Cid {
    assertInstance('writer', writer, PublicKeyHash);
    assertBytes('bytes', bytes);
    if (bytes.length > MAX_BLOCK_SIZE) throw new LimitError('block size', bytes.length, MAX_BLOCK_SIZE);
    this.requireOpen();
    const cid = Cid.ofSha256(this.hasher.sha256(bytes), isRaw ? CidCodec.raw : CidCodec.dagCbor);
    const known = this.blocks.get(cid.key);
    if (known === undefined) {
      this.blocks.set(cid.key, { block: { cid, bytes, isRaw, writers: [writer] }, links: undefined });
      this.bufferedBytes += bytes.length;
    } else if (!known.block.writers.some((other) => other.equals(writer))) {
      this.blocks.set(cid.key, { ...known, block: { ...known.block, writers: [...known.block.writers, writer] } });
    }
    return cid;
  }
}

/** The keys of the links of a block, which is decoded once; FormatError for one that is no dag-cbor. */
function linksOf(held: Held): readonly string[] {
  held.links ??= followedLinks(held.block.cid, held.block.bytes).map(({ key }) => key);
  return held.links;
}

function linksOrNoneOf(held: Held): readonly string[] {
  try {
    return linksOf(held);
  } catch (error) {
    if (error instanceof PyrgosError) return [];
    throw error;
  }
}
