import { assertInstance, assertList, assertMethods, assertObject, assertOptionalInstance } from '../../arguments.js';
import { byteKey, copyBytes, equalBytes } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { Cid } from '../../codec/cid.js';
import { ConflictError, FormatError, throwIfAborted } from '../../errors.js';
import type { BlockReadContext, BlockSource } from '../../store/block-store.js';
import { Champ, equalChampValues } from './champ.js';
import { ChampChild, type ChampEntry, type ChampNode, champNodeFromCbor } from './champ-node.js';
import { type ChampOptions, ChampShape } from './champ-shape.js';

/** A key whose value differs; an absent side is undefined. */
export interface ChampDifference {
  readonly key: Uint8Array;
  readonly left?: CborValue;
  readonly right?: CborValue;
}

/** Compares two trees node by node. */
class Comparison {
  /** Nodes seen without mappings of their own: the only ones that may occur at a second path, if nothing is below them either. */
  private readonly hollow = new Set<string>();
  /** Subtrees known to hold no mapping at all. */
  private readonly empty = new Set<string>();

  constructor(
    private readonly source: BlockSource,
    private readonly context: BlockReadContext,
    private readonly shape: ChampShape,
  ) {}

  /**
   * The node, or undefined when there is none or it is a repeated empty one. A tree may refer to one subtree from every slot of every
   * level; to compare each occurrence would take exponential time. Mappings fit one path only, so what occurs twice must be empty.
   */
  private async load(cid: Cid | undefined, path: readonly number[]): Promise<ChampNode | undefined> {
    if (cid === undefined) return undefined;
    if (this.hollow.has(cid.key)) {
      await this.requireEmpty(cid, path);
      return undefined;
    }
    const node = await this.read(cid, path);
    if (!node.hasEntries) this.hollow.add(cid.key);
    return node;
  }

  /** Requires that no mapping is below a node that occurs at two paths; looks into each node once. FormatError `format.champ`. */
  private async requireEmpty(cid: Cid, path: readonly number[]): Promise<void> {
    if (this.empty.has(cid.key)) return;
    const node = await this.read(cid, path);
    if (node.hasEntries) throw new FormatError('format.champ', `CHAMP node ${path.join('/')}`, 'occurs at two paths');
    for (const [slot, content] of node.slots.entries()) {
      if (content instanceof ChampChild && content.cid !== undefined) await this.requireEmpty(content.cid, [...path, slot]);
    }
    this.empty.add(cid.key);
  }

  private async read(cid: Cid, path: readonly number[]): Promise<ChampNode> {
    throwIfAborted(this.context.signal);
    const { bat, ...withoutBat } = this.context;
    const context = path.length === 0 && bat !== undefined ? this.context : withoutBat;
    return champNodeFromCbor(decodeCbor(await this.source.getBlock(cid, context)), this.shape, path);
  }

  /** The mappings of one side under a slot that are not below a child: its own, or those that hang above because it has no node here. */
  private inline(node: ChampNode | undefined, above: readonly ChampEntry[], slot: number, depth: number): readonly ChampEntry[] {
    const content = node?.slots[slot];
    if (content !== undefined && !(content instanceof ChampChild)) return content;
    return above.filter((entry) => this.shape.slotOf(entry.hash, depth) === slot);
  }

  async *nodes(
    left: Cid | undefined,
    right: Cid | undefined,
    path: readonly number[],
    leftAbove: readonly ChampEntry[],
    rightAbove: readonly ChampEntry[],
  ): AsyncGenerator<ChampDifference, void, undefined> {
    if (left !== undefined && left.equals(right)) return;
    const leftNode = await this.load(left, path);
    const rightNode = await this.load(right, path);
    // All slots, not only the used ones: mappings from above may belong into any (chapter 03 section 4.10).
    for (let slot = 0; slot < this.shape.slots; slot++) {
      const leftEntries = this.inline(leftNode, leftAbove, slot, path.length);
      const rightEntries = this.inline(rightNode, rightAbove, slot, path.length);
      const leftChild = leftNode?.slots[slot];
      const rightChild = rightNode?.slots[slot];
      const leftCid = leftChild instanceof ChampChild ? leftChild.cid : undefined;
      const rightCid = rightChild instanceof ChampChild ? rightChild.cid : undefined;
      if (leftCid !== undefined || rightCid !== undefined) {
        yield* this.nodes(leftCid, rightCid, [...path, slot], leftEntries, rightEntries);
      } else {
        yield* differences(leftEntries, rightEntries);
      }
    }
  }
}

