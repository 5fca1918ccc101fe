import { arbitraryCbor, hostileKeys } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/cbor.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { decodeCbor, decodeCborPrefix } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { cborMap, compareCborKeys, type CborValue } from './cbor-value.js';
import { Cid, parseCid } from './cid.js';
import { linksOf } from './links.js';

function raise(problem: string): never {
  throw new Error(`vector: ${problem}`);
}

/** Turns the tagged JSON of the vectors into a value. */
function fromVector(json: unknown): CborValue {
  if (json === null || typeof json === 'boolean') return json;
  const [type, content] = (Object.entries(json as object) as [string, never][]).at(0) ?? raise('an empty object');
  switch (type) {
    case 'int': {
      const value = BigInt(content);
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    case 'bytes':
      return fromHex(content);
    case 'text':
      return content;
    case 'link':
      return parseCid(content);
    case 'list':
      return (content as unknown[]).map(fromVector);
    case 'map':
      return new Map((content as [string, unknown][]).map(([key, value]) => [key, fromVector(value)]));
    default:
      return raise(`unknown type ${type}`);
  }
}

/** A structural form in which links compare by content and numbers by value. */
function plain(value: CborValue): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (value instanceof Uint8Array) return ['bytes', toHex(value)];
  if (value instanceof Map) return ['map', [...(value as Map<string, CborValue>)].map(([key, item]) => [key, plain(item)])];
  if (Array.isArray(value)) return (value as CborValue[]).map(plain);
  return value instanceof Cid ? ['link', value.toString()] : value;
}

/** The same value with every map's entries in another insertion order. */
function reversed(value: CborValue): CborValue {
  if (value instanceof Map) {
    return new Map([...(value as Map<string, CborValue>)].reverse().map(([key, item]) => [key, reversed(item)]));
  }
  return Array.isArray(value) ? (value as CborValue[]).map(reversed) : value;
}

function sortedDeep(value: CborValue): CborValue {
  if (value instanceof Map) {
    const entries = [...(value as Map<string, CborValue>)].sort(([a], [b]) => compareCborKeys(a, b));
    return new Map(entries.map(([key, item]) => [key, sortedDeep(item)]));
  }
  return Array.isArray(value) ? (value as CborValue[]).map(sortedDeep) : value;
}

const hex = (value: CborValue): string => toHex(encodeCbor(value));
const expectFormatError = (work: () => unknown): void =>
  expect(work).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.cbor' }));

describe('vectors', () => {
  test.each(v.valid)('$name', ({ value, cbor }) => {
    expect(hex(fromVector(value))).toBe(cbor);
    expect(hex(reversed(fromVector(value)))).toBe(cbor);
    expect(plain(decodeCbor(fromHex(cbor)))).toEqual(plain(fromVector(value)));
    expect(hex(decodeCbor(fromHex(cbor)))).toBe(cbor);
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expectFormatError(() => decodeCbor(fromHex(cbor)));
  });

  test('links in order', () => {
    const value = decodeCbor(fromHex(v.links.cbor));
    expect(linksOf(value).map((cid) => toHex(cid.bytes))).toEqual(v.links.links);
    expect(linksOf(fromHex('00'))).toEqual([]);
  });

  test('text links are legacy: read only on request', () => {
    expectFormatError(() => decodeCbor(fromHex(v.legacyTextLink.cbor)));
    expect(hex(decodeCbor(fromHex(v.legacyTextLink.cbor), { legacyTextLinks: true }))).toBe(v.legacyTextLink.canonical);
    expectFormatError(() => decodeCbor(fromHex('d82a626162'), { legacyTextLinks: true }));
    expectFormatError(() => decodeCbor(fromHex('d82a01'), { legacyTextLinks: true }));
  });
});

