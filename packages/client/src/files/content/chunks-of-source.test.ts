import { equalBytes } from '@pyrgos/core/bytes';
import { describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { openSource, sliceOf } from './byte-source.js';
import { chunksOf } from './chunks-of-source.js';

const CHUNK = 300_000;
const bytes = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 31 + (i >> 8)) & 255);

/** Memory with something before and behind it, as that of chunks that are encrypted in place. */
function roomy(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(CHUNK + 100), 21, CHUNK);
}

async function chunksFrom(blob: Blob, offset: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunksOf(openSource(blob), offset, CHUNK, undefined, roomy)) chunks.push(chunk);
  return chunks;
}

describe('the chunks of a blob', () => {
  it('are those of its bytes from any place on, full ones in the memory that is given', async () => {
    for (const [size, offset] of [
      [1_000_003, 0],
      [1_000_003, 17],
      [3 * CHUNK, 0],
      [3 * CHUNK, CHUNK],
      [CHUNK - 1, 0],
      [5, 4],
      [5, 5],
      [0, 0],
    ] as const) {
      const content = bytes.subarray(0, size);
      const chunks = await chunksFrom(new Blob([content.subarray(0, 3), content.subarray(3)]), offset);
      const expected = Array.from({ length: Math.ceil((size - offset) / CHUNK) }, (_, i) =>
        content.subarray(offset + i * CHUNK, offset + (i + 1) * CHUNK),
      );
      expect(chunks.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
      expect(chunks.every((chunk, i) => equalBytes(chunk, expected[i] as Uint8Array))).toBe(true);
      for (const { length, byteOffset, buffer } of chunks) {
        expect([byteOffset, buffer.byteLength]).toEqual(length === CHUNK ? [21, CHUNK + 100] : [0, length]);
      }
    }
  });

  it('can go into the same memory again', async () => {
    const spare: Uint8Array<ArrayBuffer>[] = [];
    let made = 0;
    let at = 0;
    for await (const chunk of chunksOf(openSource(new Blob([bytes])), 0, CHUNK, undefined, () => spare.pop() ?? (made++, roomy()))) {
      expect(equalBytes(chunk, bytes.subarray(at, (at += chunk.length)))).toBe(true);
      if (chunk.length === CHUNK) spare.push(chunk);
    }
    expect([at, made]).toEqual([bytes.length, 1]);
  });

  it('can be given up, and are when the call is cancelled', async () => {
    const source = sliceOf(openSource(new Blob([bytes])), 10, 900_010);
    for await (const chunk of chunksOf(source, 5, CHUNK, undefined, roomy)) {
      expect(equalBytes(chunk, bytes.subarray(15, 15 + CHUNK))).toBe(true);
      break;
    }
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of chunksOf(source, 0, CHUNK, stop.signal, roomy)) stop.abort();
    })();
    expect(await outcome(reading)).toBe('aborted');
  });

  it('come in pieces where the platform reads blobs in no other way', async () => {
    class Old extends Blob {
      override stream(): ReturnType<Blob['stream']> {
        const all = new Uint8Array(bytes);
        let at = 0;
        return new ReadableStream({
          pull: (controller) => {
            if (at >= all.length) controller.close();
            else controller.enqueue(all.slice(at, (at += 70_001)));
          },
        });
      }
      override slice(): Blob {
        return this;
      }
    }
    const chunks = await chunksFrom(new Old([bytes]), 0);
    expect(chunks.map(({ length }) => length)).toEqual([CHUNK, CHUNK, CHUNK, 100_003]);
    expect(chunks.every((chunk, i) => equalBytes(chunk, bytes.subarray(i * CHUNK, (i + 1) * CHUNK)))).toBe(true);
  });
});