function* differences(left: readonly ChampEntry[], right: readonly ChampEntry[]): Generator<ChampDifference, void, undefined> {
  const emit = (key: Uint8Array, leftValue: CborValue | undefined, rightValue: CborValue | undefined): ChampDifference => ({
    key: copyBytes(key),
    ...(leftValue === undefined || leftValue === null ? {} : { left: leftValue }),
    ...(rightValue === undefined || rightValue === null ? {} : { right: rightValue }),
  });
  for (const entry of left) {
    const other = right.find((candidate) => equalBytes(candidate.key, entry.key));
    if (!equalChampValues(entry.value, other?.value)) yield emit(entry.key, entry.value, other?.value);
  }
  for (const entry of right) {
    if (entry.value !== null && !left.some((candidate) => equalBytes(candidate.key, entry.key)))
      yield emit(entry.key, undefined, entry.value);
  }
}

/**
 * Every key whose value differs between two trees, each once, in no particular order (chapter 03 section 4.10). Loads only nodes whose
 * CIDs differ; undefined is the empty tree. `context.bat` opens the roots.
 */
export async function* diffChamps(
  left: Cid | undefined,
  right: Cid | undefined,
  source: BlockSource,
  context: BlockReadContext,
  options: ChampOptions = {},
): AsyncGenerator<ChampDifference, void, undefined> {
  assertOptionalInstance('left', left, Cid);
  assertOptionalInstance('right', right, Cid);
  assertMethods('source', source, 'getBlock');
  assertObject('context', context);
  yield* new Comparison(source, context, new ChampShape(options)).nodes(left, right, [], [], []);
}

/** The three versions of a merge; an undefined base is the empty tree. */
export interface ChampMergeInput {
  /** What both sides started from. */
  readonly base: Cid | undefined;
  readonly ours: Cid;
  readonly remote: Cid;
  /** Keys that our change has not changed and relies upon: when the other side has changed one, that is a conflict, too. */
  readonly relied?: readonly Uint8Array[] | undefined;
}

/**
 * Three-way merge (chapter 03 section 4.11): our tree with the other side's changes, not yet flushed. A key that both sides changed, or
 * that the other side changed and we rely upon, is a ConflictError `conflict.merge`. A remote deletion removes the key; a null is never written. AbortedError when `context.signal` fires.
 */
export async function mergeChamps(
  input: ChampMergeInput,
  source: BlockSource,
  context: BlockReadContext,
  options: ChampOptions = {},
): Promise<Champ> {
  assertObject('input', input);
  const { base, ours, remote, relied = [] } = input;
  assertInstance('ours', ours, Cid);
  assertInstance('remote', remote, Cid);
  assertList('relied', relied);
  const ourKeys = new Set<string>(relied.map(byteKey));
  for await (const { key } of diffChamps(base, ours, source, context, options)) ourKeys.add(byteKey(key));
  const merged = Champ.open(ours, source, context, options);
  for await (const change of diffChamps(base, remote, source, context, options)) {
    if (ourKeys.has(byteKey(change.key))) {
      throw new ConflictError('conflict.merge', 'Concurrent modification of a file or directory!');
    }
    if (change.right !== undefined) await merged.put(change.key, change.left, change.right);
    else await merged.remove(change.key, change.left);
  }
  return merged;
}
