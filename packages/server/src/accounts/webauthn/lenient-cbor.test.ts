import { fromHex } from '@pyrgos/core/bytes';
import { FormatError } from '@pyrgos/core/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authenticatorCbor } from '../../../test/virtual-authenticator.js';
import { readLenientCbor, readLenientMap } from './lenient-cbor.js';

const read = (hex: string): unknown => readLenientCbor(fromHex(hex)).value;

describe('the CBOR of authenticators', () => {
  test.each([
    ['00', 0],
    ['1864', 100],
    ['1800', 0],
    ['190100', 256],
    ['1b0000000000000001', 1],
    ['1b0020000000000000', 9_007_199_254_740_992n],
    ['26', -7],
    ['390100', -257],
    ['3b0020000000000000', -9_007_199_254_740_993n],
    ['40', new Uint8Array()],
    ['43010203', Uint8Array.of(1, 2, 3)],
    ['5f41014202034100ff', Uint8Array.of(1, 2, 3, 0)],
    ['6161', 'a'],
    ['7f61616162ff', 'ab'],
    ['80', []],
    ['820102', [1, 2]],
    ['9f01820203ff', [1, [2, 3]]],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['f97e00', undefined],
    ['fa3fc00000', 1.5],
    ['fb3ff8000000000000', 1.5],
    ['c11a514b67b0', 1_363_896_240],
  ])('%s', (hex, expected) => {
    const value = read(hex);
    if (expected instanceof Uint8Array) expect(Buffer.from(value as Uint8Array)).toEqual(Buffer.from(expected));
    else expect(value).toEqual(expected);
  });

  test('has maps with text and integer keys in any order', () => {
    expect(read('a30102200121f4')).toEqual(
      new Map<unknown, unknown>([
        [1, 2],
        [-1, 1],
        [-2, false],
      ]),
    );
    expect(read('bf6162016161022002ff')).toEqual(
      new Map<unknown, unknown>([
        ['b', 1],
        ['a', 2],
        [-1, 2],
      ]),
    );
  });

  test.each([
    '',
    '18',
    '19ff',
    '1c',
    '5f00ff',
    '5f5f4100ffff',
    '41',
    '5affffffff',
    '61ff',
    '81',
    '9affffffff',
    'a1',
    'a101',
    'a2010101 02',
    'a14001',
    'bf01ff',
    'ff',
    '81ff',
    'f8ff',
    'fc',
    'c1',
    `${'81'.repeat(17)}00`,
    `${'c1'.repeat(17)}00`,
    `${'a100'.repeat(17)}00`,
    '9f',
    'bf',
  ])('%s is none', (hex) => expect(() => read(hex.replaceAll(' ', ''))).toThrow(FormatError));

  test('is refused where a map is expected and something else or more is there', () => {
    expect(readLenientMap(fromHex('a0'))).toEqual(new Map());
    for (const hex of ['80', 'a000', '00']) expect(() => readLenientMap(fromHex(hex))).toThrow(FormatError);
  });

  test('can start anywhere and says where it ends', () => {
    expect(readLenientCbor(fromHex('00000102'), 2)).toEqual({ value: 1, end: 3 });
  });

  test('reads back what is written, and never fails otherwise than by refusing', () => {
    const value = fc.letrec((tie) => ({
      item: fc.oneof(
        fc.integer({ min: -0x7fffffff, max: 0x7fffffff }),
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('item'), { maxLength: 3 }),
      ),
    })).item as fc.Arbitrary<Parameters<typeof authenticatorCbor>[0]>;
    fc.assert(
      fc.property(value, (item) => {
        const bytes = authenticatorCbor(item);
        expect(readLenientCbor(bytes)).toEqual({ value: item, end: bytes.length });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(readLenientCbor(bytes).end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
