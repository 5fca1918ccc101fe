import { assertInstance, assertIterable, assertMethods, assertObject, assertOptionalInstance } from '../../arguments.js';
import { assertBytes, copyBytes, equalBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { Cid } from '../../codec/cid.js';
import { ArgumentError, ConflictError, LimitError, throwIfAborted } from '../../errors.js';
import { BatId } from '../../keys/bat.js';
import { MAX_CHAMP_DEPTH, MAX_CHAMP_KEY_SIZE } from '../../limits.js';
import type { BlockReadContext, BlockSink, BlockSource } from '../../store/block-store.js';
import { ChampChild, type ChampEntry, ChampNode, champNodeFromCbor, champNodeToCbor, compareEntries } from './champ-node.js';
import { type ChampOptions, ChampShape } from './champ-shape.js';

/** A mapping as callers see it. */
export interface ChampMapping {
  readonly key: Uint8Array;
  readonly value: CborValue;
}

/** Equality of values: links by CID, everything else by its CBOR; null equals absent (chapter 03 section 4.6). */
export function equalChampValues(a: CborValue | undefined, b: CborValue | undefined): boolean {
  const left = a ?? undefined;
  const right = b ?? undefined;
  if (left === undefined || right === undefined) return left === right;
  if (left instanceof Cid && right instanceof Cid) return left.equals(right);
  return equalBytes(encodeCbor(left), encodeCbor(right));
}

function describe(value: CborValue | undefined): string {
  if (value instanceof Cid) return value.toString();
  return value === undefined || value === null ? 'absent' : 'a value';
}

function casFailure(existing: CborValue | undefined, claimed: CborValue | undefined): ConflictError {
  const data = { existing: describe(existing), claimed: describe(claimed) };
  // The wording is part of the protocol: clients recognise the conflict by it (section 4.6).
  const text = `CAS exception updating cryptree node. existing: ${data.existing}, claimed: ${data.claimed}`;
  return new ConflictError('conflict.champ', text, data);
}

function checkSource(source: BlockSource, context: BlockReadContext): void {
  assertMethods('source', source, 'getBlock');
  assertObject('context', context);
}

/** A checked copy of a key: callers may reuse their array, and with the identity path hash it is the path as well. */
function ownKey(key: Uint8Array): Uint8Array {
  assertBytes('key', key);
  if (key.length > MAX_CHAMP_KEY_SIZE) throw new LimitError('CHAMP key size', key.length, MAX_CHAMP_KEY_SIZE);
  // Not slice(): that of a Node Buffer shares its memory.
  return new Uint8Array(key);
}

/** A copy of a value that is certain to have a CBOR form, so that a bad one fails its put and not every later flush. */
function ownValue(value: CborValue): CborValue {
  if (value === null || value === undefined) throw new ArgumentError('value', 'must not be null; use remove()');
  return value instanceof Cid ? value : decodeCbor(encodeCbor(value));
}

/** The way from the root to the node in whose slot a key belongs; `children[i]` leads from level i to level i + 1. */
interface Descent {
  readonly node: ChampNode;
  readonly depth: number;
  readonly slot: number;
  readonly children: readonly ChampChild[];
}

/**
 * A persistent map from byte strings to CBOR values, stored as a tree of small blocks (chapter 03 section 4), opened for editing.
 *
 * Nodes are loaded when they are needed. Edits happen in memory; {@link Champ.flush} encodes and hashes each changed node once. The
 * result is the one canonical tree of section 4.4, whatever the order of edits. An edit that fails leaves everything as it was, and
 * edits may run concurrently: each takes effect in one step after what it needs is loaded. Do not edit during an iteration.
 */
export class Champ {
  private readonly shape: ChampShape;
  private root: ChampChild;
  private mirror: BatId | undefined;

  private constructor(
    root: ChampChild,
    private readonly source: BlockSource,
    private readonly context: BlockReadContext,
    shape: ChampShape,
  ) {
    this.root = root;
    this.shape = shape;
  }

  /** A new, empty map. `context` is used for reading what is loaded later. */
  static empty(source: BlockSource, context: BlockReadContext, options: ChampOptions = {}): Champ {
    checkSource(source, context);
    const shape = new ChampShape(options);
    return new Champ(new ChampChild(undefined, ChampNode.empty(shape)), source, context, shape);
  }

  /** The map at `root`; nothing is loaded yet. `context.bat` opens the root, and the root only. */
  static open(root: Cid, source: BlockSource, context: BlockReadContext, options: ChampOptions = {}): Champ {
    assertInstance('root', root, Cid);
    checkSource(source, context);
    return new Champ(new ChampChild(root, undefined), source, context, new ChampShape(options));
  }

  /** A map whose root node is embedded in another block (section 8.1). */
  static fromCbor(value: CborValue, source: BlockSource, context: BlockReadContext, options: ChampOptions = {}): Champ {
    checkSource(source, context);
    const shape = new ChampShape(options);
    return new Champ(new ChampChild(undefined, champNodeFromCbor(value, shape, [])), source, context, shape);
  }

  /** The user's current mirror BAT id, if the root is to carry one. Set it before editing a gated map (section 4.12). */
  get mirrorBat(): BatId | undefined {
    return this.mirror;
  }

  set mirrorBat(bat: BatId | undefined) {
    assertOptionalInstance('mirrorBat', bat, BatId);
    this.mirror = bat;
    // A map that was never stored gets its BAT even if nothing is put into it.
    if (this.root.cid === undefined && this.root.node !== undefined && this.root.node.slots.every((slot) => slot === undefined)) {
      this.root.node.bat = bat;
    }
  }

  /** The CID of the root, or undefined while there are unsaved changes. */
  get rootCid(): Cid | undefined {
    return this.root.cid;
  }

  /**
   * The value of a key, or undefined. NotFoundError when a node is missing, FormatError when one is malformed. What is not loaded yet is
   * read from `source`, by default that of the map, and stays loaded: it must give the same blocks.
   */
  async get(key: Uint8Array, source: BlockSource = this.source): Promise<CborValue | undefined> {
    const own = ownKey(key);
    return this.at(this.shape.hashKey(own), (descent) => this.find(descent, own)?.value ?? undefined, source);
  }

  /**
   * Maps `key` to `value`. `expected` is what the caller believes is stored; it is compared only when the key is present (section
   * 4.6), and a difference is a ConflictError `conflict.champ`. LimitError when more keys share a path than the tree can separate.
   */
  async put(key: Uint8Array, expected: CborValue | undefined, value: CborValue): Promise<void> {
    const own = ownKey(key);
    const entry: ChampEntry = { key: own, hash: this.shape.hashKey(own), value: ownValue(value) };
    await this.at(entry.hash, (descent) => this.putAt(descent, entry, expected));
  }

  private putAt(descent: Descent, added: ChampEntry, expected: CborValue | undefined): void {
    const { node, depth, slot } = descent;
    const entries = this.entriesIn(node, slot);
    const index = entries.findIndex((entry) => equalBytes(entry.key, added.key));
    const existing = entries[index];
    if (existing !== undefined) {
      if (!equalChampValues(existing.value, expected)) throw casFailure(existing.value, expected);
      if (equalChampValues(existing.value, added.value)) return;
      node.slots[slot] = entries.with(index, added);
    } else {
      const all = [...entries, added].sort(compareEntries);
      node.slots[slot] = all.length <= this.shape.maxInline ? all : new ChampChild(undefined, this.buildNode(all, depth + 1));
    }
    this.touch(descent);
  }

  /**
   * Removes `key`. Nothing happens when the key's slot is unused; a ConflictError `conflict.champ` when the slot holds other keys only,
   * or when the value is not `expected` (section 4.7).
   */
  async remove(key: Uint8Array, expected: CborValue | undefined): Promise<void> {
    const own = ownKey(key);
    await this.at(this.shape.hashKey(own), (descent) => {
      if (descent.node.slots[descent.slot] === undefined) return;
      const existing = this.find(descent, own);
      if (existing === undefined || !equalChampValues(existing.value, expected)) throw casFailure(existing?.value, expected);
      this.removeFrom(descent, own);
    });
  }

  /** Removes many keys without comparing values; absent ones are ignored. All or nothing (section 4.8). */
  async removeAll(keys: Iterable<Uint8Array>): Promise<void> {
    assertIterable('keys', keys);
    const list = Array.from(keys, ownKey);
    // First load everything, so that a missing block cannot leave half of the keys removed.
    for (const key of list) await this.at(this.shape.hashKey(key), () => undefined);
    for (const key of list) {
      const descent = this.descendLoaded(this.shape.hashKey(key));
      if (descent instanceof ChampChild) throw new ConflictError('conflict.champ', 'the map was changed while keys were removed');
      if (this.find(descent, key) !== undefined) this.removeFrom(descent, key);
    }
  }

  /** All mappings in the order of section 4.9, null values left out. Loads one path at a time and keeps nothing of what it loads. */
  async *entries(): AsyncGenerator<ChampMapping, void, undefined> {
    for await (const { key, value } of this.walk(this.root, [], new Set())) if (value !== null) yield { key: copyBytes(key), value };
  }

  /** Number of mappings in all nodes, null-valued ones included (section 4.9). Walks the whole tree. */
  async size(): Promise<number> {
    let size = 0;
    for await (const _ of this.walk(this.root, [], new Set())) size++;
    return size;
  }

  /**
   * Saves every changed node into `sink`, children first, and returns the CID of the root. What was not changed is not written. When the
   * sink throws, everything still counts as changed, so that the next flush writes it again.
   */
  flush(sink: BlockSink): Cid {
    return this.saving(sink, (saved) => this.save(this.root, sink, saved));
  }

  /** Like {@link flush}, but returns the root node as a value for embedding instead of writing it. */
  async toCbor(sink: BlockSink): Promise<CborValue> {
    const node = this.root.node ?? (await this.load(this.root, []));
    return this.saving(sink, (saved) => {
      this.saveChildren(node, sink, saved);
      return champNodeToCbor(node);
    });
  }

  /** Nodes in memory. */
  get loadedNodes(): number {
    const count = ({ node }: ChampChild): number => {
      if (node === undefined) return 0;
      let sum = 1;
      for (const slot of node.slots) if (slot instanceof ChampChild) sum += count(slot);
      return sum;
    };
    return count(this.root);
  }

  /** Forgets loaded nodes that have no unsaved changes, to bound the memory of a long-lived map. */
  unload(): void {
    const forget = (child: ChampChild): void => {
      if (child.cid !== undefined) child.node = undefined;
      else for (const slot of child.node?.slots ?? []) if (slot instanceof ChampChild) forget(slot);
    };
    forget(this.root);
  }

  private entriesIn(node: ChampNode, slot: number): readonly ChampEntry[] {
    const content = node.slots[slot];
    return content === undefined || content instanceof ChampChild ? [] : content;
  }

  private find(descent: Descent, key: Uint8Array): ChampEntry | undefined {
    return this.entriesIn(descent.node, descent.slot).find((entry) => equalBytes(entry.key, key));
  }

  /** Goes down as far as nodes are loaded; returns the child to load next, or the end of the way. Synchronous. */
  private descendLoaded(hash: Uint8Array): Descent | ChampChild {
    const children: ChampChild[] = [];
    let child = this.root;
    for (let depth = 0; ; depth++) {
      const { node } = child;
      if (node === undefined) return child;
      const slot = this.shape.slotOf(hash, depth);
      const content = node.slots[slot];
      if (!(content instanceof ChampChild)) return { node, depth, slot, children };
      children.push(content);
      child = content;
    }
  }

  /**
   * Loads what is missing on the way, then runs `action` at its end in the same step: between the descent and the action nothing else
   * can change the tree.
   */
  private async at<T>(hash: Uint8Array, action: (descent: Descent) => T, source: BlockSource = this.source): Promise<T> {
    for (;;) {
      const found = this.descendLoaded(hash);
      if (!(found instanceof ChampChild)) return action(found);
      const path: number[] = [];
      for (let child = this.root; child !== found; path.push(this.shape.slotOf(hash, path.length))) {
        const next = child.node?.slots[this.shape.slotOf(hash, path.length)];
        if (!(next instanceof ChampChild)) break;
        child = next;
      }
      const node = await this.load(found, path, source);
      found.node ??= node;
    }
  }

  private async load(child: ChampChild, path: readonly number[], source: BlockSource = this.source): Promise<ChampNode> {
    if (child.cid === undefined) throw new ArgumentError('child', 'has neither a CID nor a node');
    throwIfAborted(this.context.signal);
    const { bat, ...withoutBat } = this.context;
    const context = path.length === 0 && bat !== undefined ? this.context : withoutBat;
    const bytes = await source.getBlock(child.cid, context);
    return child.node ?? champNodeFromCbor(decodeCbor(bytes), this.shape, path);
  }

  /** A subtree of more mappings than a slot may hold; all of them share the path above `depth`. */
  private buildNode(entries: readonly ChampEntry[], depth: number): ChampNode {
    if (depth >= MAX_CHAMP_DEPTH) throw new LimitError('CHAMP depth (Hash collision!)', depth + 1, MAX_CHAMP_DEPTH);
    const groups = new Map<number, ChampEntry[]>();
    for (const entry of entries) {
      const slot = this.shape.slotOf(entry.hash, depth);
      const group = groups.get(slot);
      if (group === undefined) groups.set(slot, [entry]);
      else group.push(entry);
    }
    const node = ChampNode.empty(this.shape);
    for (const [slot, group] of groups) {
      const fits = group.length <= this.shape.maxInline;
      node.slots[slot] = fits ? group : new ChampChild(undefined, this.buildNode(group, depth + 1));
    }
    return node;
  }

  /** Marks everything on the way as changed. A change in the root node itself also brings its BAT up to date (section 4.12). */
  private touch(descent: Descent): void {
    this.root.cid = undefined;
    for (const child of descent.children) child.cid = undefined;
    if (descent.depth === 0) this.refreshRootBat();
  }

  private refreshRootBat(): void {
    if (this.mirror !== undefined && this.root.node !== undefined) this.root.node.bat = this.mirror;
  }

  private removeFrom(descent: Descent, key: Uint8Array): void {
    const { node, slot, children } = descent;
    const left = this.entriesIn(node, slot).filter((entry) => !equalBytes(entry.key, key));
    node.slots[slot] = left.length === 0 ? undefined : left;
    this.touch(descent);
    // From the bottom up: a child without children that fits into one slot moves into its parent.
    for (let level = children.length - 1; level >= 0; level--) {
      const child = children[level]?.node;
      const parent = level === 0 ? this.root.node : children[level - 1]?.node;
      if (child === undefined || parent === undefined || child.hasChildren) return;
      const entries = child.ownEntries();
      if (entries.length > this.shape.maxInline) return;
      const link = parent.slots.findIndex((content) => content === children[level]);
      parent.slots[link] = entries.length === 0 ? undefined : entries.sort(compareEntries);
      if (level === 0) this.refreshRootBat();
    }
  }

  /**
   * All mappings below a child; returns whether there are any. `empty` holds the CIDs of subtrees without: a tree may refer to one of
   * them from every slot of every level, and visiting it each time would take exponential time. A subtree with mappings cannot occur
   * twice, because they fit one path only.
   */
  private async *walk(child: ChampChild, path: readonly number[], empty: Set<string>): AsyncGenerator<ChampEntry, boolean, undefined> {
    if (child.cid !== undefined && empty.has(child.cid.key)) return false;
    const node = child.node ?? (await this.load(child, path));
    let found = node.hasEntries;
    yield* node.ownEntries();
    for (let s = node.slots.length - 1; s >= 0; s--) {
      const content = node.slots[s];
      if (content instanceof ChampChild && (yield* this.walk(content, [...path, s], empty))) found = true;
    }
    if (!found && child.cid !== undefined) empty.add(child.cid.key);
    return found;
  }

  /** Runs a save; when it fails, what it has saved counts as changed again. */
  private saving<T>(sink: BlockSink, save: (saved: ChampChild[]) => T): T {
    assertMethods('sink', sink, 'putCbor');
    const saved: ChampChild[] = [];
    try {
      return save(saved);
    } catch (error) {
      for (const child of saved) child.cid = undefined;
      throw error;
    }
  }

  private save(child: ChampChild, sink: BlockSink, saved: ChampChild[]): Cid {
    if (child.cid !== undefined) return child.cid;
    if (child.node === undefined) throw new ArgumentError('child', 'has neither a CID nor a node');
    this.saveChildren(child.node, sink, saved);
    const cid = sink.putCbor(encodeCbor(champNodeToCbor(child.node)));
    assertInstance('sink.putCbor()', cid, Cid);
    child.cid = cid;
    saved.push(child);
    return cid;
  }

  private saveChildren(node: ChampNode, sink: BlockSink, saved: ChampChild[]): void {
    for (const slot of node.slots) if (slot instanceof ChampChild) this.save(slot, sink, saved);
  }
}
