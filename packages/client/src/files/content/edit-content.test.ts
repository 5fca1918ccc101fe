import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { HashTreeBuilder } from '@pyrgos/core/containers';
import { CHUNK_SIZE, chunkCount, Timestamp } from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, locationsOf, progressLog, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { FileReader, loadNodes } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { appendContent, cleanFile, overwriteSection, truncateFile } from './edit-content.js';
import { setContent } from './set-content.js';

const MiB = 1_048_576;
let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

const overwrite = (name: string, start: number, source: ByteSource, options = {}): Promise<unknown> =>
  world.change(name, (operation, file) => overwriteSection(operation, world.ports, file, start, source, options));
const append = (name: string, source: ByteSource, options = {}): Promise<unknown> =>
  world.change(name, (operation, file) => appendContent(operation, world.ports, file, source, options));
const truncate = (name: string, size: number): Promise<unknown> =>
  world.change(name, (operation, file) => truncateFile(operation, world.ports, file, size));

/** `bytes` with `part` over it from `start` on. */
function overlaid(bytes: Uint8Array, start: number, part: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, start + part.length));
  result.set(bytes);
  result.set(part, start);
  return result;
}

/** Fails unless chunk 0 stores the hash of `bytes`, or none where `bytes` is undefined. */
async function expectHash(name: string, bytes: Uint8Array | undefined): Promise<void> {
  const stored = (await world.item(name))!.opened.properties.treeHash;
  if (bytes === undefined) {
    expect(stored).toBeUndefined();
    return;
  }
  const builder = new HashTreeBuilder(world.files.crypto);
  for (let i = 0; i < chunkCount(bytes.length); i++) builder.addChunk(bytes.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE));
  expect(stored?.equals(builder.build().branch(0))).toBe(true);
}

describe('writing into a file', () => {
  it('goes through the variations of section 27', async () => {
    let bytes: Uint8Array = new Uint8Array();
    const empty = await world.chunkCount();
    await world.upload('f', bytes);
    const cases: [string, number, Uint8Array][] = [
      ['small into the empty file', 0, content(11, 1)],
      ['in the middle', 4, content(3, 2)],
      ['extend within a chunk', 11, content(100_000, 3)],
      ['extend across chunks', 100_011, chunksOf(2, 4)],
      ['in the second chunk only', CHUNK_SIZE + 17, content(50, 5)],
      ['across a border', CHUNK_SIZE - 3, content(6, 6)],
      ['across two borders', CHUNK_SIZE - 1, content(CHUNK_SIZE + 2, 7)],
      ['the end', 2 * CHUNK_SIZE + 100_010, content(7, 8)],
      ['the end and beyond', 2 * CHUNK_SIZE + 100_010, content(70, 9)],
      ['everything', 0, chunksOf(2, 10, 100_080)],
    ];
    for (const [name, start, part] of cases) {
      world.files.base.clock.time += 60_000;
      const { capability } = (await world.item('f'))!;
      await overwrite('f', start, start % 2 === 0 ? part : streamOf(part));
      bytes = overlaid(bytes, start, part);
      expect([name, await world.has('f', bytes)]).toEqual([name, true]);
      const item = (await world.item('f'))!;
      expect(item.capability.equals(capability)).toBe(true);
      // Chunk 0 tells the truth after every change, whichever chunk was written (section 15.1, note).
      expect(item.properties.size).toBe(bytes.length);
      expect(item.properties.modified.equals(Timestamp.fromMilliseconds(world.files.base.clock.now()))).toBe(true);
      expect(await world.chunkCount()).toBe(empty + chunkCount(bytes.length));
    }
  });

  it('stores the hash when everything is written, and removes a stale one otherwise (section 8.4)', async () => {
    await world.upload('f', chunksOf(2));
    await overwrite('f', CHUNK_SIZE + 5, content(3, 2));
    await expectHash('f', undefined);
    const all = chunksOf(2, 3);
    await overwrite('f', 0, all);
    await expectHash('f', all);
    await append('f', streamOf(content(10)));
    await expectHash('f', undefined);
    await world.upload('small', content(100));
    await append('small', content(10, 2));
    await expectHash('small', concatBytes(content(100), content(10, 2)));
    await truncate('small', 50);
    await expectHash('small', content(100).slice(0, 50));
  });

  it('leaves no hole and takes nothing for no change', async () => {
    await world.upload('f', content(10));
    expect(await outcome(overwrite('f', 11, content(1)))).toBe('conflict.file');
    expect(await outcome(overwrite('f', -1, content(1)))).toBe('argument');
    const before = await world.item('f');
    await overwrite('f', 3, new Uint8Array());
    expect((await world.item('f'))!.cid.equals(before!.cid)).toBe(true);
  });

  it('writes only the chunks it must, each with new fragments', async () => {
    const { item } = await world.upload('f', chunksOf(3));
    const locations = locationsOf(world, item, 4);
    const cids = async (): Promise<(string | undefined)[]> => {
      const nodes = await loadNodes(world.files.view(), item.owner, item.writer, locations);
      return nodes.map((node) => node?.cid?.toString());
    };
    const before = await cids();
    await overwrite('f', CHUNK_SIZE + 1, content(5, 9));
    const after = await cids();
    expect(after.map((cid, i) => cid === before[i])).toEqual([false, false, true, true]);
    // Chunk 0 has other properties, and the same data.
    const first = (await world.item('f'))!;
    expect(first.node.data.equals(item.node.data)).toBe(true);
    expect(first.node.base.equals(item.node.base)).toBe(true);
  });

  it('finds out the type anew when its first bytes change', async () => {
    await world.upload('f.txt', new TextEncoder().encode('just text, and some more of it to be long enough'));
    await overwrite('f.txt', 0, new TextEncoder().encode('<html>'));
    expect((await world.item('f.txt'))!.properties.mimeType).toBe('text/html');
    await world.upload('g.txt', new TextEncoder().encode('x'.repeat(39) + '<html>'));
    await overwrite('g.txt', 45, new TextEncoder().encode('<html>'));
    expect((await world.item('g.txt'))!.properties.mimeType).toBe('text/plain');
    await truncate('f.txt', 3);
    expect((await world.item('f.txt'))!.properties.mimeType).toBe('text/plain');
  });

  it('obeys the given time, and reports progress', async () => {
    await world.upload('f', chunksOf(1));
    const modified = Timestamp.of(1_111_111_111, 7);
    const { listener, done } = progressLog();
    await overwrite('f', 3, chunksOf(1), { modified, onProgress: listener });
    expect((await world.item('f'))!.properties.modified.equals(modified)).toBe(true);
    expect(done.at(-1)).toBe(CHUNK_SIZE + 7);
  });

  it('needs write access to a file', async () => {
    await world.files.addDirectory(world.files.home, 'd');
    expect(await outcome(overwrite('d', 0, content(1)))).toBe('format.cryptree');
    expect(await outcome(append('d', content(1)))).toBe('format.cryptree');
    expect(await outcome(truncate('d', 0))).toBe('format.cryptree');
    const { item } = await world.upload('f', content(10));
    const { Item } = await import('../view/index.js');
    const readOnly = new Item({ ...item, capability: item.capability.toReadOnly(), signer: undefined });
    for (const call of [
      () => world.run((operation) => overwriteSection(operation, world.ports, readOnly, 0, content(1))),
      () => world.run((operation) => appendContent(operation, world.ports, readOnly, content(1))),
      () => world.run((operation) => truncateFile(operation, world.ports, readOnly, 1)),
      () => world.run((operation) => cleanFile(operation, world.ports, readOnly)),
      () => world.run((operation) => setContent(operation, world.ports, readOnly, content(1))),
    ]) {
      expect(await outcome(call())).toBe('denied.file');
    }
    expect(await world.has('f', content(10))).toBe(true);
  });
});

