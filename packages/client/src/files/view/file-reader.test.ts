import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { createInlinePool, type CryptoPool } from '@pyrgos/core/crypto/pool';
import { CHUNK_SIZE } from '@pyrgos/core/model';
import { MAX_READ_SIZE } from '@pyrgos/core/limits';
import { seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, FileWorld, type MadeFile, type MakeOptions } from '../../../test/file-world.js';
import { FileReader, type FileReaderOptions } from './file-reader.js';
import { openItem } from './open-item.js';

const MiB = 1_048_576;

/** A reader of a file, in a new view with empty caches. */
async function readerOf(world: FileWorld, file: MadeFile, options?: FileReaderOptions): Promise<FileReader> {
  const view = world.view(world.newSessions());
  const reader = new FileReader(view, await openItem(view, file.capability), options);
  world.requests();
  return reader;
}

async function worldWith(
  size: number,
  options?: MakeOptions,
): Promise<{ readonly world: FileWorld; readonly file: MadeFile; readonly data: Uint8Array }> {
  const world = await FileWorld.create();
  const data = content(size);
  return { world, file: await world.addFile(world.home, 'file', data, options), data };
}

/** All bytes of a stream. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<{ readonly bytes: Uint8Array; readonly pieces: number }> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes, pieces: parts.length };
}

/** Lets everything that can run without the outside run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

describe('reading a file', () => {
  test('of any size gives its bytes, at once or as a stream', async () => {
    const world = await FileWorld.create();
    const sizes = [
      0,
      1,
      4093,
      4094,
      4096,
      4099,
      4100,
      MiB - 3,
      MiB,
      MiB + 3,
      CHUNK_SIZE - 4,
      CHUNK_SIZE,
      CHUNK_SIZE + 1,
      2 * CHUNK_SIZE,
      11 * MiB,
    ];
    for (const size of sizes) {
      const data = content(size, size);
      const file = await world.addFile(world.home, String(size), data);
      const reader = await readerOf(world, file);
      expect(reader.size).toBe(size);
      expect(equalBytes(await reader.read(0, size), data), `${size}`).toBe(true);
      const { bytes, pieces } = await drain(reader.stream());
      expect(equalBytes(bytes, data), `${size}`).toBe(true);
      expect(pieces).toBe(Math.ceil(size / CHUNK_SIZE));
    }
  });

  test('at any place, back and forth', async () => {
    const { world, file, data } = await worldWith(15 * MiB);
    const reader = await readerOf(world, file);
    for (const offset of [10, 4 * MiB, 6 * MiB, 11 * MiB, 6 * MiB, 10, CHUNK_SIZE - 1, 15 * MiB - 5]) {
      const end = Math.min(offset + 100, data.length);
      expect(equalBytes(await reader.read(offset, end), data.subarray(offset, end)), `${offset}`).toBe(true);
    }
    const random = seededRandom(11);
    for (let i = 0; i < 25; i++) {
      const [start, end] = [random.nextInteger(data.length), random.nextInteger(data.length)].sort((a, b) => a - b) as [number, number];
      expect(equalBytes(await reader.read(start, end), data.subarray(start, end)), `${start} ${end}`).toBe(true);
      if (i % 5 === 0) expect(equalBytes((await drain(reader.stream({ start, end }))).bytes, data.subarray(start, end))).toBe(true);
    }
  });

  test('ends with the file, however far a range goes', async () => {
    const { world, file, data } = await worldWith(100);
    const reader = await readerOf(world, file);
    for (const [start, end] of [
      [0, 101],
      [99, 5_000_000_000],
      [100, 100],
      [100, 200],
      [101, 101],
      [7_000_000, Number.MAX_SAFE_INTEGER],
      [40, undefined],
      [400, undefined],
      [undefined, undefined],
    ] as const) {
      const expected = data.subarray(start, end);
      expect(await reader.read(start, end), `${start} ${end}`).toEqual(expected);
      const range = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
      const progress: number[] = [];
      const { bytes } = await drain(reader.stream({ ...range, onProgress: ({ done, total }) => progress.push(done, total ?? -1) }));
      expect(equalBytes(bytes, expected), `${start} ${end}`).toBe(true);
      expect(progress).toEqual(expected.length === 0 ? [] : [expected.length, expected.length]);
    }
    const large = await worldWith(CHUNK_SIZE + 50);
    const across = await readerOf(large.world, large.file);
    for (const start of [0, CHUNK_SIZE - 10, CHUNK_SIZE, CHUNK_SIZE + 20, CHUNK_SIZE + 50, 2 * CHUNK_SIZE]) {
      expect(equalBytes(await across.read(start, 3 * CHUNK_SIZE), large.data.subarray(start)), `${start}`).toBe(true);
    }
  });

  test('in memory that no other thread has, as the platform takes it', async () => {
    const { world, file, data } = await worldWith(CHUNK_SIZE + 50);
    const shared = (bytes: Uint8Array): Uint8Array => {
      // Pages without isolation have no SharedArrayBuffer of their own.
      const pages = Math.ceil(bytes.length / 65_536);
      const copy = new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer, 0, bytes.length);
      copy.set(bytes);
      return copy;
    };
    // An engine whose answers are in shared memory.
    const inline = createInlinePool(world.crypto);
    const pool = {
      ...inline,
      secretboxOpen: async (...call: Parameters<CryptoPool['secretboxOpen']>) => shared(await inline.secretboxOpen(...call)),
    };
    const view = world.view(world.newSessions({ pool }));
    const reader = new FileReader(view, await openItem(view, file.capability));
    const part: Uint8Array<ArrayBuffer> = await reader.read(10, 2000);
    const all: Uint8Array<ArrayBuffer> = await reader.read();
    expect(all).toHaveLength(data.length);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const stream: ReadableStream<Uint8Array<ArrayBuffer>> = reader.stream();
    for (let streamed = stream.getReader(), next = await streamed.read(); !next.done; next = await streamed.read()) pieces.push(next.value);
    for await (const piece of reader) pieces.push(piece);
    for (const bytes of [part, all, ...pieces]) expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect(new Blob([part, ...pieces]).size).toBe(1990 + 2 * data.length);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', part));
    expect(equalBytes(digest, world.crypto.sha256(data.subarray(10, 2000)))).toBe(true);
  });

  test('negative, in fractions, backwards, or too much at once is refused', async () => {
    const { world, file } = await worldWith(100);
    const reader = await readerOf(world, file);
    for (const [start, end] of [
      [-1, 5],
      [6, 5],
      [200, 150],
      [0.5, 1],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      ['1' as unknown as number, 5],
    ] as const) {
      expect(await outcome(reader.read(start, end)), `${start} ${end}`).toBe('argument');
      expect(() => reader.stream({ start, end })).toThrow(expect.objectContaining({ code: 'argument' }));
    }
    const claimed = await world.addFile(world.home, 'large', content(1), { properties: { size: MAX_READ_SIZE + 1 } });
    const large = await readerOf(world, claimed);
    expect(await outcome(large.read(0, MAX_READ_SIZE + 1))).toBe('limit');
    expect(await outcome(large.read(0, MAX_READ_SIZE))).toBe('format.cryptree');
    const view = world.view();
    const item = await openItem(view, file.capability);
    for (const options of [{ prefetch: 5 }, { prefetch: -1 }, { cachedChunks: 17 }]) {
      expect(() => new FileReader(view, item, options)).toThrow(expect.objectContaining({ code: 'argument' }));
    }
  });

  test('gives arrays that belong to the caller', async () => {
    const { world, file, data } = await worldWith(10_000);
    const reader = await readerOf(world, file);
    (await reader.read(0, 10_000)).fill(0);
    (await drain(reader.stream())).bytes.fill(0);
    const stream = reader.stream().getReader();
    (await stream.read()).value?.fill(7);
    expect(equalBytes(await reader.read(0, 10_000), data)).toBe(true);
    expect(equalBytes((await drain(reader.stream())).bytes, data)).toBe(true);
  });

  test('as an async iterable', async () => {
    const { world, file, data } = await worldWith(CHUNK_SIZE + 10);
    const pieces: number[] = [];
    for await (const piece of await readerOf(world, file)) pieces.push(piece.length);
    expect(pieces).toEqual([CHUNK_SIZE, data.length - CHUNK_SIZE]);
  });

  test('reports progress', async () => {
    const { world, file } = await worldWith(2 * CHUNK_SIZE + 10);
    const reader = await readerOf(world, file);
    const progress: number[] = [];
    await drain(reader.stream({ start: 5, end: 2 * CHUNK_SIZE + 7, onProgress: ({ done }) => progress.push(done) }));
    expect(progress).toEqual([CHUNK_SIZE - 5, 2 * CHUNK_SIZE - 5, 2 * CHUNK_SIZE + 2]);
  });

  test('pieces can be moved away to another thread: nothing else needs them', async () => {
    const { world, file, data } = await worldWith(2 * CHUNK_SIZE + 100_000);
    const reader = await readerOf(world, file);
    const progress: number[] = [];
    const pieces: Uint8Array[] = [];
    for await (const piece of reader.stream({ onProgress: ({ done }) => progress.push(done) })) {
      pieces.push(structuredClone(piece, { transfer: [piece.buffer] }));
      expect(piece.length).toBe(0);
    }
    expect(pieces.map(({ length }) => length)).toEqual([CHUNK_SIZE, CHUNK_SIZE, 100_000]);
    expect(equalBytes(concatBytes(...pieces), data)).toBe(true);
    expect(progress).toEqual([CHUNK_SIZE, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 100_000]);
    expect(equalBytes(await reader.read(), data)).toBe(true);
    expect(equalBytes(await (await readerOf(world, file)).read(), data)).toBe(true);
  });
});

describe('requests', () => {
  test('to seek: one lookup, and the fragments of one chunk', async () => {
    const { world, file } = await worldWith(3 * CHUNK_SIZE);
    const reader = await readerOf(world, file);
    await reader.read(2 * CHUNK_SIZE + 1000, 2 * CHUNK_SIZE + 2000);
    const requests = world.requests();
    expect(requests.filter((name) => name === 'lookUpChamp')).toHaveLength(1);
    expect(requests.filter((name) => name === 'getBlock').length).toBeLessThanOrEqual(5);
  });

  test('small reads in one chunk cost one, also at the same time', async () => {
    const { world, file, data } = await worldWith(2 * CHUNK_SIZE);
    const reader = await readerOf(world, file);
    const offsets = Array.from({ length: 20 }, (_, i) => CHUNK_SIZE + i * 65_536);
    const parts = await Promise.all(offsets.map((offset) => reader.read(offset, offset + 65_536)));
    for (const [i, part] of parts.entries()) expect(equalBytes(part, data.subarray(offsets[i], offsets[i]! + 65_536))).toBe(true);
    expect(world.requests().filter((name) => name === 'getBlock').length).toBeLessThanOrEqual(5);
    await reader.read(CHUNK_SIZE + 7, CHUNK_SIZE + 8);
    expect(world.requests()).toEqual([]);
  });

  test('a stream looks up 20 chunks at a time', async () => {
    const world = await FileWorld.create();
    // Chunks with little in them: what is missing is filled with zeros.
    const file = await manyChunks(world, 45);
    const reader = await readerOf(world, file);
    const { bytes } = await drain(reader.stream());
    expect(bytes).toHaveLength(45 * CHUNK_SIZE);
    expect(world.requests().filter((name) => name === 'lookUpChamp').length).toBeLessThanOrEqual(3);
  });

  test('a reader that waits lets no more be fetched than the chunks ahead', async () => {
    const { world, file } = await worldWith(12 * CHUNK_SIZE);
    for (const prefetch of [0, 1, 2, 4]) {
      const reader = (await readerOf(world, file, { prefetch })).stream().getReader();
      await settle();
      expect(world.requests(), 'nothing before the first read').toEqual([]);
      await reader.read();
      await settle();
      // The chunk that was read and the ones ahead, five fragments each.
      expect(world.requests().filter((name) => name === 'getBlock').length).toBeLessThanOrEqual(5 * (1 + prefetch));
      await reader.read();
      await settle();
      expect(world.requests().filter((name) => name === 'getBlock').length).toBeLessThanOrEqual(5);
      await reader.cancel();
      await settle();
      world.requests();
    }
  });
});

/** A file that claims full chunks and stores next to nothing in them. */
async function manyChunks(world: FileWorld, count: number): Promise<MadeFile> {
  const { file, chunks } = world.sealSparseFile(world.home, 'sparse', count);
  await world.put(world.signer, chunks);
  await world.list(world.home, [file.entry]);
  return file;
}

