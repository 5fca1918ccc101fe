import { arbitraryCbor } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { AbortedError, ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_BLOCK_SIZE, MAX_CAR_HEADER_SIZE } from '../limits.js';
import { type CarBlock, carBlock, carHeader, type CarReader, readCar, type ReadCarOptions } from './car.js';
import { encodeCbor } from './cbor-encode.js';
import type { CborValue } from './cbor-value.js';
import { Cid, CidCodec } from './cid.js';
import { Multihash, MultihashCode } from './multihash.js';
import { encodeVarint } from './varint.js';

const crypto = await loadCrypto();

const rawBlock = (bytes: Uint8Array): CarBlock => ({ cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw), bytes });
const cborBlock = (value: CborValue): CarBlock => {
  const bytes = encodeCbor(value);
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor), bytes };
};
const identityBlock = (bytes: Uint8Array): CarBlock => ({
  cid: Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, bytes)),
  bytes,
});
const carOf = (roots: readonly Cid[], blocks: readonly CarBlock[]): Uint8Array =>
  concatBytes(carHeader(roots), ...blocks.map(({ cid, bytes }) => carBlock(cid, bytes)));

interface Source extends AsyncIterable<Uint8Array> {
  closed: boolean;
  served: number;
}

/** A source in pieces of the given sizes, over and over. */
function chunked(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): Source {
  const source: Source = {
    closed: false,
    served: 0,
    async *[Symbol.asyncIterator]() {
      try {
        for (let offset = 0, i = 0; offset < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          source.served += Math.min(size, bytes.length - offset);
          yield bytes.subarray(offset, offset + size);
          offset += size;
        }
      } finally {
        source.closed = true;
      }
    },
  };
  return source;
}

async function collect(reader: CarReader): Promise<CarBlock[]> {
  const out: CarBlock[] = [];
  for await (const block of reader) out.push(block);
  return out;
}

const plain = (blocks: readonly CarBlock[]): string[] => blocks.map(({ cid, bytes }) => `${cid.toString()} ${toHex(bytes)}`);
const readAll = (bytes: Uint8Array, options: ReadCarOptions = { hasher: crypto }): Promise<CarBlock[]> =>
  collect(readCar(chunked(bytes), options));
const carError = expect.objectContaining({ constructor: FormatError, code: 'format.car' });

const hello = rawBlock(new TextEncoder().encode('hello'));
const pointing = cborBlock(new Map<string, CborValue>([['hello', hello.cid]]));
const three = [hello, pointing, identityBlock(Uint8Array.of(1, 2, 3))];
const roots = [pointing.cid, hello.cid];

test('the file has the layout of CAR version 1', () => {
  expect(toHex(carHeader([]))).toBe('11a265726f6f7473806776657273696f6e01');
  expect(toHex(carHeader([hello.cid]))).toBe(`3aa265726f6f747381${toHex(encodeCbor(hello.cid))}6776657273696f6e01`);
  expect(toHex(carBlock(hello.cid, hello.bytes))).toBe(`29${toHex(hello.cid.bytes)}68656c6c6f`);
});

test('blocks and roots survive, however the source is cut', async () => {
  const bytes = carOf(roots, three);
  for (const sizes of [[bytes.length], [1], [2], [7, 1], [64], [0, 5]]) {
    const source = chunked(bytes, sizes);
    const reader = readCar(source, { hasher: crypto });
    expect(await reader.roots()).toEqual(roots);
    expect(plain(await collect(reader))).toEqual(plain(three));
    expect(source.closed).toBe(true);
  }
});

test('property: any blocks in any pieces', async () => {
  const block = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(rawBlock),
    arbitraryCbor({ maxDepth: 2 }).map(cborBlock),
    fc.uint8Array({ maxLength: 36 }).map(identityBlock),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(block, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
      async (blocks, sizes) => {
        const reader = readCar(chunked(carOf(roots, blocks), sizes), { hasher: crypto });
        expect(plain(await collect(reader))).toEqual(plain(blocks));
        expect(await reader.roots()).toEqual(roots);
      },
    ),
    { numRuns: 50 },
  );
});

test('a file cut anywhere but between blocks is refused', async () => {
  const bytes = carOf(roots, three);
  const ends = new Set<number>();
  let end = carHeader(roots).length;
  for (const { cid, bytes: content } of three) {
    ends.add(end);
    end += carBlock(cid, content).length;
  }
  for (let cut = 0; cut < bytes.length; cut++) {
    if (ends.has(cut)) expect((await readAll(bytes.subarray(0, cut))).length).toBeLessThan(3);
    else await expect(readAll(bytes.subarray(0, cut)), `cut at ${cut}`).rejects.toThrow(carError);
  }
});

