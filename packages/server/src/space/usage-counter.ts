import { type Cid, CidCodec, decodeCid } from '@pyrgos/core/codec';
import { LimitError } from '@pyrgos/core/errors';
import type { BlockMetadata, LocalBlocks } from '../ports/local-blocks.js';
import {
  CONCURRENT_LARGE_COUNTS,
  MAX_CHANGE_FRONTIER,
  MAX_CHANGE_STEPS,
  MAX_COUNTED_BLOCKS,
  MAX_COUNTED_LINKS,
  MAX_NOTED_MISSING_BLOCKS,
  SMALL_COUNT,
  WORK_OF_READ,
  WORK_PER_TURN,
} from '../limits.js';
import type { FairTurns } from './fair-turns.js';
import { IntegerList } from './integer-list.js';
import { LargeCounts } from './large-counts.js';

/** The most bytes that anything is said to have. */
export const MAX_BYTES: number = Number.MAX_SAFE_INTEGER;

/** The size of everything below a block. */
export interface CountedTree {
  /** Bytes, a block counting as often as it is linked (chapter 08 section 6.1); at most {@link MAX_BYTES}. */
  readonly bytes: number;
  /** Blocks that were not there, and perhaps some that were not when an earlier version was counted. They count nothing. Undefined: too many. */
  readonly missing: readonly Cid[] | undefined;
}

/** What an empty pointer is charged with. */
const NOTHING_COUNTED: CountedTree = { bytes: 0, missing: [] };

/** A tree that was counted before. */
export interface CountedBefore extends CountedTree {
  readonly target: Cid | undefined;
}

/** Bounds of one count; tests lower them. */
export interface UsageCounterLimits {
  readonly maxBlocks: number;
  readonly maxLinks: number;
  readonly maxChangeSteps: number;
  readonly maxChangeFrontier: number;
  readonly smallCount: number;
}

const defaultLimits: UsageCounterLimits = {
  maxBlocks: MAX_COUNTED_BLOCKS,
  maxLinks: MAX_COUNTED_LINKS,
  maxChangeSteps: MAX_CHANGE_STEPS,
  maxChangeFrontier: MAX_CHANGE_FRONTIER,
  smallCount: SMALL_COUNT,
};

/** What {@link UsageCounter} needs. */
export interface UsageCounterOptions {
  readonly local: LocalBlocks;
  readonly turns: FairTurns;
  readonly limits?: Partial<UsageCounterLimits>;
}

/**
 * Counts what a writer is charged with, from block metadata alone (chapter 08 sections 6.1 and 6.3). Blocks never change, so a count can
 * be made before the transaction that uses it. Work and memory are bounded whatever shape a hostile user gives to its blocks: each
 * block costs a constant, however many paths lead to it, and there is no recursion.
 */
export class UsageCounter {
  private readonly local: LocalBlocks;
  private readonly turns: FairTurns;
  private readonly limits: UsageCounterLimits;
  private readonly large = new LargeCounts(CONCURRENT_LARGE_COUNTS);

  constructor(options: UsageCounterOptions) {
    this.local = options.local;
    this.turns = options.turns;
    this.limits = { ...defaultLimits, ...options.limits };
  }

  /** The size of a tree from nothing. LimitError when it has more blocks or links than a server can count. */
  async count(username: string, root: Cid | undefined): Promise<CountedTree> {
    if (root === undefined) return NOTHING_COUNTED;
    const walk = new Walk(this.local, this.turns, username);
    const release = await this.large.enter(username);
    try {
      return await new FullCount(walk, this.limits).run(root);
    } finally {
      release();
    }
  }

  /**
   * The size of `root` given an earlier version that shares most blocks with it: visits only what differs. Falls back to {@link count}
   * when a block that the earlier version lacked has arrived since, or when almost everything differs.
   */
  async countNext(username: string, before: CountedBefore, root: Cid | undefined): Promise<CountedTree> {
    if (root === undefined) return NOTHING_COUNTED;
    const walk = new Walk(this.local, this.turns, username);
    if (before.bytes < MAX_BYTES && before.missing !== undefined && (await allMissing(walk, before.missing))) {
      const changed = await this.change(walk, before, root, new Missing(before.missing));
      if (changed !== undefined) return changed;
    }
    return this.count(username, root);
  }

