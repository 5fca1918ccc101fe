import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byteKey,
  assertBytes,
  assertInteger,
  compareLengthThenSigned,
  compareLengthThenUnsigned,
  concatBytes,
  copyBytes,
  constantTimeEqual,
  equalBytes,
  fromHex,
  isWellFormed,
  toHex,
  unsharedBytes,
  utf8Decode,
  utf8Encode,
} from './bytes.js';
import { ArgumentError } from './errors.js';

/** A byte string whose memory was given to another thread. */
function lostMemory(length: number): Uint8Array {
  const array = new Uint8Array(length).fill(7);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const bytes = fc.uint8Array({ maxLength: 40 });
const refused = (field: string): unknown =>
  expect.objectContaining({ constructor: ArgumentError, data: expect.objectContaining({ field }) });

describe('hex', () => {
  test('bytes survive in either case', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const hex = toHex(value);
        expect(hex).toMatch(/^([0-9a-f]{2})*$/u);
        expect(fromHex(hex)).toEqual(value);
        expect(fromHex(hex.toUpperCase())).toEqual(value);
      }),
    );
  });

  test.each(['0', '012', '0g', 'g0', '0x', ' 0', '0\n', '-1', '+1', '１２', '0\u0130', '\u00000', '/0', ':0', '@0', 'G0', '`0'])(
    'refused: %j',
    (hex) => {
      expect(() => fromHex(hex, 'auth')).toThrow(refused('auth'));
    },
  );

  test('arguments', () => {
    expect(() => fromHex(undefined as never)).toThrow(refused('hex'));
    expect(() => toHex('00' as never)).toThrow(refused('bytes'));
  });
});

describe('UTF-8', () => {
  test('well-formed text survives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isWellFormed(text)).toBe(true);
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
    );
  });

  test('a byte order mark is kept', () => {
    expect(toHex(utf8Encode('\ufeffa'))).toBe('efbbbf61');
    expect(utf8Decode(fromHex('efbbbf61'))).toBe('\ufeffa');
    expect(utf8Decode(fromHex('efbbbfefbbbf'))).toBe('\ufeff\ufeff');
  });

  test.each(['\ud800', '\udfff', 'a\udbff', '\udbffa', '\udc00\ud800', '\ud800\ud800\udc00', '\u{1f600}\ude00'])(
    'unpaired surrogate %j',
    (text) => {
      expect(isWellFormed(text)).toBe(false);
      expect(() => utf8Encode(text, 'name')).toThrow(refused('name'));
    },
  );

  test.each(['ff', 'c3', 'c080', 'e0809f', 'eda080', 'edbfbf', 'f4908080', 'f8808080', '80', '61c3', 'c3c3a9'])(
    'invalid %s, and no state is left',
    (hex) => {
      expect(utf8Decode(fromHex(hex))).toBeUndefined();
      expect(utf8Decode(fromHex('c3a9'))).toBe('é');
    },
  );

  test('strict decoding agrees with re-encoding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0xc3, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0)), { maxLength: 8 }),
        (list) => {
          const value = Uint8Array.from(list);
          const text = utf8Decode(value);
          if (text !== undefined) expect(utf8Encode(text)).toEqual(value);
        },
      ),
    );
  });

  test('arguments', () => {
    expect(() => utf8Encode(1 as never)).toThrow(refused('text'));
    expect(() => utf8Decode('x' as never)).toThrow(refused('bytes'));
  });
});