describe('refused headers', () => {
  const header = (value: CborValue): Uint8Array => {
    const bytes = encodeCbor(value);
    return concatBytes(encodeVarint(bytes.length), bytes);
  };
  const map = (entries: Readonly<Record<string, CborValue>>): CborValue => new Map(Object.entries(entries));

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['length 0', Uint8Array.of(0)],
    ['no map', header([1])],
    ['version 2', header(map({ roots: [], version: 2 }))],
    ['version 2 pragma', fromHex('0aa16776657273696f6e02')],
    ['no version', header(map({ roots: [] }))],
    ['no roots', header(map({ version: 1 }))],
    ['roots of text', header(map({ roots: ['x'], version: 1 }))],
    ['unsorted keys', fromHex('11a26776657273696f6e0165726f6f747380')],
    ['not CBOR', fromHex('01ff')],
    ['non-minimal length', concatBytes(Uint8Array.of(0x91, 0), carHeader([]).subarray(1))],
    ['length of more than 63 bits', fromHex('ffffffffffffffffff7f')],
    ['length of 10 continued bytes', fromHex('ff'.repeat(20))],
  ])('%s', async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toThrow(carError);
    const source = chunked(bytes);
    await expect(readCar(source).roots()).rejects.toThrow(carError);
    expect(source.closed || bytes.length === 0).toBe(true);
  });

  test('a huge length is refused before it is read', async () => {
    const source = chunked(concatBytes(encodeVarint(2 ** 40), new Uint8Array(100)), [10]);
    await expect(readCar(source).roots()).rejects.toThrow(LimitError);
    expect(source.served).toBe(10);
  });
});

describe('refused blocks', () => {
  const section = (...parts: Uint8Array[]): Uint8Array => {
    const bytes = concatBytes(...parts);
    return concatBytes(carHeader([]), encodeVarint(bytes.length), bytes);
  };
  const digest = new Uint8Array(32);

  test.each<[string, Uint8Array]>([
    ['length 0', section()],
    ['no CID', section(Uint8Array.of(1))],
    ['version 0 CID', section(Cid.v0(Multihash.sha256(digest)).bytes, hello.bytes)],
    ['codec libp2p-key', section(Cid.ofSha256(digest, CidCodec.libp2pKey).bytes, hello.bytes)],
    ['codec dag-pb', section(Cid.ofSha256(digest, CidCodec.dagPb).bytes, hello.bytes)],
    ['unknown codec', section(fromHex('01001220'), digest)],
    ['CID longer than the section', concatBytes(carHeader([]), Uint8Array.of(20), hello.cid.bytes, hello.bytes)],
    ['digest that is not known', section(fromHex('01551620'), digest)],
    ['length that is not minimal', concatBytes(carHeader([]), fromHex('a900'), hello.cid.bytes, hello.bytes)],
    ['length that ends', concatBytes(carHeader([]), Uint8Array.of(0x80))],
    ['wrong hash', section(hello.cid.bytes, new TextEncoder().encode('hellO'))],
    ['wrong identity', section(identityBlock(Uint8Array.of(1)).cid.bytes, Uint8Array.of(2))],
    ['hash that cannot be verified', section(Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.blake3, digest)).bytes, hello.bytes)],
  ])('%s', async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toThrow(carError);
  });

  test('hashes are not looked at without a hasher', async () => {
    const cid = Cid.ofSha256(digest, CidCodec.dagCbor);
    const bytes = concatBytes(carHeader([]), carBlock(cid, hello.bytes));
    expect(plain(await readAll(bytes, {}))).toEqual(plain([{ cid, bytes: hello.bytes }]));
  });

  test('blocks before a bad one are served, and its place is named', async () => {
    const bytes = concatBytes(carOf([], three), Uint8Array.of(0));
    const seen: CarBlock[] = [];
    await expect(
      (async () => {
        for await (const block of readCar(chunked(bytes), { hasher: crypto })) seen.push(block);
      })(),
    ).rejects.toThrow('block 3');
    expect(plain(seen)).toEqual(plain(three));
  });
});

describe('limits', () => {
  test('a block of the largest size, and one byte more', async () => {
    const largest = rawBlock(new Uint8Array(MAX_BLOCK_SIZE));
    expect((await readAll(carOf([], [largest]))).map(({ bytes }) => bytes.length)).toEqual([MAX_BLOCK_SIZE]);
    const tooLarge = new Uint8Array(MAX_BLOCK_SIZE + 1);
    expect(() => carBlock(largest.cid, tooLarge)).toThrow(LimitError);
    const bytes = concatBytes(carHeader([]), encodeVarint(tooLarge.length + 36), largest.cid.bytes, tooLarge);
    await expect(readAll(bytes)).rejects.toThrow(LimitError);
  });

  test('a smaller limit of the caller', async () => {
    const bytes = carOf([], [hello]);
    expect(await readAll(bytes, { maxBlockSize: 5 })).toHaveLength(1);
    await expect(readAll(bytes, { maxBlockSize: 4 })).rejects.toThrow(LimitError);
    expect(() => readCar(chunked(bytes), { maxBlockSize: MAX_BLOCK_SIZE + 1 })).toThrow(ArgumentError);
    expect(() => readCar(chunked(bytes), { maxBlockSize: -1 })).toThrow(ArgumentError);
  });

  test('a huge block length is refused before it is read', async () => {
    const source = chunked(concatBytes(carHeader([]), encodeVarint(2 ** 45), new Uint8Array(100)), [30]);
    await expect(collect(readCar(source))).rejects.toThrow(LimitError);
    expect(source.served).toBe(30);
    expect(source.closed).toBe(true);
  });

  test('a header of the largest size, and above', () => {
    const root = hello.cid;
    const each = encodeCbor(root).length;
    const most = Math.floor((MAX_CAR_HEADER_SIZE - 21) / each);
    expect(carHeader(Array.from({ length: most }, () => root)).length).toBeGreaterThan(MAX_CAR_HEADER_SIZE - each);
    expect(() => carHeader(Array.from({ length: most + 1 }, () => root))).toThrow(LimitError);
  });
});

