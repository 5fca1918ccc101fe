import { type Cid, CidCodec, decodeCid } from '@pyrgos/core/codec';
import { NotFoundError } from '@pyrgos/core/errors';
import { unpackList } from '../blocks/block-metadata.js';
import type { BlockTable } from '../blocks/block-table.js';
import type { LocalBlockStore } from '../blocks/local-block-store.js';
import { IdSet } from './id-set.js';

/** What {@link Marker} needs. */
export interface MarkerOptions {
  readonly blocks: BlockTable;
  readonly local: Pick<LocalBlockStore, 'metadata' | 'sizeOf'>;
  readonly username: string;
  readonly partition: number;
  /** Called after every look-up; gives others a turn now and then. */
  readonly step: () => Promise<void>;
}

/** Whether a binary CID is version 1 with codec raw: such a block has no links. */
function isRaw(cid: Uint8Array): boolean {
  return cid[0] === 1 && cid[1] === CidCodec.raw;
}

function missing(cid: Cid): NotFoundError {
  return new NotFoundError('not-found.block', `block ${cid.toString()} is linked and not stored`, { cid: cid.toString() });
}

/**
 * Marks what is reachable (chapter 08 section 5 step 8), over the metadata in the database alone; a block is read only when its metadata is
 * missing. Every block is looked up once for each link to it, in an index, and its links are read once; raw blocks have none.
 *
 * Memory: one bit for each block ({@link IdSet}), and 8 bytes for each block that waits to be followed.
 */
export class Marker {
  readonly marked: IdSet = new IdSet();
  /** Times that links were read. */
  linkReads = 0;
  /**
   * Linked blocks that are not stored. What a block that is nowhere would link cannot be reached by anybody, so they do not stop the
   * collection: otherwise one link that leads nowhere would keep all garbage of a user for ever. What is damaged or unreadable does.
   */
  missing = 0;
  private readonly pending: number[] = [];

  constructor(private readonly options: MarkerOptions) {}

  /**
   * Marks a root and everything below it. NotFoundError when the root itself is missing: it was there when the pointer was accepted, so
   * the storage has lost something. Error `storage` when a block is damaged or cannot be read.
   */
  async markFrom(root: Cid): Promise<void> {
    if (root.isIdentity) {
      // No block itself, but nothing that hangs on it may be lost.
      const metadata = await this.options.local.metadata(this.options.username, root);
      for (const { bytes } of metadata?.links ?? []) await this.visit(bytes);
    } else if (!(await this.visit(root.bytes))) throw missing(root);
    for (let id = this.pending.pop(); id !== undefined; id = this.pending.pop()) {
      const links = this.options.blocks.links(id);
      this.linkReads++;
      if (links === undefined) throw new NotFoundError('not-found.block', 'a linked block disappeared during garbage collection');
      for (const link of unpackList(links)) await this.visit(link);
    }
  }

  /** Whether the block is stored. */
  private async visit(cid: Uint8Array): Promise<boolean> {
    const { blocks, partition, step } = this.options;
    await step();
    if (isRaw(cid)) {
      const id = blocks.idOf(partition, cid);
      if (id === undefined) return this.findRaw(decodeCid(cid));
      this.marked.add(id);
      return true;
    }
    const found = blocks.find(partition, cid) ?? (await this.recover(decodeCid(cid)));
    if (found === undefined) this.missing++;
    else if (this.marked.add(found.id) && found.hasLinks) this.pending.push(found.id);
    return found !== undefined;
  }

  private async findRaw(cid: Cid): Promise<boolean> {
    // Without metadata it is no candidate, so it need not be marked.
    const isStored = (await this.options.local.sizeOf(this.options.username, cid)) !== undefined;
    if (!isStored) this.missing++;
    return isStored;
  }

  /** A block without metadata: reads it, which stores its metadata. Undefined when it is certainly not stored. */
  private async recover(cid: Cid): Promise<ReturnType<BlockTable['find']>> {
    const { blocks, local, username, partition } = this.options;
    if ((await local.metadata(username, cid)) === undefined) return undefined;
    const found = blocks.find(partition, cid.bytes);
    if (found === undefined) throw missing(cid);
    return found;
  }
}
