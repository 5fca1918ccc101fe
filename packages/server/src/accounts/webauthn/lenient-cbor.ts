import { utf8Decode } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';

/**
 * A CBOR value as authenticators and platforms write them. They use integer keys, and not all of them keep to the canonical form, so
 * the protocol's own codec cannot read these structures (chapter 05 section 15.6). Byte strings are views into the input.
 */
export type LenientValue = number | bigint | string | boolean | null | undefined | Uint8Array | readonly LenientValue[] | LenientMap;

/** A map; keys are text or integers. */
export type LenientMap = ReadonlyMap<string | number, LenientValue>;

const MAX_DEPTH = 16;
const BREAK = Symbol('break');

class Reader {
  private readonly view: DataView;

  constructor(
    private readonly input: Uint8Array,
    public offset: number,
  ) {
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  }

  fail(problem: string): never {
    throw new FormatError('format.account', 'CBOR of an authenticator', problem);
  }

  /** Moves past `count` bytes and returns where they begin. */
  private take(count: number): number {
    if (count > this.input.length - this.offset) this.fail('ends inside an item');
    const start = this.offset;
    this.offset += count;
    return start;
  }

  private argument(info: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.view.getUint8(this.take(1));
      case 25:
        return this.view.getUint16(this.take(2));
      case 26:
        return this.view.getUint32(this.take(4));
      case 27: {
        const value = this.view.getBigUint64(this.take(8));
        return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
      }
      default:
        return this.fail('has a reserved head');
    }
  }

  /** A length or count: never more than the bytes that are left, so nothing is allocated on a lie. */
  private size(info: number): number {
    const value = this.argument(info);
    if (typeof value === 'bigint' || value > this.input.length - this.offset) return this.fail('declares more than there is');
    return value;
  }

  private bytes(info: number): Uint8Array {
    const length = this.size(info);
    const start = this.take(length);
    return this.input.subarray(start, start + length);
  }

  /** The chunks of a byte or text string of either form. */
  private string(major: number, info: number): Uint8Array {
    if (info !== 31) return this.bytes(info);
    const chunks: Uint8Array[] = [];
    for (;;) {
      const head = this.view.getUint8(this.take(1));
      if (head === 0xff) return Buffer.concat(chunks);
      if (head >> 5 !== major || (head & 31) === 31) this.fail('has a string chunk of another type');
      chunks.push(this.bytes(head & 31));
    }
  }

  private text(info: number): string {
    return utf8Decode(this.string(3, info)) ?? this.fail('has text that is not UTF-8');
  }

  private *items(info: number, depth: number): Generator<LenientValue> {
    if (depth >= MAX_DEPTH) this.fail('is nested too deeply');
    if (info !== 31) {
      for (let left = this.size(info); left > 0; left--) yield this.value(depth + 1);
      return;
    }
    for (;;) {
      const value = this.item(depth + 1);
      if (value === BREAK) return;
      yield value;
    }
  }

  private map(info: number, depth: number): LenientMap {
    const map = new Map<string | number, LenientValue>();
    const add = (key: LenientValue, value: LenientValue): void => {
      if (typeof key !== 'string' && typeof key !== 'number') return this.fail('has a key that is neither text nor an integer');
      if (map.has(key)) return this.fail('has a key twice');
      map.set(key, value);
    };
    if (depth >= MAX_DEPTH) this.fail('is nested too deeply');
    if (info !== 31) {
      for (let left = this.size(info); left > 0; left--) add(this.value(depth + 1), this.value(depth + 1));
      return map;
    }
    for (;;) {
      const key = this.item(depth + 1);
      if (key === BREAK) return map;
      add(key, this.value(depth + 1));
    }
  }

  private simple(info: number): LenientValue | typeof BREAK {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        // Half precision: no structure that we look into has one.
        this.take(2);
        return undefined;
      case 26:
        return this.view.getFloat32(this.take(4));
      case 27:
        return this.view.getFloat64(this.take(8));
      case 31:
        return BREAK;
      default:
        return this.fail('has an unknown simple value');
    }
  }

  private item(depth: number): LenientValue | typeof BREAK {
    const head = this.view.getUint8(this.take(1));
    const info = head & 31;
    switch (head >> 5) {
      case 0:
        return this.argument(info);
      case 1: {
        const value = this.argument(info);
        return typeof value === 'bigint' ? -1n - value : -1 - value;
      }
      case 2:
        return this.string(2, info);
      case 3:
        return this.text(info);
      case 4:
        return [...this.items(info, depth)];
      case 5:
        return this.map(info, depth);
      case 6:
        if (depth >= MAX_DEPTH) this.fail('is nested too deeply');
        this.argument(info);
        return this.value(depth + 1);
      default:
        return this.simple(info);
    }
  }

  value(depth: number): LenientValue {
    const value = this.item(depth);
    return value === BREAK ? this.fail('has a break outside of an indefinite item') : value;
  }
}

/**
 * Reads the first item at `start`; `end` is the offset after it. Accepts any order of keys, any length of heads, indefinite lengths and
 * tags (which it drops); refuses duplicate keys and deep nesting. FormatError `format.account`.
 */
export function readLenientCbor(input: Uint8Array, start = 0): { readonly value: LenientValue; readonly end: number } {
  const reader = new Reader(input, start);
  const value = reader.value(0);
  return { value, end: reader.offset };
}

/** Reads an item that takes up the whole input and must be a map. */
export function readLenientMap(input: Uint8Array): LenientMap {
  const { value, end } = readLenientCbor(input);
  if (end !== input.length || !(value instanceof Map)) {
    throw new FormatError('format.account', 'CBOR of an authenticator', 'must be one map');
  }
  return value as LenientMap;
}