describe('streaming', () => {
  test('reads no further than needed and closes the source on leaving the loop', async () => {
    const blocks = Array.from({ length: 20 }, (_, i) => rawBlock(new Uint8Array(100).fill(i)));
    const source = chunked(carOf([], blocks), [50]);
    for await (const { cid } of readCar(source)) {
      expect(cid.equals(blocks.at(0)?.cid)).toBe(true);
      break;
    }
    expect(source.served).toBeLessThan(300);
    expect(source.closed).toBe(true);
  });

  test('roots without blocks: close ends it', async () => {
    const source = chunked(carOf(roots, three), [10]);
    const reader = readCar(source);
    expect(await reader.roots()).toEqual(roots);
    await reader.close();
    expect(source.closed).toBe(true);
  });

  test('blocks are arrays of their own', async () => {
    const bytes = carOf([], three);
    const blocks = await readAll(bytes);
    bytes.fill(0);
    expect(plain(blocks)).toEqual(plain(three));
    for (const block of blocks) expect(block.bytes.byteLength).toBe(block.bytes.buffer.byteLength);
  });

  test('can be iterated once', async () => {
    const reader = readCar(chunked(carOf([], three)));
    await collect(reader);
    await expect(collect(reader)).rejects.toThrow(ArgumentError);
  });

  test('can be cancelled', async () => {
    const controller = new AbortController();
    const source = chunked(carOf([], three), [20]);
    const seen: CarBlock[] = [];
    await expect(
      (async () => {
        for await (const block of readCar(source, { signal: controller.signal })) {
          seen.push(block);
          controller.abort();
        }
      })(),
    ).rejects.toThrow(AbortedError);
    expect(seen).toHaveLength(1);
    expect(source.closed).toBe(true);
  });

  test('cancelling ends the wait for a source that says nothing more', async () => {
    for (const start of [[], [carHeader([])], [carHeader([]).subarray(0, 5)]]) {
      const controller = new AbortController();
      async function* silent(): AsyncGenerator<Uint8Array, void, undefined> {
        yield* start;
        setTimeout(() => controller.abort(), 0);
        await new Promise(() => undefined);
      }
      const reading = (async () => {
        for await (const _ of readCar(silent(), { signal: controller.signal }));
      })();
      await expect(reading).rejects.toThrow(AbortedError);
    }
  });

  test('a source that fails after the cancellation disturbs nobody', async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    let closed = 0;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () =>
          new Promise((_, reject) => {
            fail = reject;
            setTimeout(() => controller.abort(), 0);
          }),
        return: async () => {
          closed++;
          throw new RangeError('also broken');
        },
      }),
    };
    await expect(readCar(source, { signal: controller.signal }).roots()).rejects.toThrow(AbortedError);
    fail(new RangeError('disk'));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(closed).toBe(1);
  });

  test('what is no signal is refused', async () => {
    await expect(readCar(chunked(carHeader([])), { signal: 'x' as never }).roots()).rejects.toThrow(ArgumentError);
  });

  test('an error of the source is passed on', async () => {
    const failing: AsyncIterable<Uint8Array> = {
      async *[Symbol.asyncIterator]() {
        yield carHeader([]).subarray(0, 5);
        throw new RangeError('disk');
      },
    };
    await expect(collect(readCar(failing))).rejects.toThrow(RangeError);
  });
});

test('arguments are checked', async () => {
  expect(() => readCar([new Uint8Array()] as never)).toThrow(ArgumentError);
  expect(() => readCar(null as never)).toThrow(ArgumentError);
  expect(() => carHeader([hello.cid.bytes] as never)).toThrow(ArgumentError);
  expect(() => carHeader(undefined as never)).toThrow(ArgumentError);
  expect(() => carBlock('z' as never, hello.bytes)).toThrow(ArgumentError);
  expect(() => carBlock(hello.cid, 'x' as never)).toThrow(ArgumentError);
  expect(() => carBlock(Cid.v0(hello.cid.multihash), hello.bytes)).toThrow(ArgumentError);
  const texts: AsyncIterable<never> = {
    async *[Symbol.asyncIterator]() {
      yield 'x' as never;
    },
  };
  await expect(collect(readCar(texts))).rejects.toThrow(ArgumentError);
});