  /** Undefined when the difference is too large for this way. */
  private async change(walk: Walk, before: CountedBefore, root: Cid, missing: Missing): Promise<CountedTree | undefined> {
    let release: (() => void) | undefined;
    let level = new Frontier();
    level.add(root, 1);
    if (before.target !== undefined) level.add(before.target, -1);
    let bytes = before.bytes;
    try {
      // Level by level the new version adds and the old one takes away; what both share cancels out before it is looked at.
      while (level.size > 0) {
        const next = new Frontier();
        for (const { cid, weight } of level.entries()) {
          if (weight === 0) continue;
          const block = await walk.read(cid);
          if (walk.steps > this.limits.maxChangeSteps) return undefined;
          if (block === undefined) {
            // If a block of the old version is gone, its share of the bytes is unknown.
            if (weight < 0 && !missing.has(cid)) return undefined;
            missing.add(cid);
            continue;
          }
          bytes += weight * block.size;
          if (!Number.isSafeInteger(bytes) || !Number.isSafeInteger(weight)) return undefined;
          for (const link of block.links) next.add(link, weight);
          if (next.size > this.limits.maxChangeFrontier) return undefined;
          if (release === undefined && next.size > this.limits.smallCount) release = await this.large.enter(walk.username);
        }
        level = next;
      }
    } finally {
      release?.();
    }
    return bytes < 0 ? undefined : { bytes, missing: missing.list };
  }
}

async function allMissing(walk: Walk, cids: readonly Cid[]): Promise<boolean> {
  for (const cid of cids) if ((await walk.read(cid)) !== undefined) return false;
  return true;
}

/** A few missing blocks; more are not noted down. */
class Missing {
  private readonly cids = new Map<string, Cid>();

  constructor(known: readonly Cid[]) {
    for (const cid of known) this.cids.set(cid.key, cid);
  }

  /** Undefined when there are too many. */
  get list(): readonly Cid[] | undefined {
    return this.cids.size > MAX_NOTED_MISSING_BLOCKS ? undefined : [...this.cids.values()];
  }

  has(cid: Cid): boolean {
    return this.cids.has(cid.key);
  }

  add(cid: Cid): void {
    if (this.cids.size <= MAX_NOTED_MISSING_BLOCKS) this.cids.set(cid.key, cid);
  }
}

/** Reads metadata for one count and gives way to others in between. */
class Walk {
  /** Blocks read and links seen. */
  steps = 0;
  private work = 0;

  constructor(
    private readonly local: LocalBlocks,
    private readonly turns: FairTurns,
    readonly username: string,
  ) {}

  async read(cid: Cid): Promise<BlockMetadata | undefined> {
    const block = await this.local.metadata(this.username, cid);
    const links = block?.links.length ?? 0;
    this.steps += 1 + links;
    await this.pauseAfter(WORK_OF_READ + links);
    return block;
  }

  /** Lets others have their turn once enough work has come together. */
  async pauseAfter(work: number): Promise<void> {
    this.work += work;
    if (this.work < WORK_PER_TURN) return;
    this.work = 0;
    await this.turns.next(this.username);
  }
}

interface Weighted {
  readonly cid: Cid;
  weight: number;
}

/** The blocks of one level, each with the number of new paths to it minus that of old ones. */
class Frontier {
  private readonly blocks = new Map<string, Weighted>();

  get size(): number {
    return this.blocks.size;
  }

  add(cid: Cid, weight: number): void {
    const known = this.blocks.get(cid.key);
    if (known === undefined) this.blocks.set(cid.key, { cid, weight });
    else known.weight += weight;
  }

  entries(): IterableIterator<Weighted> {
    return this.blocks.values();
  }
}

