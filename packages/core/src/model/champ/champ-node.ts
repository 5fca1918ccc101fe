import { compareLengthThenUnsigned } from '../../bytes.js';
import { CborFields } from '../../codec/cbor-fields.js';
import { cborMap, type CborMap, type CborValue } from '../../codec/cbor-value.js';
import { Cid } from '../../codec/cid.js';
import { FormatError } from '../../errors.js';
import { BatId } from '../../keys/bat.js';
import { MAX_CHAMP_DEPTH, MAX_CHAMP_KEY_SIZE } from '../../limits.js';
import type { ChampShape } from './champ-shape.js';

/** One mapping with the path hash of its key. */
export interface ChampEntry {
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
  /** null: a key mapped to nothing, as the Java merge writes it; reads as absent (chapter 03 section 4.5). */
  readonly value: CborValue;
}

/** A link to a child. `cid` is undefined while the child has unsaved changes, `node` while it is not loaded; never both. */
export class ChampChild {
  constructor(
    public cid: Cid | undefined,
    public node: ChampNode | undefined,
  ) {}
}

/** What a slot holds: sorted mappings, a child, or nothing. */
export type ChampSlot = readonly ChampEntry[] | ChampChild | undefined;

/** A node in memory. Mutable; owned by one Champ. */
export class ChampNode {
  /** The mirror BAT id; on roots only. */
  bat: BatId | undefined;

  constructor(readonly slots: ChampSlot[]) {}

  /** A node without mappings. */
  static empty(shape: ChampShape): ChampNode {
    return new ChampNode(Array.from<ChampSlot>({ length: shape.slots }));
  }

  /** Whether any slot holds a child. */
  get hasChildren(): boolean {
    return this.slots.some((slot) => slot instanceof ChampChild);
  }

  /** Whether the node itself holds any mapping. */
  get hasEntries(): boolean {
    return this.slots.some((slot) => slot !== undefined && !(slot instanceof ChampChild));
  }

  /** All mappings in this node itself, ascending by slot. */
  ownEntries(): ChampEntry[] {
    return this.slots.flatMap((slot) => (slot === undefined || slot instanceof ChampChild ? [] : slot));
  }
}

/** Order of mappings in a data element. */
export function compareEntries(a: ChampEntry, b: ChampEntry): number {
  return compareLengthThenUnsigned(a.key, b.key);
}

function encodeBitmap(slots: readonly ChampSlot[], counts: (slot: ChampSlot) => boolean): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(slots.length / 8));
  let used = 0;
  slots.forEach((slot, s) => {
    if (!counts(slot)) return;
    bytes[s >> 3] = (bytes[s >> 3] as number) | (1 << (s & 7));
    used = (s >> 3) + 1;
  });
  return bytes.subarray(0, used);
}

/** The CBOR of a node whose children are all saved (chapter 03 section 4.3): list form, or map form with a BAT. */
export function champNodeToCbor(node: ChampNode): CborValue {
  const contents: CborValue[] = [];
  for (const slot of node.slots) {
    if (slot !== undefined && !(slot instanceof ChampChild)) contents.push(slot.flatMap((entry) => [entry.key, entry.value]));
  }
  for (let s = node.slots.length - 1; s >= 0; s--) {
    const slot = node.slots[s];
    if (slot instanceof ChampChild && slot.cid !== undefined) contents.push(slot.cid);
  }
  const list = [
    encodeBitmap(node.slots, (slot) => slot !== undefined && !(slot instanceof ChampChild)),
    encodeBitmap(node.slots, (slot) => slot instanceof ChampChild),
    contents,
  ];
  if (node.bat === undefined) return list;
  return cborMap([
    ['d', list],
    ['bats', [node.bat.toCbor()]],
  ]);
}

