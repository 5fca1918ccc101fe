import { assertInteger } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
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

  /** Remembers a dropped block. `isUnstored` says whether a block it links to is waiting in a buffer. */
  add(cid: Cid, bytes: Uint8Array, isUnstored: (link: Cid) => boolean): void {
    const below = linksOrNone(cid, bytes).filter((link) => isUnstored(link) || this.has(link));
    this.links.delete(cid.key);
    this.links.set(
      cid.key,
      below.map(({ key }) => key),
    );
    for (const oldest of this.links.keys()) {
      if (this.links.size <= this.capacity) break;
      this.links.delete(oldest);
    }
  }

  /** Takes note that a current pointer reaches some blocks: they are stored, with everything below them. */
  stored(cids: readonly Cid[]): void {
    for (const key of this.below(cids)) this.links.delete(key);
  }

  /** Takes note of a block that the server has handed out. */
  served(cid: Cid, bytes: Uint8Array): void {
    // A dropped block that the server has may be the rest of a failed upload: nothing is known about what is below it.
    if (this.links.size === 0 || this.has(cid)) return;
    this.stored(linksOrNone(cid, bytes));
  }

  /** The first of `links` that was dropped and is not below `stored`; that is asked for only if one was dropped. */
  firstLost(links: readonly Cid[], stored: () => readonly Cid[]): Cid | undefined {
    const open = links.filter((link) => this.has(link));
    if (open.length === 0) return undefined;
    const below = this.below(stored());
    return open.find(({ key }) => !below.has(key));
  }

  /** The dropped blocks among `roots` and below them. */
  private below(roots: readonly Cid[]): Set<string> {
    const found = new Set<string>();
    const queue = roots.map(({ key }) => key);
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const links = this.links.get(key);
      if (links === undefined || found.has(key)) continue;
      found.add(key);
      queue.push(...links);
    }
    return found;
  }
}

/** The links of a block; none when it is malformed, which whoever uses it will say. */
export function linksOrNone(cid: Cid, bytes: Uint8Array): readonly Cid[] {
  try {
    return followedLinks(cid, bytes);
  } catch (error) {
    if (error instanceof PyrgosError) return [];
    throw error;
  }
}