/**
 * Counts a whole tree. First it finds all blocks that may have links, each once; then it goes from parents to children and adds up the
 * number of paths to each block. Raw blocks are added to their parents at once.
 */
class FullCount {
  private readonly indexes = new Map<string, number>();
  /** Bytes of each block together with the raw blocks that it links. */
  private readonly ownBytes: number[] = [];
  /** Where the links of each block begin in {@link links}. */
  private readonly firstLink = new IntegerList();
  private readonly lastLink = new IntegerList();
  private readonly links = new IntegerList();
  private readonly parentsLeft = new IntegerList();
  /** The CIDs as map keys, which take far less memory than objects. */
  private readonly keys: string[] = [];
  private readonly unread = new IntegerList();
  private linksSeen = 0;
  private readonly missing = new Missing([]);

  constructor(
    private readonly walk: Walk,
    private readonly limits: UsageCounterLimits,
  ) {}

  async run(root: Cid): Promise<CountedTree> {
    this.indexOf(root);
    for (let index = this.unread.pop(); index !== undefined; index = this.unread.pop()) {
      await this.readBlock(cidOfKey(this.keys[index] ?? ''), index);
    }
    return { bytes: await this.addUp(), missing: this.missing.list };
  }

  private indexOf(cid: Cid): number {
    const known = this.indexes.get(cid.key);
    if (known !== undefined) return known;
    const index = this.indexes.size;
    if (index >= this.limits.maxBlocks) throw new LimitError('blocks of one writer', index + 1, this.limits.maxBlocks);
    this.indexes.set(cid.key, index);
    this.ownBytes.push(0);
    this.firstLink.push(0);
    this.lastLink.push(0);
    this.parentsLeft.push(0);
    this.keys.push(cid.key);
    this.unread.push(index);
    return index;
  }

  private async readBlock(cid: Cid, index: number): Promise<void> {
    const block = await this.walk.read(cid);
    if (block === undefined) {
      this.missing.add(cid);
      return;
    }
    let bytes = block.size;
    // Blocks are read one at a time, so that the links of one lie together.
    this.firstLink.set(index, this.links.length);
    for (const link of block.links) {
      if (++this.linksSeen > this.limits.maxLinks) throw new LimitError('links of one writer', this.linksSeen, this.limits.maxLinks);
      if (link.codec === CidCodec.raw) {
        const raw = await this.walk.read(link);
        if (raw === undefined) this.missing.add(link);
        else bytes += raw.size;
        continue;
      }
      const child = this.indexOf(link);
      this.parentsLeft.set(child, this.parentsLeft.get(child) + 1);
      this.links.push(child);
    }
    this.lastLink.set(index, this.links.length);
    this.ownBytes[index] = bytes;
  }

  /** A block comes up when all its parents have been added up: links of hashes cannot form a cycle. */
  private async addUp(): Promise<number> {
    const paths = new Float64Array(this.indexes.size);
    paths[0] = 1;
    const ready = [0];
    let bytes = 0;
    for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
      const ways = paths[index] ?? 0;
      bytes += ways * (this.ownBytes[index] ?? 0);
      // A block that links another is larger than one byte, so more paths than this mean more bytes than this as well.
      if (bytes > MAX_BYTES || ways > MAX_BYTES) return MAX_BYTES;
      for (let at = this.firstLink.get(index); at < this.lastLink.get(index); at++) {
        const child = this.links.get(at);
        paths[child] = (paths[child] ?? 0) + ways;
        const left = this.parentsLeft.get(child) - 1;
        this.parentsLeft.set(child, left);
        if (left === 0) ready.push(child);
      }
      await this.walk.pauseAfter(1 + this.lastLink.get(index) - this.firstLink.get(index));
    }
    return bytes;
  }
}

/** Inverse of {@link Cid.key}. */
function cidOfKey(key: string): Cid {
  return decodeCid(Uint8Array.from(key, (character) => character.charCodeAt(0)));
}