/** The slots whose bits are set. A bitmap that is too long or has trailing zero bytes is not canonical and refused. */
function decodeBitmap(fields: CborFields, index: number, shape: ChampShape): number[] {
  const bytes = fields.bytes(index);
  if (bytes.length > Math.ceil(shape.slots / 8)) return fields.fail(index, 'bitmap is too long');
  if (bytes.length > 0 && bytes[bytes.length - 1] === 0) return fields.fail(index, 'bitmap has trailing zero bytes');
  const slots: number[] = [];
  for (let s = 0; s < bytes.length * 8; s++) {
    if (((bytes[s >> 3] as number) & (1 << (s & 7))) === 0) continue;
    if (s >= shape.slots) return fields.fail(index, `bit ${s} is beyond the last slot`);
    slots.push(s);
  }
  return slots;
}

function decodeEntries(value: CborValue, where: string, shape: ChampShape, path: readonly number[]): ChampEntry[] {
  const fail = (problem: string): never => {
    throw new FormatError('format.champ', where, problem);
  };
  if (!Array.isArray(value)) return fail('must be a list of mappings');
  const list = value as readonly CborValue[];
  if (list.length === 0 || list.length % 2 !== 0) return fail('must hold pairs of key and value');
  // No writer puts more into a slot (chapter 03 section 4.4), and what compares or edits slots relies on it.
  if (list.length > 2 * shape.maxInline) return fail(`must hold at most ${shape.maxInline} mappings`);
  const entries: ChampEntry[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const key = list[i];
    if (!(key instanceof Uint8Array)) return fail('key must be a byte string');
    if (key.length > MAX_CHAMP_KEY_SIZE) return fail(`key is longer than ${MAX_CHAMP_KEY_SIZE} bytes`);
    const previous = entries[entries.length - 1];
    if (previous !== undefined && compareLengthThenUnsigned(previous.key, key) >= 0) return fail('keys are not sorted');
    const own = new Uint8Array(key);
    const hash = shape.hashKey(own);
    // A mapping in a foreign slot could never be found again, and would survive its own removal.
    if (path.some((slot, depth) => shape.slotOf(hash, depth) !== slot)) return fail('key is in a slot that is not its own');
    entries.push({ key: own, hash, value: list[i + 1] as CborValue });
  }
  return entries;
}

/**
 * Reads a node. `path` is the slots that lead to it from the root. Small, empty and null-valued nodes are accepted although no writer
 * should make them (chapter 03 section 4.4); everything else that is not canonical is a FormatError `format.champ`, more mappings in a
 * slot than fit included.
 */
export function champNodeFromCbor(value: CborValue, shape: ChampShape, path: readonly number[]): ChampNode {
  const where = path.length === 0 ? 'CHAMP root' : `CHAMP node ${path.join('/')}`;
  if (path.length >= MAX_CHAMP_DEPTH) throw new FormatError('format.champ', where, `is deeper than ${MAX_CHAMP_DEPTH} levels`);
  let list = value;
  let bat: BatId | undefined;
  if (value instanceof Map) {
    const outer = CborFields.map('format.champ', where, value as CborMap);
    list = outer.list('d');
    const first = outer.optionalList('bats')?.[0];
    if (first !== undefined && path.length === 0) bat = BatId.fromCbor(first, outer.path('bats'));
  }
  const fields = CborFields.list('format.champ', where, list, 3);
  const dataSlots = decodeBitmap(fields, 0, shape);
  const linkSlots = decodeBitmap(fields, 1, shape);
  const contents = fields.list(2);
  if (contents.length !== dataSlots.length + linkSlots.length) return fields.fail(2, 'does not fit the bitmaps');
  const node = ChampNode.empty(shape);
  dataSlots.forEach((s, i) => {
    node.slots[s] = decodeEntries(contents[i] as CborValue, `${fields.path(2)}[${i}]`, shape, [...path, s]);
  });
  linkSlots.forEach((s, i) => {
    if (node.slots[s] !== undefined) fields.fail(1, `slot ${s} is in both bitmaps`);
    const link = contents[contents.length - 1 - i];
    node.slots[s] = link instanceof Cid ? new ChampChild(link, undefined) : fields.fail(2, 'a child must be a link');
  });
  node.bat = bat;
  return node;
}
