import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { assertUnlocked, type ByteSource, cutIntoChunks, isWebStream, openSource, sliceOf } from './byte-source.js';
import { letGo } from './taken-source.js';

function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

async function* piecesOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (let i = 0; offset < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(...parts);
}

describe('opening a source', () => {
  const bytes = bytesOf(2_500_000);
  const sized = (): ByteSource => ({ size: bytes.length, open: (offset) => piecesOf(bytes.subarray(offset), [70_000, 1, 300_000]) });

  it('reads byte strings, blobs and sized sources from any place, as often as needed', async () => {
    for (const source of [bytes, new Blob([bytes]), sized()]) {
      const opened = openSource(source);
      expect(opened).toMatchObject({ size: bytes.length, isRepeatable: true });
      for (const offset of [0, 1, 1_048_576, 2_499_999, 2_500_000]) {
        expect(equalBytes(await all(opened.open(offset, undefined)), bytes.subarray(offset))).toBe(true);
      }
      const slice = sliceOf(opened, 1000, 1_200_000);
      expect(slice.size).toBe(1_199_000);
      expect(equalBytes(await all(slice.open(0, undefined)), bytes.subarray(1000, 1_200_000))).toBe(true);
      expect(await all(slice.open(1_198_999, undefined))).toEqual(bytes.subarray(1_199_999, 1_200_000));
      expect(await all(slice.open(1_199_000, undefined))).toEqual(new Uint8Array());
    }
  });

  it('refuses what only looks like a source', async () => {
    const revocable = Proxy.revocable({}, {});
    revocable.revoke();
    expect(() => openSource(revocable.proxy as ByteSource)).toThrow(expect.objectContaining({ code: 'argument' }));
    const iterations: Readonly<Record<string, unknown>> = {
      nothing: null,
      'a number': 5,
      'no iteration': {},
      'no iterator': { [Symbol.asyncIterator]: () => null },
      'an iterator without next': { [Symbol.asyncIterator]: () => ({}) },
      'no results': { [Symbol.asyncIterator]: () => ({ next: async () => null }) },
      'pieces of text': { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 'text' }) }) },
    };
    for (const [name, given] of Object.entries(iterations)) {
      const sources = [{ size: 5, open: () => given } as ByteSource, ...(name.startsWith('no') ? [] : [given as ByteSource])];
      for (const source of sources) {
        const reading = (async () => all(cutIntoChunks(openSource(source).open(0, undefined), 10, undefined)))();
        expect([name, await outcome(reading)]).toEqual([name, 'argument']);
      }
    }
  });

  it('lets errors of the iteration through, whatever they come from', async () => {
    const mine = new RangeError('mine');
    const result = {
      get done(): boolean {
        throw mine;
      },
    };
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => result }) } as unknown as ByteSource;
    await expect(all(cutIntoChunks(openSource(source).open(0, undefined), 10, undefined))).rejects.toBe(mine);
  });

  it('takes the bytes of classes that are derived from byte strings, and none of their methods', async () => {
    class Odd extends Uint8Array<ArrayBuffer> {
      override get length(): number {
        return 50_000_000;
      }
      override subarray(): never {
        throw new TypeError('odd');
      }
    }
    const odd = new Odd(Uint8Array.of(1, 2, 3).buffer);
    expect(openSource(odd).size).toBe(3);
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      yield odd;
    };
    for (const source of [odd, pieces()]) {
      expect(await all(cutIntoChunks(openSource(source).open(0, undefined), 10, undefined))).toEqual(Uint8Array.of(1, 2, 3));
    }
  });

  it('reads a stream once', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    // As in a browser whose streams cannot be iterated over.
    const old = { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>;
    for (const source of [piecesOf(bytes, [1000]), old]) {
      const opened = openSource(source);
      expect(opened).toMatchObject({ size: undefined, isRepeatable: false });
      expect(equalBytes(await all(opened.open(0, undefined)), bytes)).toBe(true);
      expect(await outcome((async () => opened.open(0, undefined))())).toBe('argument');
    }
  });

  it('takes the memory of buffers and views of any kind', async () => {
    const { buffer } = bytesOf(40);
    for (const [source, expected] of [
      [buffer, bytesOf(40)],
      [new Float64Array(buffer, 8, 2), bytesOf(40).subarray(8, 24)],
      [new DataView(buffer, 3, 5), bytesOf(40).subarray(3, 8)],
    ] as const) {
      const opened = openSource(source);
      expect(opened).toMatchObject({ size: expected.length, isRepeatable: true });
      expect(await all(opened.open(0, undefined))).toEqual(expected);
    }
    structuredClone(buffer, { transfer: [buffer] });
    expect(await outcome((async () => openSource(buffer))())).toBe('argument');
    expect(await outcome((async () => openSource(new DataView(new ArrayBuffer(0))))())).toBe('resolved');
  });

  it('takes a stream for one, whatever methods it has besides', async () => {
    // As the streams of files in Node.
    const stream = Object.assign(piecesOf(bytes, [1000]), { open: () => undefined, size: undefined });
    expect(equalBytes(await all(openSource(stream).open(0, undefined)), bytes)).toBe(true);
  });

  it('refuses what is no source', async () => {
    for (const junk of [undefined, null, 1, '\ud800', {}, [1], { size: -1, open: () => undefined }, { size: 1.5, open: () => undefined }]) {
      expect(await outcome((async () => openSource(junk as unknown as ByteSource))())).toBe('argument');
    }
  });
});

it('a proxy that was revoked is refused wherever a source is looked at', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(() => assertUnlocked(proxy)).toThrow(expect.objectContaining({ code: 'argument' }));
  expect(isWebStream(proxy)).toBe(false);
  expect(() => letGo(proxy)).not.toThrow();
});

describe('cutting into chunks', () => {
  it('gives chunks of exactly the size, whatever the pieces are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3000),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 900 }),
        async (length, sizes, chunkSize) => {
          const bytes = bytesOf(length);
          const chunks: Uint8Array[] = [];
          for await (const chunk of cutIntoChunks(piecesOf(bytes, sizes), chunkSize, undefined)) chunks.push(chunk);
          expect(equalBytes(concatBytes(...chunks), bytes)).toBe(true);
          expect(chunks.map((chunk) => chunk.length)).toEqual(
            Array.from({ length: Math.ceil(length / chunkSize) }, (_, i) => Math.min(chunkSize, length - i * chunkSize)),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('copies: a producer may reuse its memory', async () => {
    const memory = new Uint8Array(4);
    const reusing = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 3; i++) yield memory.fill(i);
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of cutIntoChunks(reusing(), 4, undefined)) chunks.push(chunk);
    expect(chunks.map((chunk) => [...chunk])).toEqual([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ]);
  });

  it('refuses pieces that are no bytes and passes on errors of the source', async () => {
    const wrong = async function* (): AsyncGenerator<Uint8Array> {
      yield 'text' as unknown as Uint8Array;
    };
    expect(await outcome(all(cutIntoChunks(wrong(), 4, undefined)))).toBe('argument');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      throw new Error('disk');
    };
    await expect(all(cutIntoChunks(failing(), 4, undefined))).rejects.toThrow('disk');
  });

  it('does not wait for a source that hangs when it is cancelled, and closes it', async () => {
    const controller = new AbortController();
    let isClosed = false;
    const hanging: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => new Promise(() => controller.abort()),
        return: async () => {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    expect(await outcome(all(cutIntoChunks(hanging, 4, controller.signal)))).toBe('aborted');
    expect(isClosed).toBe(true);
  });
});
