import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_SOCIAL_RECORD_SIZE, MAX_SOCIAL_RECORDS } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { EntryPoint } from '../model/user-static-data.js';
import v from '../../../../vectors/06/follow-request.json' with { type: 'json' };
import { encodeRecords, readRecords } from './record-stream.js';

const capability = AbsoluteCapability.decode(fromHex(v.readOnly));
const names = ['alice', 'bob', 'carol'];
const entries = names.map((name) => EntryPoint.of(capability, name));
const stream = encodeRecords(entries);
const read = EntryPoint.fromCbor;
const namesIn = (bytes: Uint8Array, offset?: number): string[] =>
  readRecords(bytes, read, { offset }).records.map(({ value }) => value.ownerName);

test('records one after the other, with their places', () => {
  const { records, skipped, end, stopped } = readRecords(stream, read);
  expect(records.map(({ value }) => value.ownerName)).toEqual(names);
  expect(records.map(({ start, end: after }) => stream.slice(start, after))).toEqual(entries.map((entry) => entry.encode()));
  expect({ skipped, end, stopped }).toEqual({ skipped: 0, end: stream.length, stopped: 'end' });
  expect(encodeRecords(records.map(({ value }) => value))).toEqual(stream);
});

test('capabilities, from an offset', () => {
  const capabilities = encodeRecords([capability, AbsoluteCapability.null(), capability]);
  const first = readRecords(capabilities, AbsoluteCapability.fromCbor, { limit: 1 });
  expect(first).toMatchObject({ end: 201, stopped: 'limit' });
  const others = readRecords(capabilities, AbsoluteCapability.fromCbor, { offset: first.end });
  expect(others.records.map(({ value }) => value.isNull)).toEqual([true, false]);
  expect(others.stopped).toBe('end');
  expect(readRecords(capabilities, AbsoluteCapability.fromCbor, { offset: capabilities.length })).toEqual({
    records: [],
    skipped: 0,
    end: capabilities.length,
    stopped: 'end',
  });
});

test('however it is cut, the records before the cut are read, and the rest with what follows', () => {
  for (let cut = 0; cut < stream.length; cut++) {
    const start = readRecords(stream.subarray(0, cut), read);
    const whole = entries.filter((_, i) => encodeRecords(entries.slice(0, i + 1)).length <= cut).length;
    expect(start.records).toHaveLength(whole);
    expect(start.stopped).toBe(start.end === cut ? 'end' : 'rest');
    expect(namesIn(stream.subarray(start.end))).toEqual(names.slice(whole));
  }
});

test('damage costs nothing before it', () => {
  fc.assert(
    fc.property(fc.nat({ max: stream.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const found = readRecords(stream.with(at, byte), read);
      const intact = readRecords(stream, read).records.filter((record) => record.end <= at);
      expect(found.records.slice(0, intact.length).map(({ value }) => value.ownerName)).toEqual(names.slice(0, intact.length));
      expect(found.end).toBeLessThanOrEqual(stream.length);
    }),
  );
  expect(namesIn(concatBytes(stream, fromHex('ff00')))).toEqual(names);
});

test('another item is skipped', () => {
  const other = encodeCbor(['not', 'an entry']);
  const found = readRecords(concatBytes(other, stream, other), read);
  expect(found.records.map(({ value }) => value.ownerName)).toEqual(names);
  expect(found.records.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(found).toMatchObject({ skipped: 2, stopped: 'end' });
});

test('an error that is none of the input comes through', () => {
  const bug = new TypeError('a bug');
  const broken = (): never => {
    throw bug;
  };
  expect(() => readRecords(stream, broken)).toThrow(bug);
});

test('MAX_SOCIAL_RECORD_SIZE', () => {
  const sized = (size: number): Uint8Array => encodeCbor('x'.repeat(size - (size > 65_535 + 3 ? 5 : 3)));
  const largest = sized(MAX_SOCIAL_RECORD_SIZE);
  expect(largest).toHaveLength(MAX_SOCIAL_RECORD_SIZE);
  const text = (value: unknown): string => String(value);
  expect(readRecords(largest, text)).toMatchObject({ end: MAX_SOCIAL_RECORD_SIZE, stopped: 'end' });
  const larger = encodeCbor('x'.repeat(MAX_SOCIAL_RECORD_SIZE - 2));
  expect(larger.length).toBeGreaterThan(MAX_SOCIAL_RECORD_SIZE);
  expect(readRecords(larger, text)).toMatchObject({ records: [], end: 0, stopped: 'rest' });
});

describe('MAX_SOCIAL_RECORDS', () => {
  const accept = (value: unknown): unknown => value;

  test('goes on where it stopped', () => {
    const bytes = new Uint8Array(MAX_SOCIAL_RECORDS + 1);
    const first = readRecords(bytes, accept);
    expect(first).toMatchObject({ end: MAX_SOCIAL_RECORDS, stopped: 'limit' });
    expect(readRecords(bytes, accept, { offset: first.end })).toMatchObject({ end: bytes.length, stopped: 'end' });
    expect(readRecords(bytes.subarray(1), accept).stopped).toBe('end');
  });

  test('skipped items count, too', () => {
    const refuse = (): never => {
      throw new FormatError('format.social', 'x', 'y');
    };
    expect(readRecords(new Uint8Array(20), refuse, { limit: 10 })).toEqual({ records: [], skipped: 10, end: 10, stopped: 'limit' });
  });
});

test('arguments are checked', () => {
  expect(() => readRecords('x' as never, read)).toThrow(ArgumentError);
  expect(() => readRecords(stream, 'x' as never)).toThrow(ArgumentError);
  expect(() => readRecords(stream, read, { offset: stream.length + 1 })).toThrow(ArgumentError);
  expect(() => readRecords(stream, read, { limit: 0 })).toThrow(ArgumentError);
  expect(() => readRecords(stream, read, { limit: MAX_SOCIAL_RECORDS + 1 })).toThrow(ArgumentError);
  expect(() => encodeRecords([{}] as never)).toThrow(ArgumentError);
});
