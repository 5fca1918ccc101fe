import { assertInstance, assertInstances, assertMethods } from '../arguments.js';
import { assertBytes, assertInteger, copyBytes, equalBytes, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_HASH_TREE_LEAVES } from '../limits.js';

const HASH_SIZE = 32;
/** Hashes in one list, and branches of a level per branch of the next. */
export const HASH_LIST_LENGTH = 1024;
const MAX_LIST_SIZE = HASH_SIZE * HASH_LIST_LENGTH;
/** Levels that are stored. */
const MAX_LEVELS = 3;

/** The root of a content hash tree: equal roots mean equal content (chapter 01 section 9.7, chapter 04 section 8). Immutable. */
export class RootHash implements ToCbor {
  private constructor(
    /** 32 bytes; never modify them. */
    readonly hash: Uint8Array,
  ) {}

  /** Copies a 32-byte hash. */
  static of(hash: Uint8Array): RootHash {
    assertBytes('hash', hash, HASH_SIZE);
    return new RootHash(copyBytes(hash));
  }

  /** Reads the map `{"h"}`. */
  static fromCbor(value: CborValue, where = 'RootHash'): RootHash {
    return new RootHash(copyBytes(CborFields.map('format.container', where, value).bytes('h', HASH_SIZE)));
  }

  /** Value equality. */
  equals(other: RootHash | undefined): boolean {
    return other instanceof RootHash && equalBytes(this.hash, other.hash);
  }

