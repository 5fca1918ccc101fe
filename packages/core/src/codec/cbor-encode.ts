import { assertBytes, isWellFormed } from '../bytes.js';
import { ArgumentError, LimitError } from '../errors.js';
import { MAX_CBOR_DEPTH } from '../limits.js';
import { mostCborItems } from './cbor-budget.js';
import { cborKeyOrder } from './cbor-key-order.js';
import type { CborMap, CborValue } from './cbor-value.js';
import { Cid } from './cid.js';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const utf8 = new TextEncoder();
/** Texts of fewer units have a head of one byte. */
const SHORT_TEXT = 24;
/** Bytes of nearly all links: tag, head, a zero, version, codec, hash code, length, SHA-256. */
const CID_SIZE = 41;

/** Bytes of the head of an item. */
function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  return argument < 0x100000000 ? 5 : 9;
}

function textSize(value: string): number {
  const { length } = value;
  let isAscii = length < SHORT_TEXT;
  for (let i = 0; i < length && isAscii; i++) isAscii = value.charCodeAt(i) <= 0x7f;
  return isAscii ? length + 1 : 3 * length + headSize(3 * length);
}

/**
 * The bytes that a value needs: exactly, but for texts that are long or not ASCII, for which it is more. What cannot be encoded
 * counts as nothing, but for what is nested too deep: LimitError.
 */
function measure(value: CborValue, depth: number): number {
  if (typeof value === 'number') return headSize(value < 0 ? -1 - value : value);
  if (typeof value === 'string') return textSize(value);
  if (typeof value === 'bigint') return 9;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return headSize(value.length) + value.length;
  if (value instanceof Cid) return CID_SIZE;
  if (Array.isArray(value)) {
    const list = value as readonly CborValue[];
    enter(depth);
    let size = headSize(list.length);
    for (const item of list) size += measure(item, depth + 1);
    return size;
  }
  if (!(value instanceof Map)) return 0;
  enter(depth);
  let size = headSize(value.size);
  for (const [key, item] of value as CborMap) size += (typeof key === 'string' ? textSize(key) : 0) + measure(item, depth + 1);
  return size;
}

/**
 * An output buffer, as long as it has to be: bulk work encodes many small values, and a buffer that grew would leave several times their size
 * to the garbage collector. One per call, so that the encoder is re-entrant.
 */
class Output {
  private buffer: Uint8Array<ArrayBuffer>;
  private length = 0;
  /** Values and map keys so far; the tag of a link counts as well. */
  items = 1;

  constructor(size: number) {
    this.buffer = new Uint8Array(size);
  }

  private reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  head(major: number, argument: number): void {
    const type = major << 5;
    this.reserve(headSize(argument));
    if (argument < 24) {
      this.buffer[this.length++] = type | argument;
    } else if (argument < 0x100) {
      this.buffer[this.length++] = type | 24;
      this.buffer[this.length++] = argument;
    } else if (argument < 0x10000) {
      this.buffer[this.length++] = type | 25;
      this.buffer[this.length++] = argument >> 8;
      this.buffer[this.length++] = argument;
    } else if (argument < 0x100000000) {
      this.buffer[this.length++] = type | 26;
      for (let shift = 24; shift >= 0; shift -= 8) this.buffer[this.length++] = argument >>> shift;
    } else {
      this.head64(major, BigInt(argument));
    }
  }

