import { assertInteger } from '@pyrgos/core/bytes';
import { type Cid, CidCodec } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { followedLinks } from '@pyrgos/core/model';

/** Dropped blocks that a session remembers unless told otherwise: about 10 MB. Beyond it the oldest are forgotten. */
const CAPACITY = 65_536;

/**
 * The blocks that a session has computed and dropped before a pointer reached them: those of operations that failed, and intermediate
 * results. Whoever still has the CID of one, for example inside a WriterData, could link to it again, and the pointer would lead to
 * blocks that are stored nowhere. So the commit pipeline asks here before it sends anything (decision 006).
 *
 * Many of them are stored after all: a commit may be applied although it seems to have failed, and other devices and writers may have
 * the same blocks. What a block that the server hands out links to is stored, and so is everything below that.
 */
export class DroppedBlocks {
  /** Each dropped block with the dropped blocks that it links to; oldest first. */
  private readonly links = new Map<string, readonly string[]>();
  /** Arrays of blocks that {@link DroppedBlocks.served} has looked at since a block was dropped; caches hand out the same ones again and again. */
  private looked = new WeakSet<Uint8Array>();

  constructor(private readonly capacity: number = CAPACITY) {
    assertInteger('capacity', capacity, 1, Number.MAX_SAFE_INTEGER);
  }

  /** Number of remembered blocks. */
  get count(): number {
    return this.links.size;
  }

  /** Whether the block was dropped, and nothing shows that it is stored. */
  has(cid: Cid): boolean {
    return this.links.has(cid.key);
  }

  /** Remembers a dropped block and the keys of its links. `isUnstored` says whether a block it links to is waiting in a buffer. */
  add(cid: Cid, links: readonly string[], isUnstored: (link: string) => boolean): void {
    const below = links.filter((link) => isUnstored(link) || this.links.has(link));
    this.links.delete(cid.key);
    this.links.set(cid.key, below);
    this.looked = new WeakSet();
    for (const oldest of this.links.keys()) {
      if (this.links.size <= this.capacity) break;
      this.links.delete(oldest);
    }
  }

  /** Takes note that a current pointer reaches the blocks with some keys: they are stored, with everything below them. */
  stored(keys: readonly string[]): void {
    if (this.links.size === 0) return;
    for (const key of this.below(keys)) this.links.delete(key);
  }

  /** Takes note of a block that the server has handed out. */
  served(cid: Cid, bytes: Uint8Array): void {
    // A dropped block that the server has may be the rest of a failed upload: nothing is known about what is below it.
    if (this.links.size === 0 || cid.codec !== CidCodec.dagCbor || this.has(cid) || this.looked.has(bytes)) return;
    this.looked.add(bytes);
    this.stored(linksOrNone(cid, bytes));
  }

  /** The first of `links` that was dropped and is not below `stored`; that is asked for only if one was dropped. */
  firstLost(links: readonly string[], stored: () => readonly string[]): string | undefined {
    const open = links.filter((link) => this.links.has(link));
    if (open.length === 0) return undefined;
    const below = this.below(stored());
    return open.find((key) => !below.has(key));
  }

  /** The dropped blocks among `roots` and below them. */
  private below(roots: readonly string[]): Set<string> {
    const found = new Set<string>();
    const queue = [...roots];
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const links = this.links.get(key);
      if (links === undefined || found.has(key)) continue;
      found.add(key);
      for (const link of links) queue.push(link);
    }
    return found;
  }
}

/** The keys of the links of a block; none when it is malformed, which whoever uses it will say. */
export function linksOrNone(cid: Cid, bytes: Uint8Array): readonly string[] {
  try {
    return followedLinks(cid, bytes).map(({ key }) => key);
  } catch (error) {
    if (error instanceof PyrgosError) return [];
    throw error;
  }
}