describe('appending', () => {
  it('refuses when the file has another size than expected', async () => {
    await world.upload('f', content(10));
    expect(await outcome(append('f', content(5), { expectedSize: 9 }))).toBe('conflict.file');
    await append('f', content(5, 2), { expectedSize: 10 });
    expect(await world.has('f', concatBytes(content(10), content(5, 2)))).toBe(true);
  });

  it('goes on behind a full chunk', async () => {
    await world.upload('f', content(CHUNK_SIZE));
    const before = await world.chunkCount();
    await append('f', content(1, 2));
    expect(await world.has('f', concatBytes(content(CHUNK_SIZE), content(1, 2)))).toBe(true);
    expect(await world.chunkCount()).toBe(before + 1);
  });
});

describe('truncating', () => {
  it('from 15 MiB to 7, to 1, within chunk 0 and to nothing, as section 27 demands', async () => {
    const bytes = content(15 * MiB);
    const { item } = await world.upload('f', bytes);
    const locations = locationsOf(world, item, 3);
    const present = async (): Promise<boolean[]> =>
      (await loadNodes(world.files.view(), item.owner, item.writer, locations)).map((node) => node !== undefined);
    expect(await present()).toEqual([true, true, true]);
    for (const [size, chunks] of [
      [7 * MiB, [true, true, false]],
      [1 * MiB, [true, false, false]],
      [1000, [true, false, false]],
      [0, [true, false, false]],
    ] as const) {
      await truncate('f', size);
      expect(await world.has('f', bytes.subarray(0, size))).toBe(true);
      expect((await world.item('f'))!.properties.size).toBe(size);
      expect(await present()).toEqual(chunks);
    }
    await append('f', content(20));
    expect(await world.has('f', content(20))).toBe(true);
  });

  it('at the border of two chunks writes none anew', async () => {
    const bytes = chunksOf(2);
    const { item } = await world.upload('f', bytes);
    const locations = locationsOf(world, item, 3);
    const before = await loadNodes(world.files.view(), item.owner, item.writer, locations);
    await truncate('f', 2 * CHUNK_SIZE);
    const after = await loadNodes(world.files.view(), item.owner, item.writer, locations);
    expect(after[1]?.cid?.equals(before[1]?.cid)).toBe(true);
    expect(after[2]).toBeUndefined();
    await truncate('f', CHUNK_SIZE);
    expect(await world.has('f', bytes.subarray(0, CHUNK_SIZE))).toBe(true);
    await expectHash('f', undefined);
  });

  it('does nothing for a size that is not smaller', async () => {
    await world.upload('f', content(10));
    const before = await world.item('f');
    for (const size of [10, 11, 10 * CHUNK_SIZE]) await truncate('f', size);
    expect((await world.item('f'))!.cid.equals(before!.cid)).toBe(true);
    expect(await outcome(truncate('f', -1))).toBe('argument');
    expect(await outcome(truncate('f', 1.5))).toBe('argument');
  });
});

describe('seeking in what was written', () => {
  it('gives the right bytes back and forth', async () => {
    const bytes = content(15 * MiB);
    await world.upload('f', bytes);
    const view = world.files.view(world.files.newSessions());
    const reader = new FileReader(view, (await world.item('f'))!);
    for (const start of [10, 4 * MiB, 6 * MiB, 11 * MiB, 6 * MiB, 10, 14 * MiB]) {
      expect(equalBytes(await reader.read(start, start + 1000), bytes.subarray(start, start + 1000))).toBe(true);
    }
  });
});