  head64(major: number, argument: bigint): void {
    this.reserve(9);
    this.buffer[this.length++] = (major << 5) | 27;
    for (let shift = 56n; shift >= 0n; shift -= 8n) this.buffer[this.length++] = Number((argument >> shift) & 0xffn);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  text(value: string): void {
    const units = value.length;
    if (units < SHORT_TEXT) {
      // Short ASCII text (nearly all keys) without a detour through TextEncoder.
      this.reserve(units + 1);
      const start = this.length + 1;
      let i = 0;
      for (; i < units; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        this.buffer[start + i] = code;
      }
      if (i === units) {
        this.buffer[this.length] = 0x60 | units;
        this.length = start + units;
        return;
      }
    }
    const encoded = utf8.encode(value);
    this.head(3, encoded.length);
    this.bytes(encoded);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const most = mostCborItems(this.length);
    if (this.items > most) throw new LimitError('CBOR items', this.items, most);
    return this.length === this.buffer.length ? this.buffer : this.buffer.slice(0, this.length);
  }
}

function encodeInteger(out: Output, value: number): void {
  if (!Number.isSafeInteger(value)) throw new ArgumentError('value', 'a number must be a safe integer; the profile has no floats');
  if (value >= 0) out.head(0, value);
  else out.head(1, -1 - value);
}

function encodeBigInt(out: Output, value: bigint): void {
  if (value < MIN_INT64 || value > MAX_INT64) throw new ArgumentError('value', 'an integer must fit in signed 64 bits');
  const argument = value >= 0n ? value : -1n - value;
  const major = value >= 0n ? 0 : 1;
  if (argument <= 0xffffffffn) out.head(major, Number(argument));
  else out.head64(major, argument);
}

function sortedKeys(map: CborMap): Iterable<string> {
  let previous: string | undefined;
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new ArgumentError('value', 'a map key must be text');
    if (previous !== undefined && cborKeyOrder(previous, key) > 0) return [...map.keys()].sort(cborKeyOrder);
    previous = key;
  }
  return map.keys();
}

function encodeText(out: Output, value: string): void {
  if (!isWellFormed(value)) throw new ArgumentError('value', 'text contains an unpaired surrogate');
  out.text(value);
}

/** `depth` lists and maps are open around the one that is about to begin. */
function enter(depth: number): void {
  if (depth >= MAX_CBOR_DEPTH) throw new LimitError('CBOR nesting depth', depth + 1, MAX_CBOR_DEPTH);
}

function encodeInto(out: Output, value: CborValue, depth: number): void {
  switch (typeof value) {
    case 'number':
      encodeInteger(out, value);
      return;
    case 'bigint':
      encodeBigInt(out, value);
      return;
    case 'boolean':
      out.byte(value ? 0xf5 : 0xf4);
      return;
    case 'string':
      encodeText(out, value);
      return;
    case 'object':
      break;
    default:
      throw new ArgumentError('value', `a ${typeof value} has no CBOR form`);
  }
  if (value === null) {
    out.byte(0xf6);
  } else if (value instanceof Uint8Array) {
    assertBytes('value', value);
    out.head(2, value.length);
    out.bytes(value);
  } else if (value instanceof Cid) {
    const cid = value.bytes;
    out.items += 1;
    out.byte(0xd8);
    out.byte(0x2a);
    out.head(2, cid.length + 1);
    out.byte(0);
    out.bytes(cid);
  } else if (Array.isArray(value)) {
    const list = value as readonly CborValue[];
    enter(depth);
    out.head(4, list.length);
    out.items += list.length;
    for (const item of list) encodeInto(out, item, depth + 1);
  } else if (value instanceof Map) {
    const map = value as CborMap;
    enter(depth);
    const keys = sortedKeys(map);
    out.head(5, map.size);
    out.items += 2 * map.size;
    for (const key of keys) {
      encodeText(out, key);
      encodeInto(out, map.get(key) as CborValue, depth + 1);
    }
  } else {
    throw new ArgumentError('value', 'an object has no CBOR form; use a Map');
  }
}

/**
 * The one canonical encoding of `value` (chapter 01 sections 2.2 to 2.4).
 * Throws ArgumentError for what the profile cannot say and LimitError for what {@link decodeCbor} would refuse: beyond MAX_CBOR_DEPTH,
 * or with more items than MAX_CBOR_ITEMS and one for every CBOR_BYTES_PER_ITEM bytes.
 */
export function encodeCbor(value: CborValue): Uint8Array<ArrayBuffer> {
  const out = new Output(measure(value, 0));
  encodeInto(out, value, 0);
  return out.finish();
}
