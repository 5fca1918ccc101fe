import { describe, expect, test } from 'vitest';
import { FormatError } from '../errors.js';
import { CborFields } from './cbor-fields.js';
import type { CborValue } from './cbor-value.js';
import { Cid, CidCodec } from './cid.js';

const link = Cid.ofSha256(new Uint8Array(32), CidCodec.raw);
const values: Readonly<Record<string, CborValue>> = {
  bytes: Uint8Array.of(1, 2),
  integer: 7,
  big: 2n ** 60n,
  text: 'x',
  boolean: false,
  link,
  list: [1],
  map: new Map([['a', 1]]),
  null: null,
};
const fields = CborFields.map('format.champ', 'Test', new Map(Object.entries(values)));

type Reader = (key: string) => unknown;
const required: readonly (readonly [string, Reader])[] = [
  ['bytes', (key) => fields.bytes(key)],
  ['integer', (key) => fields.integer(key)],
  ['text', (key) => fields.text(key)],
  ['boolean', (key) => fields.boolean(key)],
  ['link', (key) => fields.link(key)],
  ['list', (key) => fields.list(key)],
  ['map', (key) => fields.map(key)],
];
const optional: readonly (readonly [string, Reader])[] = [
  ['bytes', (key) => fields.optionalBytes(key)],
  ['integer', (key) => fields.optionalInteger(key)],
  ['text', (key) => fields.optionalText(key)],
  ['link', (key) => fields.optionalLink(key)],
  ['list', (key) => fields.optionalList(key)],
  ['map', (key) => fields.optionalMap(key)],
];

const refusal = (key: string): unknown =>
  expect.objectContaining({ constructor: FormatError, code: 'format.champ', data: expect.objectContaining({ where: `Test.${key}` }) });

describe.each(required)('required %s', (type, read) => {
  test.each(Object.keys(values))('given %s', (key) => {
    if (key === type) expect(read(key)).toBe(values[key]);
    else expect(() => read(key)).toThrow(refusal(key));
  });

  test('absent', () => {
    expect(() => read('absent')).toThrow(refusal('absent'));
  });
});

describe.each(optional)('optional %s', (type, read) => {
  test.each(Object.keys(values))('given %s', (key) => {
    if (key === type) expect(read(key)).toBe(values[key]);
    else expect(() => read(key)).toThrow(refusal(key));
  });

  test('absent', () => {
    expect(read('absent')).toBeUndefined();
  });
});

test('a boolean with a default: absent gives the default, null is an error', () => {
  expect(fields.boolean('absent', true)).toBe(true);
  expect(fields.boolean('absent', false)).toBe(false);
  expect(fields.boolean('boolean', true)).toBe(false);
  expect(() => fields.boolean('null', true)).toThrow(refusal('null'));
});

test('ranges and lengths', () => {
  expect(fields.integer('integer', 7, 7)).toBe(7);
  expect(() => fields.integer('integer', 8)).toThrow(refusal('integer'));
  expect(() => fields.integer('integer', 0, 6)).toThrow(refusal('integer'));
  expect(fields.bytes('bytes', 2)).toEqual(Uint8Array.of(1, 2));
  expect(() => fields.bytes('bytes', 3)).toThrow(refusal('bytes'));
  expect(fields.bigInt('big')).toBe(2n ** 60n);
  expect(fields.bigInt('integer')).toBe(7n);
  expect(fields.optionalBigInt('absent')).toBeUndefined();
  expect(() => fields.bigInt('text')).toThrow(refusal('text'));
  expect(() => fields.bigInt('absent')).toThrow(refusal('absent'));
});

test('raw access', () => {
  expect(fields.value('null')).toBeNull();
  expect(fields.has('null')).toBe(true);
  expect(fields.has('absent')).toBe(false);
  expect(fields.has('__proto__')).toBe(false);
  expect(fields.size).toBe(Object.keys(values).length);
});

test('lists', () => {
  const list = CborFields.list('format.champ', 'Test', [1, 'x', true], 2);
  expect(list.size).toBe(3);
  expect(list.integer(0)).toBe(1);
  expect(list.text(1)).toBe('x');
  expect(() => list.text(0)).toThrow('Test[0]: must be text');
  expect(() => list.text(3)).toThrow('Test[3]: is missing');
  expect(list.value('length')).toBeUndefined();
  expect(() => CborFields.list('format.champ', 'Test', [1], 2)).toThrow(FormatError);
});

test.each([undefined, null, 1, 'x', [], Uint8Array.of(1), link])('no map: %s', (value) => {
  expect(() => CborFields.map('format.champ', 'Test', value)).toThrow(FormatError);
});

test.each([undefined, null, 1, 'x', new Map(), Uint8Array.of(1), link])('no list: %s', (value) => {
  expect(() => CborFields.list('format.champ', 'Test', value)).toThrow(FormatError);
});
