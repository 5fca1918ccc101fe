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
  /** Linked raw blocks that are not stored. They hide nothing, so they do not stop the collection. */
  missing = 0;
  private readonly pending: number[] = [];

  constructor(private readonly options: MarkerOptions) {}

  /** Marks a root and everything below it. NotFoundError when a dag-cbor block is missing: what it links to would look like garbage. */
  async markFrom(root: Cid): Promise<void> {
    if (root.isIdentity) {
      // No block itself, but nothing that hangs on it may be lost.
      const metadata = await this.options.local.metadata(this.options.username, root);
      for (const { bytes } of metadata?.links ?? []) await this.visit(bytes);
    } else await this.visit(root.bytes);
    for (let id = this.pending.pop(); id !== undefined; id = this.pending.pop()) {
      const links = this.options.blocks.links(id);
      this.linkReads++;
      if (links === undefined) throw new NotFoundError('not-found.block', 'a linked block disappeared during garbage collection');
      for (const link of unpackList(links)) await this.visit(link);
    }
  }

  private async visit(cid: Uint8Array): Promise<void> {
    const { blocks, partition, step } = this.options;
    await step();
    if (isRaw(cid)) {
      const id = blocks.idOf(partition, cid);
      if (id === undefined) await this.missRaw(decodeCid(cid));
      else this.marked.add(id);
      return;
    }
    const found = blocks.find(partition, cid) ?? (await this.recover(decodeCid(cid)));
    if (found !== undefined && this.marked.add(found.id) && found.hasLinks) this.pending.push(found.id);
  }

  private async missRaw(cid: Cid): Promise<void> {
    // Without metadata it is no candidate, so it need not be marked.
    if ((await this.options.local.sizeOf(this.options.username, cid)) === undefined) this.missing++;
  }

  /** A block without metadata: reads it, which stores its metadata. */
  private async recover(cid: Cid): Promise<ReturnType<BlockTable['find']>> {
    const { blocks, local, username, partition } = this.options;
    if ((await local.metadata(username, cid)) === undefined) throw missing(cid);
    return blocks.find(partition, cid.bytes);
  }
}