describe('properties', () => {
  test('a value survives and its encoding does not depend on insertion order', () => {
    fc.assert(
      fc.property(arbitraryCbor(), (value) => {
        const bytes = encodeCbor(value);
        expect(plain(decodeCbor(bytes))).toEqual(plain(sortedDeep(value)));
        expect(encodeCbor(reversed(value))).toEqual(bytes);
        expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes);
      }),
    );
  });

  test('what is accepted re-encodes to the same bytes', () => {
    const mutated = fc
      .tuple(arbitraryCbor({ maxDepth: 3 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
      .map(([value, changes]) => {
        const bytes = encodeCbor(value);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 12 })), (bytes) => {
        let value: CborValue;
        try {
          value = decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        accepted++;
        expect(toHex(encodeCbor(value))).toBe(toHex(bytes));
      }),
      { numRuns: 200 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  test('every proper prefix is refused, and a prefix decoder ignores what follows', () => {
    fc.assert(
      fc.property(
        arbitraryCbor({ maxDepth: 2 }),
        fc.uint8Array({ maxLength: 5 }),
        fc.uint8Array({ maxLength: 5 }),
        (value, before, after) => {
          const bytes = encodeCbor(value);
          for (const cut of new Set([0, bytes.length >> 1, bytes.length - 1])) expectFormatError(() => decodeCbor(bytes.subarray(0, cut)));
          const { value: read, end } = decodeCborPrefix(concatBytes(before, bytes, after), before.length);
          expect(end).toBe(before.length + bytes.length);
          expect(encodeCbor(read)).toEqual(bytes);
          if (after.length > 0) expectFormatError(() => decodeCbor(concatBytes(bytes, after)));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('concatenated items are read one after the other', () => {
    fc.assert(
      fc.property(fc.array(arbitraryCbor({ maxDepth: 2 }), { maxLength: 6 }), (values) => {
        const stream = concatBytes(...values.map(encodeCbor));
        const out: CborValue[] = [];
        for (let offset = 0; offset < stream.length;) {
          const { value, end } = decodeCborPrefix(stream, offset);
          out.push(value);
          offset = end;
        }
        expect(out.map(plain)).toEqual(values.map(sortedDeep).map(plain));
      }),
      { numRuns: 50 },
    );
  });
});

describe('integers', () => {
  const boundaries = [31n, 32n, 53n, 63n].flatMap((bits) => [-2n, -1n, 0n, 1n, 2n].flatMap((d) => [2n ** bits + d, -(2n ** bits) + d]));

  test.each(boundaries)('%s', (value) => {
    if (BigInt.asIntN(64, value) !== value) {
      expect(() => encodeCbor(value)).toThrow(ArgumentError);
      return;
    }
    const read = decodeCbor(encodeCbor(value));
    expect(BigInt(read as number | bigint)).toBe(value);
    expect(typeof read).toBe(value >= -(2n ** 53n) + 1n && value <= 2n ** 53n - 1n ? 'number' : 'bigint');
    if (typeof read === 'number') expect(encodeCbor(read)).toEqual(encodeCbor(value));
  });

  test('a small bigint has the same encoding as the number', () => {
    for (const value of [0, 1, 23, 24, 255, 256, -1, -24, -25]) expect(hex(BigInt(value))).toBe(hex(value));
    expect(hex(-0)).toBe('00');
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 1e300])('the number %s has no encoding', (value) => {
    expect(() => encodeCbor(value)).toThrow(ArgumentError);
  });
});

describe('text', () => {
  test.each(['\ud800', '\udc00', 'a\ud800', '\udc00\ud800', '\ud83dx', 'x'.repeat(40) + '\udfff'])(
    'an unpaired surrogate is refused: %j',
    (text) => {
      expect(() => encodeCbor(text)).toThrow(ArgumentError);
      expect(() => encodeCbor(new Map([[text, 1]]))).toThrow(ArgumentError);
    },
  );

  test.each(['\ufeff', '\ufeffabc', 'a\ufeff', '\ufeff'.repeat(20), 'e\u0301', '\u0000', 'x'.repeat(23) + 'é', 'é'.repeat(300)])(
    'is kept as it is: %j',
    (text) => {
      expect(decodeCbor(encodeCbor(text))).toBe(text);
      expect(decodeCbor(encodeCbor(new Map([[text, text]])))).toEqual(new Map([[text, text]]));
    },
  );

  test.each([
    '61ff',
    '6180',
    '62c3',
    '62c328',
    '63e28228',
    '63eda080',
    '64f4908080',
    '62c080',
    `7821${'61'.repeat(32)}ff`,
    `78216161${'c3a9'.repeat(15)}c3`,
  ])('invalid UTF-8 is refused: %s', (bytes) => {
    expectFormatError(() => decodeCbor(fromHex(bytes)));
    // The decoder of text keeps no state: the next one is read from its beginning.
    expect(decodeCbor(fromHex(`7822${'61'.repeat(32)}c3a9`))).toBe(`${'a'.repeat(32)}é`);
  });
});

describe('maps', () => {
  test('hostile keys are ordinary keys', () => {
    const map = new Map<string, CborValue>(hostileKeys.map((key, i) => [key, i]));
    const read = decodeCbor(encodeCbor(map)) as Map<string, CborValue>;
    expect(read.size).toBe(hostileKeys.length);
    for (const [key, value] of map) expect(read.get(key)).toBe(value);
    expect([...read.keys()]).toEqual([...hostileKeys].sort(compareCborKeys));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('equal text in another normal form is another key', () => {
    const map = new Map([
      ['é', 1],
      ['e\u0301', 2],
    ]);
    expect(decodeCbor(encodeCbor(map))).toEqual(map);
  });

  test('absent fields are left out', () => {
    expect(
      cborMap([
        ['a', undefined],
        ['b', null],
      ]),
    ).toEqual(new Map([['b', null]]));
  });

  test('order of keys: UTF-16 length, then code units', () => {
    expect(compareCborKeys('a', 'a')).toBe(0);
    expect(compareCborKeys('\uffff', '\u{1f600}')).toBeLessThan(0);
    expect(compareCborKeys('ab', '\u{1f600}')).toBeLessThan(0);
    expect(compareCborKeys('é', 'aa')).toBeLessThan(0);
    expect(compareCborKeys('b', 'a')).toBeGreaterThan(0);
  });
});

describe('hostile input', () => {
  test.each([
    ['bytes', '5b7fffffffffffffff'],
    ['bytes, 32 bit', '5affffffff00'],
    ['text', '7b001fffffffffffff'],
    ['list', '9b0000000100000000'],
    ['map', 'bb0000000100000000'],
    ['link bytes', 'd82a5affffffff'],
    ['list inside a list', '839affffffff0000'],
    ['map of a list of maps', 'a16161baffffffff'],
  ])('a huge declared length fails at once: %s', (_, bytes) => {
    expectFormatError(() => decodeCbor(fromHex(bytes)));
  });

  test('many nested counts that each fit the input do not allocate', () => {
    // 120 lists that each claim 100 elements.
    expectFormatError(() => decodeCbor(fromHex('9864'.repeat(120))));
  });

  test('errors carry the offset', () => {
    expect(() => decodeCbor(fromHex('8201f7'))).toThrow(expect.objectContaining({ data: expect.objectContaining({ offset: 2 }) }));
  });

  test('views with an offset are read from their start', () => {
    const padded = concatBytes(fromHex('ffff'), fromHex('a2616101616219ffff'), fromHex('ff'));
    const view = padded.subarray(2, padded.length - 1);
    expect(view.byteOffset).toBe(2);
    expect(decodeCbor(view)).toEqual(
      new Map([
        ['a', 1],
        ['b', 65535],
      ]),
    );
    const bytes = decodeCbor(fromHex('ff43010203ff').subarray(1, 5)) as Uint8Array;
    expect(toHex(bytes)).toBe('010203');
  });
});

describe('what has no encoding', () => {
  const cyclic: CborValue[] = [];
  cyclic.push(cyclic);

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['function', () => 1],
    ['symbol', Symbol('s')],
    ['plain object', { a: 1 }],
    ['object without prototype', Object.create(null)],
    ['ArrayBuffer', new ArrayBuffer(1)],
    ['DataView', new DataView(new ArrayBuffer(1))],
    ['Uint16Array', new Uint16Array(1)],
    ['Set', new Set([1])],
    ['Date', new Date(0)],
    ['list with a hole', Array.from({ length: 1 })],
    ['undefined in a map', new Map([['a', undefined]])],
    ['integer key', new Map([[1, 1]])],
    [
      'integer keys',
      new Map([
        [1, 1],
        [2, 2],
      ]),
    ],
    [
      'null and symbol keys',
      new Map<unknown, number>([
        [null, 1],
        [Symbol('s'), 2],
      ]),
    ],
  ])('%s', (_, value) => {
    expect(() => encodeCbor(value as CborValue)).toThrow(ArgumentError);
  });

  test('a cycle', () => {
    expect(() => encodeCbor(cyclic)).toThrow(LimitError);
  });

  test('the decoder wants bytes', () => {
    expect(() => decodeCbor('a0' as never)).toThrow(ArgumentError);
    expect(() => decodeCbor([0xa0] as never)).toThrow(ArgumentError);
    expect(() => decodeCborPrefix(fromHex('00'), 2)).toThrow(ArgumentError);
    expect(() => decodeCborPrefix(fromHex('00'), -1)).toThrow(ArgumentError);
    expect(() => decodeCborPrefix(fromHex('00'), 0.5)).toThrow(ArgumentError);
  });
});

describe('empty lists and maps', () => {
  test('are shared, and cannot be changed for others', () => {
    const [one, two, three, four] = decodeCbor(fromHex('8480a080a0')) as [unknown[], Map<string, unknown>, unknown[], Map<string, unknown>];
    expect([one, two]).toEqual([[], new Map()]);
    expect([three, four]).toEqual([one, two]);
    expect(() => one.push(1)).toThrow(TypeError);
    expect(() => two.set('a', 1)).toThrow(ArgumentError);
    expect(two.size + one.length).toBe(0);
    expect(new Map(two).set('a', 1).size).toBe(1);
    expect([...one, 1]).toEqual([1]);
  });

  test('an empty byte string is a view of its input, so that giving it away hurts nobody else', () => {
    const input = fromHex('824040');
    const [first, second] = decodeCbor(input) as [Uint8Array, Uint8Array];
    expect(first.buffer).toBe(input.buffer);
    expect(second).toEqual(new Uint8Array());
    expect((decodeCbor(fromHex('40')) as Uint8Array).buffer).not.toBe(input.buffer);
  });
});

describe('values that only callers without types can build', () => {
  test('links of cyclic and deep values', () => {
    const list: CborValue[] = [];
    list.push(list);
    const map = new Map<string, CborValue>();
    map.set('a', map);
    let deep: CborValue = [];
    for (let i = 0; i < 100_000; i++) deep = [deep];
    for (const value of [list, map, deep]) {
      expect(() => linksOf(value)).toThrow(LimitError);
      expect(() => encodeCbor(value)).toThrow(LimitError);
    }
    expect(() => linksOf({ a: 1 } as never)).toThrow(ArgumentError);
  });

  test('maps', () => {
    for (const bad of [undefined, null, { a: 1 }, 'ab', ['ab'], [['a', 1], undefined], [[1, 2]]]) {
      expect(() => cborMap(bad as never)).toThrow(ArgumentError);
    }
    expect(() => compareCborKeys('a', undefined as never)).toThrow(ArgumentError);
  });

  test('options', () => {
    expect(() => decodeCbor(fromHex('00'), null as never)).toThrow(ArgumentError);
    expect(() => decodeCborPrefix(fromHex('00'), 0, 1 as never)).toThrow(ArgumentError);
  });
});

test('a value that contains itself, twice at each level, is refused at once', () => {
  const list: CborValue[] = [];
  list.push(list, list);
  expect(() => encodeCbor(list)).toThrow(LimitError);
  const map = new Map<string, CborValue>();
  map.set('a', map).set('b', map);
  expect(() => encodeCbor(map)).toThrow(LimitError);
});

test('what is encoded is alone in its memory, however long its texts are', () => {
  for (const text of ['', 'short', 'x'.repeat(23), 'x'.repeat(24), 'ä'.repeat(100), '😀'.repeat(1000)]) {
    const bytes = encodeCbor([text, cborMap([[text, 1n]]), new Uint8Array(70)]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect((decodeCbor(bytes) as CborValue[])[0]).toBe(text);
  }
});