describe('equality and order', () => {
  test('both equalities are equality', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (a, b, at, flip) => {
        const same = toHex(a) === toHex(b);
        for (const equal of [equalBytes, constantTimeEqual]) {
          expect(equal(a, b)).toBe(same);
          expect(equal(a, a.slice())).toBe(true);
          if (a.length === 0) continue;
          const changed = a.slice();
          changed.set([(changed.at(at % a.length) ?? 0) ^ flip], at % a.length);
          expect(equal(a, changed)).toBe(false);
        }
      }),
    );
  });

  test('examples of the two orders', () => {
    const sorted = (hex: readonly string[], compare: (a: Uint8Array, b: Uint8Array) => number): string[] =>
      hex
        .map((h) => fromHex(h))
        .sort(compare)
        .map(toHex);
    const input = ['0100', 'ff', '7f', '', '80', '00', '007f', '0080'];
    expect(sorted(input, compareLengthThenUnsigned)).toEqual(['', '00', '7f', '80', 'ff', '007f', '0080', '0100']);
    expect(sorted(input, compareLengthThenSigned)).toEqual(['', '80', 'ff', '00', '7f', '0080', '007f', '0100']);
  });

  test('they are total orders', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (a, b, c) => {
        for (const compare of [compareLengthThenSigned, compareLengthThenUnsigned]) {
          expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) + 0);
          expect(compare(a, b) === 0).toBe(equalBytes(a, b));
          if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

test('concatenation copies', () => {
  const a = Uint8Array.of(1);
  const out = concatBytes(a, new Uint8Array(), Uint8Array.of(9, 2).subarray(1));
  a[0] = 7;
  expect(out).toEqual(Uint8Array.of(1, 2));
  expect(concatBytes()).toEqual(new Uint8Array());
});

test('assertions name the field', () => {
  expect(() => assertBytes('key', new Uint8Array(32), 32)).not.toThrow();
  for (const value of ['x', [1], null, undefined, new ArrayBuffer(1), new Uint16Array(1)])
    expect(() => assertBytes('key', value)).toThrow(refused('key'));
  expect(() => assertBytes('key', new Uint8Array(31), 32)).toThrow('key: must be 32 bytes, got 31');
  expect(() => assertInteger('n', 5, 5, 5)).not.toThrow();
  for (const value of [4, 6, 5.5, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null])
    expect(() => assertInteger('n', value, 5, 5)).toThrow(refused('n'));
  expect(() => assertInteger('n', 2 ** 53, 0, Number.POSITIVE_INFINITY)).toThrow(refused('n'));
});

describe('memory that was given away', () => {
  test('is not an empty byte string', () => {
    const lost = lostMemory(32);
    expect(lost.length).toBe(0);
    for (const length of [undefined, 0, 32]) expect(() => assertBytes('data', lost, length)).toThrow(refused('data'));
    expect(() => assertBytes('data', lostMemory(0))).toThrow(refused('data'));
    const whole = new Uint8Array(8);
    const views = [whole.subarray(0, 0), whole.subarray(8), whole.subarray(2, 5)];
    for (const view of views) assertBytes('data', view);
    structuredClone(whole.buffer, { transfer: [whole.buffer] });
    for (const view of views) expect(() => assertBytes('data', view)).toThrow(refused('data'));
  });

  test('nor is a window that its buffer has shrunk away from', () => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize: (length: number) => void };
    const buffer = new Resizable(10, { maxByteLength: 20 });
    const window = new Uint8Array(buffer, 5, 5);
    assertBytes('data', window, 5);
    buffer.resize(3);
    expect(() => assertBytes('data', window)).toThrow(refused('data'));
  });

  test('an empty byte string is one', () => {
    for (const empty of [new Uint8Array(), new Uint8Array(new ArrayBuffer(0)), new Uint8Array(4).subarray(4)]) {
      assertBytes('data', empty, 0);
      expect(copyBytes(empty)).toEqual(new Uint8Array());
    }
  });
});

test('what is no byte string is never equal, concatenated or copied', () => {
  const good = new Uint8Array(1);
  for (const bad of [undefined, null, 1, 'x', [0], { length: 1 }, new Uint16Array(1), Object.create(Uint8Array.prototype), lostMemory(1)]) {
    const value = bad as Uint8Array;
    for (const compare of [equalBytes, constantTimeEqual, compareLengthThenUnsigned, compareLengthThenSigned]) {
      expect(() => compare(value, value)).toThrow(ArgumentError);
      expect(() => compare(good, value)).toThrow(refused('b'));
    }
    expect(() => concatBytes(good, value)).toThrow(ArgumentError);
    expect(() => copyBytes(value)).toThrow(refused('bytes'));
  }
  expect(() => isWellFormed({ length: 1 } as never)).toThrow(refused('text'));
});

test('keys of byte strings have one character for each byte, whatever the length', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 36, maxLength: 36 }), fc.uint8Array()),
      (bytes) => {
        const key = byteKey(bytes);
        expect(Uint8Array.from(key, (character) => character.charCodeAt(0))).toEqual(bytes);
        expect(key.length).toBe(bytes.length);
      },
    ),
  );
});

describe('unshared bytes', () => {
  test('are the same object, and a copy where the memory is shared', () => {
    const own = Uint8Array.of(1, 2, 3).subarray(1);
    expect(unsharedBytes(own)).toBe(own);
    // Pages without isolation have no SharedArrayBuffer of their own.
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const shared = new Uint8Array(buffer, 1, 3);
    shared.set([7, 8, 9]);
    const copy = unsharedBytes(shared);
    expect(copy).toEqual(Uint8Array.of(7, 8, 9));
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    shared.fill(0);
    expect(copy).toEqual(Uint8Array.of(7, 8, 9));
  });

  test('of something else are refused', () => {
    expect(() => unsharedBytes([1] as unknown as Uint8Array)).toThrow(refused('bytes'));
    expect(() => unsharedBytes(lostMemory(3))).toThrow(refused('bytes'));
  });
});
