import { assertBytes, assertInteger } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';

const MAX_INT32 = 0x7fffffff;
const MAX_INT64 = 2n ** 63n - 1n;

/** Writes the binary framing of old payloads outside CBOR (chapter 01 section 8). Every method returns the writer, for chaining. */
export class DataFrameWriter {
  private buffer: Uint8Array<ArrayBuffer> = new Uint8Array(128);
  private length = 0;

  /** Reserves `count` bytes and returns a view of them. */
  private reserve(count: number): DataView {
    const start = this.length;
    const needed = start + count;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, start));
      this.buffer = grown;
    }
    this.length = needed;
    return new DataView(this.buffer.buffer, start, count);
  }

  /** A signed 32-bit integer, 4 bytes big-endian. */
  writeInt(value: number): this {
    assertInteger('value', value, -MAX_INT32 - 1, MAX_INT32);
    this.reserve(4).setInt32(0, value);
    return this;
  }

  /** A signed 64-bit integer, 8 bytes big-endian. */
  writeLong(value: bigint): this {
    if (typeof value !== 'bigint' || value < -MAX_INT64 - 1n || value > MAX_INT64) {
      throw new ArgumentError('value', 'must be a bigint of signed 64 bits');
    }
    this.reserve(8).setBigInt64(0, value);
    return this;
  }

  /** One byte, 0 or 1. */
  writeBoolean(value: boolean): this {
    if (typeof value !== 'boolean') throw new ArgumentError('value', 'must be a boolean');
    this.reserve(1).setUint8(0, value ? 1 : 0);
    return this;
  }

  /** A length of 4 bytes, then the bytes. */
  writeBytes(value: Uint8Array): this {
    assertBytes('value', value);
    this.writeInt(value.length);
    const start = this.length;
    this.reserve(value.length);
    this.buffer.set(value, start);
    return this;
  }

  /** ASCII text like a byte array. ArgumentError for another character: the two length rules of this framing differ there. */
  writeText(value: string): this {
    if (typeof value !== 'string') throw new ArgumentError('value', 'must be a string');
    const bytes = new Uint8Array(value.length);
    for (let i = 0; i < bytes.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) throw new ArgumentError('value', 'must be ASCII');
      bytes[i] = code;
    }
    return this.writeBytes(bytes);
  }

  /** A copy of everything written so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }
}

/** Reads what {@link DataFrameWriter} writes. Every mismatch is a FormatError `format.framing` with the offset; the input is hostile. */
export class DataFrameReader {
  private readonly view: DataView;
  private position = 0;

  /** The array is not copied: do not change it while reading. */
  constructor(private readonly input: Uint8Array) {
    assertBytes('input', input);
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.position;
  }

  private fail(problem: string, offset: number): never {
    throw new FormatError('format.framing', `byte ${offset}`, problem, { data: { offset } });
  }

  /** Moves on by `count` bytes and returns where they start. */
  private take(count: number): number {
    const start = this.position;
    if (count > this.input.length - start) this.fail('input ends inside a value', start);
    this.position = start + count;
    return start;
  }

  /** A signed 32-bit integer. */
  readInt(): number {
    return this.view.getInt32(this.take(4));
  }

  /** A signed 64-bit integer. */
  readLong(): bigint {
    return this.view.getBigInt64(this.take(8));
  }

  /** A boolean; any byte but 0 and 1 is an error. */
  readBoolean(): boolean {
    const start = this.take(1);
    const value = this.view.getUint8(start);
    if (value > 1) this.fail('a boolean must be 0 or 1', start);
    return value === 1;
  }

  /** A byte array of at most `max` bytes, copied. The length is checked before anything is allocated. */
  readBytes(max: number): Uint8Array<ArrayBuffer> {
    assertInteger('max', max, 0, MAX_INT32);
    const start = this.position;
    const length = this.readInt();
    if (length < 0 || length > max) this.fail(`length must be from 0 to ${max}`, start);
    const from = this.take(length);
    return new Uint8Array(this.input.subarray(from, from + length));
  }

  /** ASCII text of at most `max` characters. */
  readText(max: number): string {
    const start = this.position;
    let text = '';
    for (const byte of this.readBytes(max)) {
      if (byte > 0x7f) this.fail('text must be ASCII', start);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Requires that the whole input has been read. */
  expectEnd(): void {
    if (this.position !== this.input.length) this.fail('trailing bytes', this.position);
  }
}
