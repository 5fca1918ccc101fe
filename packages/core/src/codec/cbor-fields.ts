import { assertString } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { ArgumentError, FormatError, type ErrorCode } from '../errors.js';
import type { CborMap, CborValue } from './cbor-value.js';
import { Cid } from './cid.js';

/** The code of a malformed object of one kind. */
export type FormatCode = Extract<ErrorCode, `format.${string}`>;

function checkKey(key: string | number): string | number {
  if (typeof key !== 'string' && typeof key !== 'number') throw new ArgumentError('key', 'must be text or a number');
  return key;
}

/**
 * Typed access to the fields of one decoded CBOR map or list. Every mismatch is a FormatError that names the field, for example
 * `WriterData.owned: must be a link`. A present null is a wrong type, never "absent" (chapter 01 section 2.6).
 */
export class CborFields {
  private constructor(
    private readonly code: FormatCode,
    private readonly where: string,
    private readonly get: (key: string | number) => CborValue | undefined,
    /** Number of entries or elements. */
    readonly size: number,
  ) {}

  /** Reads `value` as a map. `where` is the name of the format, the start of every error path. */
  static map(code: FormatCode, where: string, value: CborValue | undefined): CborFields {
    assertString('where', where);
    if (!(value instanceof Map)) throw new FormatError(code, where, 'must be a map');
    const map = value as CborMap;
    return new CborFields(code, where, (key) => map.get(String(key)), map.size);
  }

  /** Reads `value` as a list of at least `minimum` elements; extra elements are ignored (section 2.6). */
  static list(code: FormatCode, where: string, value: CborValue | undefined, minimum = 0): CborFields {
    assertString('where', where);
    assertInteger('minimum', minimum, 0, Number.MAX_SAFE_INTEGER);
    if (!Array.isArray(value)) throw new FormatError(code, where, 'must be a list');
    const list = value as readonly CborValue[];
    if (list.length < minimum) throw new FormatError(code, where, `must have at least ${minimum} elements`);
    return new CborFields(code, where, (key) => list[Number(key)], list.length);
  }

  private lookup(key: string | number): CborValue | undefined {
    return this.get(checkKey(key));
  }

  /** The path of a field, for errors. */
  path(key: string | number): string {
    checkKey(key);
    return typeof key === 'number' ? `${this.where}[${key}]` : `${this.where}.${key}`;
  }

  /** Throws a FormatError for a field. */
  fail(key: string | number, problem: string, cause?: unknown): never {
    throw new FormatError(this.code, this.path(key), problem, cause === undefined ? {} : { cause });
  }

  /** The raw value, or undefined when absent. */
  value(key: string | number): CborValue | undefined {
    return this.lookup(key);
  }

  /** Whether the field is present. */
  has(key: string | number): boolean {
    return this.lookup(key) !== undefined;
  }

  private required<T>(key: string | number, value: T | undefined): T {
    return value ?? this.fail(key, 'is missing');
  }

  /** A byte string, of exactly `length` bytes when given, or undefined when absent. A view into the decoder's input. */
  optionalBytes(key: string | number, length?: number): Uint8Array | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    if (!(value instanceof Uint8Array)) return this.fail(key, 'must be a byte string');
    if (length !== undefined && value.length !== length) {
      return this.fail(key, `must be ${length} bytes, is ${value.length}`);
    }
    return value;
  }

  /** A byte string that must be present. */
  bytes(key: string | number, length?: number): Uint8Array {
    return this.required(key, this.optionalBytes(key, length));
  }

  /** An integer in [min, max] within the safe range, or undefined when absent. */
  optionalInteger(key: string | number, min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    if (typeof value === 'bigint') return this.fail(key, `must be from ${min} to ${max}`);
    if (typeof value !== 'number') return this.fail(key, 'must be an integer');
    if (value < min || value > max) return this.fail(key, `must be from ${min} to ${max}`);
    return value;
  }

  /** An integer that must be present. */
  integer(key: string | number, min?: number, max?: number): number {
    return this.required(key, this.optionalInteger(key, min, max));
  }

  /** A signed 64-bit integer as bigint, or undefined when absent. */
  optionalBigInt(key: string | number): bigint | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'bigint' && typeof value !== 'number') return this.fail(key, 'must be an integer');
    return BigInt(value);
  }

  /** A signed 64-bit integer that must be present. */
  bigInt(key: string | number): bigint {
    return this.required(key, this.optionalBigInt(key));
  }

  /** Text, or undefined when absent. */
  optionalText(key: string | number): string | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    return typeof value === 'string' ? value : this.fail(key, 'must be text');
  }

  /** Text that must be present. */
  text(key: string | number): string {
    return this.required(key, this.optionalText(key));
  }

  /** A boolean; `absent` is returned when the field is missing, and without it the field must be present. */
  boolean(key: string | number, absent?: boolean): boolean {
    const value = this.lookup(key);
    if (value === undefined) return this.required(key, absent);
    return typeof value === 'boolean' ? value : this.fail(key, 'must be a boolean');
  }

  /** A link, or undefined when absent. */
  optionalLink(key: string | number): Cid | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    return value instanceof Cid ? value : this.fail(key, 'must be a link');
  }

  /** A link that must be present. */
  link(key: string | number): Cid {
    return this.required(key, this.optionalLink(key));
  }

  /** A list, or undefined when absent. */
  optionalList(key: string | number): readonly CborValue[] | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    return Array.isArray(value) ? (value as readonly CborValue[]) : this.fail(key, 'must be a list');
  }

  /** A list that must be present. */
  list(key: string | number): readonly CborValue[] {
    return this.required(key, this.optionalList(key));
  }

  /** A map, or undefined when absent. */
  optionalMap(key: string | number): CborMap | undefined {
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    return value instanceof Map ? (value as CborMap) : this.fail(key, 'must be a map');
  }

  /** A map that must be present. */
  map(key: string | number): CborMap {
    return this.required(key, this.optionalMap(key));
  }
}