  /** The map `{"h"}`. */
  toCbor(): CborValue {
    return cborMap([['h', this.hash]]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** Lower-case hex. */
  toString(): string {
    return toHex(this.hash);
  }
}

/** Up to 1024 concatenated hashes of one level. Immutable. */
export class ChunkHashList implements ToCbor {
  private constructor(
    /** The concatenated 32-byte hashes; never modify them. */
    readonly hashes: Uint8Array,
  ) {}

  /** Copies concatenated hashes: a multiple of 32 bytes, at most 32768. */
  static of(hashes: Uint8Array): ChunkHashList {
    assertBytes('hashes', hashes);
    if (hashes.length % HASH_SIZE !== 0) throw new ArgumentError('hashes', 'must be a multiple of 32 bytes');
    if (hashes.length > MAX_LIST_SIZE) throw new LimitError('ChunkHashList bytes', hashes.length, MAX_LIST_SIZE);
    return new ChunkHashList(copyBytes(hashes));
  }

  /** Reads the map `{"h"}`. */
  static fromCbor(value: CborValue, where = 'ChunkHashList'): ChunkHashList {
    const fields = CborFields.map('format.container', where, value);
    const hashes = fields.bytes('h');
    if (hashes.length % HASH_SIZE !== 0 || hashes.length > MAX_LIST_SIZE) {
      return fields.fail('h', `must be a multiple of 32 bytes, at most ${MAX_LIST_SIZE}`);
    }
    return new ChunkHashList(copyBytes(hashes));
  }

  /** Number of hashes. */
  get length(): number {
    return this.hashes.length / HASH_SIZE;
  }

  /** A copy of the hash at `index`. */
  at(index: number): Uint8Array {
    assertInteger('index', index, 0, this.length - 1);
    return this.hashes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE);
  }

  /** Value equality. */
  equals(other: ChunkHashList | undefined): boolean {
    return other instanceof ChunkHashList && equalBytes(this.hashes, other.hashes);
  }

  /** The map `{"h"}`. */
  toCbor(): CborValue {
    return cborMap([['h', this.hashes]]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** What a file stores of its tree in every 1024th chunk (chapter 04 section 8.2). Immutable. */
export class HashBranch implements ToCbor {
  private constructor(
    readonly root: RootHash,
    /** The lists of level 1, 2 and 3 on the way up; a level above is present only if the one below is. */
    readonly levels: readonly ChunkHashList[],
  ) {}

  /** Pairs a root and up to three lists. */
  static of(root: RootHash, levels: readonly ChunkHashList[]): HashBranch {
    if (!(root instanceof RootHash)) throw new ArgumentError('root', 'must be a RootHash');
    assertInstances('levels', levels, ChunkHashList);
    if (levels.length > MAX_LEVELS) throw new LimitError('hash tree levels', levels.length, MAX_LEVELS);
    return new HashBranch(root, [...levels]);
  }

  /** Reads the map `{"r", "l1", "l2", "l3"}`. */
  static fromCbor(value: CborValue, where = 'HashBranch'): HashBranch {
    const fields = CborFields.map('format.container', where, value);
    const root = RootHash.fromCbor(fields.map('r'), fields.path('r'));
    const levels: ChunkHashList[] = [];
    for (let level = 1; level <= MAX_LEVELS; level++) {
      const key = `l${level}`;
      const list = fields.optionalMap(key);
      if (list === undefined) continue;
      if (levels.length !== level - 1) return fields.fail(key, 'needs the level below');
      levels.push(ChunkHashList.fromCbor(list, fields.path(key)));
    }
    return new HashBranch(root, levels);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): HashBranch {
    return HashBranch.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: HashBranch | undefined): boolean {
    return (
      other instanceof HashBranch &&
      this.root.equals(other.root) &&
      this.levels.length === other.levels.length &&
      this.levels.every((list, i) => list.equals(other.levels[i]))
    );
  }

  /** The map `{"r", "l1", "l2", "l3"}` with the levels that exist. */
  toCbor(): CborValue {
    return cborMap([['r', this.root.toCbor()], ...this.levels.map((list, i) => [`l${i + 1}`, list.toCbor()] as const)]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** The SHA-256 tree over the plaintext chunks of a file (chapter 01 section 9.7, chapter 04 section 8). Advisory. Immutable. */
export class HashTree implements ToCbor {
  private constructor(
    readonly root: RootHash,
    /** Always three levels of lists, possibly empty. */
    readonly levels: readonly (readonly ChunkHashList[])[],
  ) {}

  /**
   * Builds the tree of concatenated leaf hashes, one of 32 bytes per 5 MiB chunk; an empty file has one leaf, SHA-256 of nothing.
   * LimitError beyond three levels.
   */
  static build(hasher: Hasher, leaves: Uint8Array): HashTree {
    assertMethods('hasher', hasher, 'sha256');
    assertBytes('leaves', leaves);
    if (leaves.length === 0 || leaves.length % HASH_SIZE !== 0) {
      throw new ArgumentError('leaves', 'must be a positive multiple of 32 bytes');
    }
    const count = leaves.length / HASH_SIZE;
    if (count > MAX_HASH_TREE_LEAVES) throw new LimitError('hash tree leaves', count, MAX_HASH_TREE_LEAVES);
    const levels: ChunkHashList[][] = [];
    let hashes = leaves;
    let top: ChunkHashList | undefined;
    while (top === undefined) {
      const lists: ChunkHashList[] = [];
      for (let start = 0; start < hashes.length; start += MAX_LIST_SIZE) {
        lists.push(ChunkHashList.of(hashes.subarray(start, start + MAX_LIST_SIZE)));
      }
      levels.push(lists);
      if (lists.length === 1) top = lists[0];
      else hashes = joined(lists.map((list) => hasher.sha256(list.encode())));
    }
    while (levels.length < MAX_LEVELS) levels.push([]);
    return new HashTree(RootHash.of(hasher.sha256(encodeCbor([top.toCbor()]))), levels);
  }

  /**
   * Joins the branches that a file stores: `branches[k]` comes from chunk `1024 * k`. The root is taken from the first branch and not
   * checked; see {@link HashTree.isConsistent}.
   */
  static fromBranches(branches: readonly HashBranch[]): HashTree {
    assertInstances('branches', branches, HashBranch);
    const first = branches[0];
    if (first === undefined) throw new ArgumentError('branches', 'must not be empty');
    const levels: ChunkHashList[][] = [];
    let step = 1;
    for (let level = 0; level < MAX_LEVELS; level++) {
      const lists: ChunkHashList[] = [];
      for (let k = 0; k < branches.length; k += step) {
        const list = branches[k]?.levels[level];
        if (list !== undefined) lists.push(list);
      }
      levels.push(lists);
      step *= HASH_LIST_LENGTH;
    }
    return new HashTree(first.root, levels);
  }

  /** Reads the map `{"r", "ll1", "ll2", "ll3"}`. The root is not checked; see {@link HashTree.isConsistent}. */
  static fromCbor(value: CborValue, where = 'HashTree'): HashTree {
    const fields = CborFields.map('format.container', where, value);
    const root = RootHash.fromCbor(fields.map('r'), fields.path('r'));
    const levels: ChunkHashList[][] = [];
    for (let level = 1; level <= MAX_LEVELS; level++) {
      const key = `ll${level}`;
      levels.push(fields.list(key).map((item, i) => ChunkHashList.fromCbor(item, `${fields.path(key)}[${i}]`)));
    }
    return new HashTree(root, levels);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): HashTree {
    return HashTree.fromCbor(decodeCbor(bytes));
  }

  /** Whether upper levels and root follow from the leaves. */
  isConsistent(hasher: Hasher): boolean {
    assertMethods('hasher', hasher, 'sha256');
    const lists = this.levels[0] ?? [];
    if (lists.length === 0 || lists.some((list) => list.length === 0)) return false;
    return HashTree.build(hasher, joined(lists.map((list) => list.hashes))).equals(this);
  }

  /** Number of leaves: chunks of the file. */
  get leafCount(): number {
    return (this.levels[0] ?? []).reduce((count, list) => count + list.length, 0);
  }

  /** A copy of the hash of chunk `index`; undefined beyond the last one. */
  leaf(index: number): Uint8Array | undefined {
    assertInteger('index', index, 0, Number.MAX_SAFE_INTEGER);
    const list = this.levels[0]?.[Math.floor(index / HASH_LIST_LENGTH)];
    const at = index % HASH_LIST_LENGTH;
    return list === undefined || at >= list.length ? undefined : list.at(at);
  }

  /**
   * The indices of this tree's chunks that differ from those of `older` or are beyond its end, in order. The leaves of `older` are
   * advisory (chapter 04 section 8.4): a stale or false one means a chunk too many or too few.
   */
  *changedChunks(older: HashTree): Generator<number, void, void> {
    assertInstance('older', older, HashTree);
    const before = older.levels[0] ?? [];
    for (const [i, list] of (this.levels[0] ?? []).entries()) {
      const other = before[i];
      if (list.equals(other)) continue;
      for (let j = 0; j < list.length; j++) {
        if (other === undefined || j >= other.length || !equalBytes(list.at(j), other.at(j))) yield i * HASH_LIST_LENGTH + j;
      }
    }
  }

  /** What the chunk `chunkIndex`, a multiple of 1024, stores: the list of each level that covers it, where there is one. */
  branch(chunkIndex: number): HashBranch {
    assertInteger('chunkIndex', chunkIndex, 0, Number.MAX_SAFE_INTEGER);
    const path: ChunkHashList[] = [];
    let index = chunkIndex;
    for (const lists of this.levels) {
      index = Math.floor(index / HASH_LIST_LENGTH);
      const list = lists[index];
      if (list === undefined) break;
      path.push(list);
    }
    return HashBranch.of(this.root, path);
  }

  /** Value equality. */
  equals(other: HashTree | undefined): boolean {
    return (
      other instanceof HashTree &&
      this.root.equals(other.root) &&
      this.levels.every((lists, level) => {
        const others = other.levels[level] ?? [];
        return lists.length === others.length && lists.every((list, i) => list.equals(others[i]));
      })
    );
  }

  /** The map `{"r", "ll1", "ll2", "ll3"}`; all lists are always present. */
  toCbor(): CborValue {
    return cborMap([
      ['r', this.root.toCbor()],
      ...this.levels.map((lists, i) => [`ll${i + 1}`, lists.map((list) => list.toCbor())] as const),
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** Concatenation without spreading: a level may have a million parts, more than a call takes arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