describe('cancelling', () => {
  test('a stream ends its requests', async () => {
    const { world, file } = await worldWith(6 * CHUNK_SIZE);
    const reader = (await readerOf(world, file)).stream().getReader();
    await reader.read();
    await reader.cancel();
    await settle();
    world.requests();
    await settle();
    expect(world.requests()).toEqual([]);
  });

  test('by the signal fails the stream and every read', async () => {
    const { world, file } = await worldWith(6 * CHUNK_SIZE);
    const source = await readerOf(world, file);
    const controller = new AbortController();
    const reader = source.stream({ signal: controller.signal }).getReader();
    await reader.read();
    controller.abort();
    expect(await outcome(reader.read())).toBe('aborted');
    expect(await outcome(source.read(0, 10, { signal: controller.signal }))).toBe('aborted');
    expect(await outcome(source.read(0, 2 * CHUNK_SIZE, { signal: controller.signal }))).toBe('aborted');
    // The reader itself is as good as before.
    expect(await source.read(0, 10)).toHaveLength(10);
  });

  test('works while the server does not answer', async () => {
    const { world, file } = await worldWith(3 * CHUNK_SIZE);
    const source = await readerOf(world, file);
    world.base.server.hooks.before = () => new Promise<void>(() => undefined);
    const controller = new AbortController();
    const pending = [
      outcome(source.read(0, 10, { signal: controller.signal })),
      outcome(source.read(0, 2 * CHUNK_SIZE, { signal: controller.signal })),
      outcome(source.stream({ signal: controller.signal }).getReader().read()),
    ];
    const stream = source.stream().getReader();
    void stream.read();
    await settle();
    controller.abort();
    expect(await Promise.all(pending)).toEqual(['aborted', 'aborted', 'aborted']);
    await stream.cancel();
  });

  test('of one read does not disturb another one of the same chunk', async () => {
    const { world, file, data } = await worldWith(CHUNK_SIZE);
    const source = await readerOf(world, file);
    const controller = new AbortController();
    const first = outcome(source.read(0, 10, { signal: controller.signal }));
    const second = source.read(20, 30);
    controller.abort();
    expect(await first).toBe('aborted');
    expect(await second).toEqual(data.slice(20, 30));
  });
});
