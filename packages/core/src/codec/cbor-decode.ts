import { assertObject } from '../arguments.js';
import { assertBytes, assertInteger, utf8Decode } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_CBOR_DEPTH } from '../limits.js';
import { asciiText } from './ascii-text.js';
import { mostCborItems } from './cbor-budget.js';
import { cborKeyOrder } from './cbor-key-order.js';
import type { CborMap, CborValue } from './cbor-value.js';
import { type Cid, decodeCid, parseCid } from './cid.js';

/** What a decoder tolerates beyond the canonical form. */
export interface CborDecodeOptions {
  /** Accept tag 42 around a text CID (`legacy: read only`, section 2.4). Such a value does not re-encode to the same bytes. */
  readonly legacyTextLinks?: boolean | undefined;
}

const MAX_INT64 = 2n ** 63n - 1n;
/** Text up to this many bytes is decoded by hand when it is ASCII; TextDecoder has a high fixed cost. */
const SHORT_TEXT = 32;

/** Text up to this length is flat in V8 however it grows, and grows fastest character by character. */
const ALWAYS_FLAT = 12;

/** All empty lists: one byte of input must not cost an object. */
const EMPTY_LIST: readonly CborValue[] = Object.freeze([]);
/** All empty maps, which cost most. Freezing does not protect the content of a Map, so what would change it is replaced. */
const EMPTY_MAP: CborMap = Object.freeze(Object.defineProperty(new Map<string, CborValue>(), 'set', { value: refuseToChange }));

function refuseToChange(): never {
  throw new ArgumentError('map', 'came out of the decoder and must not be changed; copy it');
}

class Decoder {
  offset: number;
  /** Items that the containers read so far have announced, themselves included. */
  items = 1;
  private readonly maxItems: number;
  private readonly view: DataView;
  private readonly input: Uint8Array;
  private emptyBytes: Uint8Array | undefined;

  constructor(
    input: Uint8Array,
    start: number,
    private readonly legacyTextLinks: boolean,
  ) {
    this.offset = start;
    this.maxItems = mostCborItems(input.length - start);
    // A plain view: the byte strings of a Node Buffer would be Buffers, whose slice() does not copy.
    this.input = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  }

  fail(problem: string, at = this.offset): never {
    throw new FormatError('format.cbor', `byte ${at}`, problem, { data: { offset: at } });
  }

  private need(count: number): void {
    if (this.input.length - this.offset < count) this.fail('input ends inside an item');
  }

