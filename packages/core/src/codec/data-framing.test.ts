import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/framing.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { DataFrameReader, DataFrameWriter } from './data-framing.js';

type Item =
  | readonly ['int', number]
  | readonly ['long', bigint]
  | readonly ['boolean', boolean]
  | readonly ['bytes', Uint8Array]
  | readonly ['text', string];

const MAX = 16;

function write(writer: DataFrameWriter, [type, value]: Item): void {
  if (type === 'int') writer.writeInt(value);
  else if (type === 'long') writer.writeLong(value);
  else if (type === 'boolean') writer.writeBoolean(value);
  else if (type === 'bytes') writer.writeBytes(value);
  else writer.writeText(value);
}

function read(reader: DataFrameReader, type: string, max = MAX): unknown {
  if (type === 'int') return reader.readInt();
  if (type === 'long') return reader.readLong();
  if (type === 'boolean') return reader.readBoolean();
  if (type === 'bytes') return reader.readBytes(max);
  if (type === 'text') return reader.readText(max);
  throw new Error(`unknown type ${type}`);
}

function fromVector(value: object): Item {
  const entry = (Object.entries(value) as [string, never][]).at(0);
  if (entry === undefined) throw new Error('empty vector');
  const [type, content] = entry;
  if (type === 'long') return ['long', BigInt(content)];
  if (type === 'bytes') return ['bytes', fromHex(content)];
  return [type, content] as unknown as Item;
}

const expectFormatError = (work: () => unknown): void =>
  expect(work).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.framing' }));

describe('vectors', () => {
  test.each(v.valid)('$name', ({ values, bytes }) => {
    const items = values.map(fromVector);
    const writer = new DataFrameWriter();
    for (const item of items) write(writer, item);
    expect(toHex(writer.finish())).toBe(bytes);
    const reader = new DataFrameReader(fromHex(bytes));
    for (const [type, value] of items) expect(read(reader, type)).toEqual(value);
    reader.expectEnd();
    expect(reader.offset).toBe(bytes.length / 2);
  });

  test.each(v.invalid)('refused: $reason', ({ type, bytes }) => {
    expectFormatError(() => {
      const reader = new DataFrameReader(fromHex(bytes));
      read(reader, type);
      reader.expectEnd();
    });
  });
});

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => ['int', value] as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ['long', value] as const),
  fc.boolean().map((value) => ['boolean', value] as const),
  fc.uint8Array({ maxLength: 300 }).map((value) => ['bytes', value] as const),
  fc.string({ unit: 'binary-ascii', maxLength: 300 }).map((value) => ['text', value] as const),
);

test('values survive, and every prefix is refused', () => {
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), fc.nat(), (items, cut) => {
      const writer = new DataFrameWriter();
      for (const entry of items) write(writer, entry);
      const bytes = writer.finish();
      const readAll = (input: Uint8Array): unknown[] => {
        const reader = new DataFrameReader(input);
        const values = items.map(([type]) => read(reader, type, 300));
        reader.expectEnd();
        return values;
      };
      expect(readAll(concatBytes(Uint8Array.of(9), bytes).subarray(1))).toEqual(items.map(([, value]) => value));
      expectFormatError(() => readAll(bytes.subarray(0, cut % bytes.length)));
      expectFormatError(() => readAll(concatBytes(bytes, Uint8Array.of(0))));
    }),
  );
});

test('a maximum is exact', () => {
  const bytes = new DataFrameWriter().writeBytes(new Uint8Array(5)).finish();
  expect(new DataFrameReader(bytes).readBytes(5).length).toBe(5);
  expectFormatError(() => new DataFrameReader(bytes).readBytes(4));
  expect(new DataFrameReader(bytes).readText(5)).toBe('\u0000'.repeat(5));
  expectFormatError(() => new DataFrameReader(bytes).readText(4));
  expect(() => new DataFrameReader(bytes).readBytes(-1)).toThrow(ArgumentError);
  expect(() => new DataFrameReader(bytes).readText(undefined as never)).toThrow(ArgumentError);
});

test('byte arrays are copies', () => {
  const input = fromHex('0000000101');
  const bytes = new DataFrameReader(input).readBytes(1);
  input.fill(0);
  expect(bytes).toEqual(Uint8Array.of(1));
  const writer = new DataFrameWriter().writeBoolean(true);
  const first = writer.finish();
  writer.writeBoolean(false);
  expect(toHex(first)).toBe('01');
  expect(toHex(writer.finish())).toBe('0100');
});

test('a failed read does not move the reader past the input', () => {
  const reader = new DataFrameReader(fromHex('000000ff00'));
  expectFormatError(() => reader.readLong());
  expect(reader.offset).toBe(0);
});

test.each<[string, (writer: DataFrameWriter) => unknown]>([
  ['int over 31 bits', (writer) => writer.writeInt(2 ** 31)],
  ['int below 31 bits', (writer) => writer.writeInt(-(2 ** 31) - 1)],
  ['fraction', (writer) => writer.writeInt(0.5)],
  ['long over 63 bits', (writer) => writer.writeLong(2n ** 63n)],
  ['long below 63 bits', (writer) => writer.writeLong(-(2n ** 63n) - 1n)],
  ['number as long', (writer) => writer.writeLong(1 as never)],
  ['number as boolean', (writer) => writer.writeBoolean(1 as never)],
  ['text as bytes', (writer) => writer.writeBytes('x' as never)],
  ['text outside ASCII', (writer) => writer.writeText('é')],
  ['astral text', (writer) => writer.writeText('\u{1f600}')],
  ['bytes as text', (writer) => writer.writeText(new Uint8Array(1) as never)],
])('not writable: %s', (_, work) => {
  expect(() => work(new DataFrameWriter())).toThrow(ArgumentError);
});

test('the reader wants bytes', () => {
  expect(() => new DataFrameReader('00' as never)).toThrow(ArgumentError);
});