  /** Reads the argument that follows an initial byte; enforces the shortest head. */
  private argument(info: number, at: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24: {
        this.need(1);
        const value = this.view.getUint8(this.offset);
        if (value < 24) this.fail('head is not the shortest', at);
        this.offset += 1;
        return value;
      }
      case 25: {
        this.need(2);
        const value = this.view.getUint16(this.offset);
        if (value < 0x100) this.fail('head is not the shortest', at);
        this.offset += 2;
        return value;
      }
      case 26: {
        this.need(4);
        const value = this.view.getUint32(this.offset);
        if (value < 0x10000) this.fail('head is not the shortest', at);
        this.offset += 4;
        return value;
      }
      case 27: {
        this.need(8);
        const value = this.view.getBigUint64(this.offset);
        if (value < 0x100000000n) this.fail('head is not the shortest', at);
        this.offset += 8;
        return value <= 0x1fffffffffffffn ? Number(value) : value;
      }
      case 31:
        return this.fail('indefinite length is not part of the profile', at);
      default:
        return this.fail('reserved additional information', at);
    }
  }

  /** A declared length or count; never larger than the input, so nothing is allocated on a lie (section 2.5). */
  private size(info: number, at: number): number {
    const value = this.argument(info, at);
    if (typeof value === 'bigint' || value > this.input.length) return this.fail('declared length exceeds the input', at);
    return value;
  }

  /**
   * A declared number of list elements or map pairs. The items are counted as they are announced, so that nothing is allocated for more
   * than the budget allows, however deep the lies are nested.
   */
  private count(info: number, at: number, itemsEach: number): number {
    const count = this.size(info, at);
    this.announce(count * itemsEach, at);
    return count;
  }

  private announce(items: number, at: number): void {
    this.items += items;
    if (this.items > this.maxItems) this.fail(`holds more than ${this.maxItems} items`, at);
  }

  private byteString(info: number, at: number): Uint8Array {
    const length = this.size(info, at);
    if (length === 0) return (this.emptyBytes ??= this.input.subarray(0, 0));
    this.need(length);
    const start = this.offset;
    this.offset += length;
    return this.input.subarray(start, start + length);
  }

  private text(info: number, at: number): string {
    const length = this.size(info, at);
    this.need(length);
    const start = this.offset;
    this.offset += length;
    if (length <= SHORT_TEXT) {
      let i = start;
      while (i < this.offset && (this.input[i] as number) <= 0x7f) i++;
      if (i === this.offset) return this.ascii(start, i);
    }
    return utf8Decode(this.input.subarray(start, start + length)) ?? this.fail('text is not valid UTF-8', at);
  }

  private ascii(start: number, end: number): string {
    if (end - start > ALWAYS_FLAT) return asciiText(this.input.subarray(start, end));
    let text = '';
    for (let i = start; i < end; i++) text += String.fromCharCode(this.input[i] as number);
    return text;
  }

  /** `depth` lists and maps are open around the one that begins at `at`. */
  private enter(depth: number, at: number): void {
    if (depth >= MAX_CBOR_DEPTH) this.fail(`lists and maps are nested deeper than ${MAX_CBOR_DEPTH}`, at);
  }

  private list(info: number, at: number, depth: number): readonly CborValue[] {
    const count = this.count(info, at, 1);
    if (count === 0) return EMPTY_LIST;
    const out: CborValue[] = [];
    for (let i = 0; i < count; i++) out.push(this.item(depth + 1));
    return out;
  }

  private map(info: number, at: number, depth: number): CborMap {
    const count = this.count(info, at, 2);
    if (count === 0) return EMPTY_MAP;
    const out = new Map<string, CborValue>();
    let previous: string | undefined;
    for (let i = 0; i < count; i++) {
      const keyAt = this.offset;
      this.need(1);
      const initial = this.input[this.offset++] as number;
      if (initial >> 5 !== 3) this.fail('map key is not text', keyAt);
      const key = this.text(initial & 31, keyAt);
      if (previous !== undefined) {
        const order = cborKeyOrder(previous, key);
        if (order === 0) this.fail('duplicate map key', keyAt);
        if (order > 0) this.fail('map keys are out of order', keyAt);
      }
      previous = key;
      out.set(key, this.item(depth + 1));
    }
    return out;
  }

  private link(info: number, at: number): Cid {
    if (this.argument(info, at) !== 42) this.fail('tag is not 42', at);
    this.announce(1, at);
    this.need(1);
    const contentAt = this.offset;
    const initial = this.input[this.offset++] as number;
    const major = initial >> 5;
    if (major === 3 && this.legacyTextLinks) {
      const text = this.text(initial & 31, contentAt);
      try {
        return parseCid(text);
      } catch (error) {
        return this.noCid(contentAt, error);
      }
    }
    if (major !== 2) this.fail('link is not a byte string', contentAt);
    const bytes = this.byteString(initial & 31, contentAt);
    if (bytes[0] !== 0) this.fail('link does not start with byte 0', contentAt);
    try {
      return decodeCid(bytes.subarray(1));
    } catch (error) {
      return this.noCid(contentAt, error);
    }
  }

  private noCid(at: number, error: unknown): never {
    throw new FormatError('format.cbor', `byte ${at}`, 'link holds no valid CID', { data: { offset: at }, cause: error });
  }

  private integer(negative: boolean, info: number, at: number): number | bigint {
    const argument = this.argument(info, at);
    if (typeof argument === 'number') {
      if (!negative) return argument;
      // -1 - MAX_SAFE_INTEGER is not a safe integer, so it stays a bigint like its neighbours.
      return argument === Number.MAX_SAFE_INTEGER ? -1n - BigInt(argument) : -1 - argument;
    }
    if (argument > MAX_INT64) this.fail('integer does not fit in signed 64 bits', at);
    return negative ? -1n - argument : argument;
  }

  item(depth: number): CborValue {
    this.need(1);
    const at = this.offset;
    const initial = this.input[this.offset++] as number;
    const info = initial & 31;
    switch (initial >> 5) {
      case 0:
        return this.integer(false, info, at);
      case 1:
        return this.integer(true, info, at);
      case 2:
        return this.byteString(info, at);
      case 3:
        return this.text(info, at);
      case 4:
        this.enter(depth, at);
        return this.list(info, at, depth);
      case 5:
        this.enter(depth, at);
        return this.map(info, at, depth);
      case 6:
        return this.link(info, at);
      default:
        if (initial === 0xf4) return false;
        if (initial === 0xf5) return true;
        if (initial === 0xf6) return null;
        return this.fail('floats, undefined and other simple values are not part of the profile', at);
    }
  }
}

/**
 * Decodes exactly one item that fills the whole input and is in canonical form: shortest heads, sorted unique text keys, strict
 * UTF-8 (chapter 01 sections 2.1 to 2.5), at most MAX_CBOR_DEPTH deep, at most MAX_CBOR_ITEMS items and one more for every
 * CBOR_BYTES_PER_ITEM bytes. What it returns re-encodes to the same bytes. Any other input is a FormatError `format.cbor` with
 * `data.offset`. Byte strings are views into `input`; empty lists and maps are shared and cannot be changed.
 */
export function decodeCbor(input: Uint8Array, options: CborDecodeOptions = {}): CborValue {
  const { value, end } = decodeCborPrefix(input, 0, options);
  if (end !== input.length) {
    throw new FormatError('format.cbor', `byte ${end}`, 'trailing bytes after the item', { data: { offset: end } });
  }
  return value;
}

/**
 * Decodes the first item at `start` and ignores the rest: for padded plaintexts, BAT prefixes and concatenated items (section 2.7).
 * `end` is the offset after the item.
 */
export function decodeCborPrefix(
  input: Uint8Array,
  start = 0,
  options: CborDecodeOptions = {},
): { readonly value: CborValue; readonly end: number } {
  assertBytes('input', input);
  assertInteger('start', start, 0, input.length);
  assertObject('options', options);
  const decoder = new Decoder(input, start, options.legacyTextLinks === true);
  const value = decoder.item(0);
  // The budget of the item itself; while it was read, its end was not known.
  if (decoder.items > mostCborItems(decoder.offset - start)) decoder.fail('holds too many items for its length', start);
  return { value, end: decoder.offset };
}
