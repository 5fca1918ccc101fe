import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { FragmentedPaddedCipherText } from '@pyrgos/core/containers';
import { SymmetricKey } from '@pyrgos/core/keys';
import { MAX_FILE_SIZE } from '@pyrgos/core/limits';
import {
  ChunkLocation,
  CHUNK_SIZE,
  FileProperties,
  nextChunkLocation,
  sealDirectoryChunk,
  sealFileChunk,
  Timestamp,
} from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, FileWorld, type MadeFile, type MakeOptions, type NodePut } from '../../../test/file-world.js';
import { FileReader } from './file-reader.js';
import { openItem } from './open-item.js';

/** A file whose chunks the test may change before they are written. */
async function prepared(
  size: number,
  options: MakeOptions = {},
): Promise<{ world: FileWorld; file: MadeFile; chunks: NodePut[]; data: Uint8Array }> {
  const world = await FileWorld.create();
  const data = content(size);
  const { file, chunks } = world.sealFile(world.home, 'file', data, options);
  return { world, file, chunks, data };
}

async function read(world: FileWorld, file: MadeFile, start = 0, end = file.properties.size): Promise<Uint8Array> {
  const view = world.view(world.newSessions());
  return new FileReader(view, await openItem(view, file.capability)).read(start, end);
}

/** Another node for one chunk of a file. */
function reseal(
  world: FileWorld,
  file: MadeFile,
  index: number,
  data: Uint8Array,
  changes: Partial<Parameters<typeof sealFileChunk>[1]> = {},
): NodePut {
  const location = file.locations[index]!;
  const { streamSecret } = file.properties;
  return {
    location,
    ...sealFileChunk(world.crypto, {
      rBaseKey: file.capability.rBaseKey,
      dataKey: file.dataKey,
      properties: file.properties,
      bat: location.bat,
      next: nextChunkLocation(world.crypto, streamSecret!, location),
      data,
      ...changes,
    }),
  };
}

describe('what is stored and what the file has (section 7.1)', () => {
  test('a chunk that stores more is cut by the size in chunk 0', async () => {
    const { world, file, chunks, data } = await prepared(CHUNK_SIZE + 1000);
    // As cleaning leaves it: the last chunk is a full one.
    await world.put(world.signer, [
      chunks[0]!,
      reseal(world, file, 1, concatBytes(data.subarray(CHUNK_SIZE), new Uint8Array(CHUNK_SIZE - 1000))),
    ]);
    expect(equalBytes(await read(world, file), data)).toBe(true);
  });

  test('a chunk that stores less is filled with zeros', async () => {
    const { world, file, chunks, data } = await prepared(CHUNK_SIZE + 1000);
    await world.put(world.signer, [chunks[0]!, reseal(world, file, 1, data.subarray(CHUNK_SIZE, CHUNK_SIZE + 10))]);
    const expected = data.slice();
    expected.fill(0, CHUNK_SIZE + 10);
    expect(equalBytes(await read(world, file), expected)).toBe(true);
  });

  test('chunks beyond the size are not looked at', async () => {
    const { world, file, chunks, data } = await prepared(2 * CHUNK_SIZE);
    const smaller = file.properties.with({ size: 100 });
    await world.put(world.signer, [reseal(world, file, 0, data.subarray(0, CHUNK_SIZE), { properties: smaller }), chunks[1]!]);
    expect(await read(world, { ...file, properties: smaller })).toEqual(data.slice(0, 100));
  });

  test('later chunks may hold old properties, other keys for their data, and no parent link', async () => {
    const { world, file, chunks, data } = await prepared(2 * CHUNK_SIZE);
    const old = FileProperties.of({
      name: 'old',
      isDirectory: false,
      mimeType: 'x/y',
      size: 3,
      modified: Timestamp.of(5),
      streamSecret: world.crypto.randomBytes(32),
    });
    const second = reseal(world, file, 1, data.subarray(CHUNK_SIZE), { properties: old, dataKey: SymmetricKey.generate(world.crypto) });
    await world.put(world.signer, [chunks[0]!, second]);
    expect(equalBytes(await read(world, file), data)).toBe(true);
  });

  test('a dirty key reads like a clean one', async () => {
    const { world, file, chunks, data } = await prepared(1000);
    await world.put(world.signer, [{ ...chunks[0]!, ...reseal(world, file, 0, data, { dataKey: file.dataKey.toDirty() }) }]);
    expect(await read(world, file)).toEqual(data);
  });
});

describe('where chunks are (section 7.2)', () => {
  test('follows from the stream secret of chunk 0; what nodes call their next is ignored', async () => {
    const { world, file, data } = await prepared(2 * CHUNK_SIZE + 5);
    const decoy = ChunkLocation.generate(world.crypto);
    const chunks = file.locations.map((_, i) =>
      reseal(world, file, i, data.subarray(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE), { next: decoy }),
    );
    const lie = { ...reseal(world, file, 1, content(CHUNK_SIZE, 99)), location: decoy };
    await world.put(world.signer, [...chunks, lie]);
    expect(equalBytes(await read(world, file), data)).toBe(true);
  });

  test('a missing chunk is an error where it is, and no further', async () => {
    const { world, file, chunks, data } = await prepared(3 * CHUNK_SIZE);
    await world.put(world.signer, [chunks[0]!, chunks[2]!]);
    expect(await outcome(read(world, file))).toBe('format.cryptree');
    expect(await outcome(read(world, file, CHUNK_SIZE, CHUNK_SIZE + 1))).toBe('format.cryptree');
    expect(await read(world, file, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 9)).toEqual(data.slice(2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 9));
    const view = world.view();
    const stream = new FileReader(view, await openItem(view, file.capability)).stream().getReader();
    expect((await stream.read()).value).toHaveLength(CHUNK_SIZE);
    await expect(stream.read()).rejects.toMatchObject({ code: 'format.cryptree', data: { chunk: 1 } });
  });

  test('a directory, or a chunk of another file, in the place of a chunk is an error', async () => {
    const { world, file, chunks, data } = await prepared(2 * CHUNK_SIZE);
    const location = file.locations[1]!;
    const directory = sealDirectoryChunk(world.crypto, {
      rBaseKey: file.capability.rBaseKey,
      parentKey: SymmetricKey.generate(world.crypto),
      properties: FileProperties.SUBSEQUENT_CHUNK,
      bat: location.bat,
      next: location,
      children: [],
    });
    await world.put(world.signer, [chunks[0]!, { location, ...directory }]);
    expect(await outcome(read(world, file, CHUNK_SIZE, CHUNK_SIZE + 1))).toBe('format.cryptree');
    await world.put(world.signer, [reseal(world, file, 1, data.subarray(CHUNK_SIZE), { rBaseKey: SymmetricKey.generate(world.crypto) })]);
    expect(await outcome(read(world, file, CHUNK_SIZE, CHUNK_SIZE + 1))).toBe('crypto.authentication');
    expect(await read(world, file, 0, 5)).toEqual(data.slice(0, 5));
  });

  test('a chunk that holds no bytes is an error', async () => {
    const { world, file } = await prepared(10);
    const list = FragmentedPaddedCipherText.seal(world.crypto, file.dataKey, [1, 2]);
    await world.put(world.signer, [reseal(world, file, 0, new Uint8Array(), { data: list })]);
    expect(await outcome(read(world, file))).toBe('format.cryptree');
  });

  test('a size that nothing is behind costs neither time nor memory, wherever one reads', async () => {
    const { world, file } = await prepared(10, { properties: { size: MAX_FILE_SIZE } });
    await world.put(world.signer, [reseal(world, file, 0, content(10))]);
    for (const start of [CHUNK_SIZE, 1000 * CHUNK_SIZE, 1_000_000 * CHUNK_SIZE, MAX_FILE_SIZE - 10]) {
      expect(await outcome(read(world, file, start, start + 10)), `${start}`).toBe('format.cryptree');
    }
    expect(await outcome(read(world, file, 0, 10 * CHUNK_SIZE))).toBe('format.cryptree');
    expect((await read(world, file, 0, 10)).subarray(0, 10)).toEqual(content(10));
  });
});

describe('damaged blocks', () => {
  test('a lost fragment or a flipped bit spoils its chunk, not the others', async () => {
    const { world, file, chunks, data } = await prepared(2 * CHUNK_SIZE + 20);
    await world.put(world.signer, chunks);
    const lost = chunks[1]!.fragments[3]!.cid;
    world.loseBlock(lost);
    expect(await outcome(read(world, file, CHUNK_SIZE, CHUNK_SIZE + 20))).toBe('not-found.block');
    expect(await read(world, file, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 20)).toEqual(data.slice(2 * CHUNK_SIZE));
    const state = world.base.server.saveState();
    const flipped = chunks[0]!.fragments[1]!;
    const bytes = flipped.bytes.slice();
    bytes[5000]! ^= 1;
    state.blocks.get(world.owner.key)?.set(flipped.cid.key, { cid: flipped.cid, bytes });
    world.base.server.restoreState(state);
    expect(await outcome(read(world, file, 0, 20))).toBe('format.block');
    expect(await read(world, file, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 20)).toEqual(data.slice(2 * CHUNK_SIZE));
  });
});

describe('legacy files (sections 7.3 and 26)', () => {
  test('without a stream secret follow the links in their nodes, in any order of reads', async () => {
    const { world, file, chunks, data } = await prepared(3 * CHUNK_SIZE + 7, { isLegacy: true });
    await world.put(world.signer, chunks);
    expect(equalBytes(await read(world, file), data)).toBe(true);
    const view = world.view();
    const reader = new FileReader(view, await openItem(view, file.capability));
    for (const offset of [3 * CHUNK_SIZE, CHUNK_SIZE, 2 * CHUNK_SIZE + 1, 0]) {
      expect(await reader.read(offset, offset + 5)).toEqual(data.slice(offset, offset + 5));
    }
    const bytes = new Uint8Array(await new Response(reader.stream({ start: 17 })).arrayBuffer());
    expect(equalBytes(bytes, data.subarray(17))).toBe(true);
  });

  test('without BATs are read, with and without a stream secret', async () => {
    for (const isLegacy of [true, false]) {
      const { world, file, chunks, data } = await prepared(CHUNK_SIZE + 9, { isWithoutBat: true, isLegacy });
      expect(chunks[1]!.node.batIds).toEqual([]);
      expect(chunks[1]!.location.bat).toBeUndefined();
      await world.put(world.signer, chunks);
      expect(equalBytes(await read(world, file), data)).toBe(true);
    }
  });

  test('whose links lead back, or to nothing, are damaged', async () => {
    for (const target of [0, 1, 2, 3]) {
      const { world, file, chunks, data } = await prepared(4 * CHUNK_SIZE, { isLegacy: true, properties: { size: 1000 * CHUNK_SIZE } });
      const bent = sealFileChunk(world.crypto, {
        rBaseKey: file.capability.rBaseKey,
        dataKey: file.dataKey,
        properties: file.properties,
        bat: file.locations[3]!.bat,
        next: file.locations[target]!,
        data: data.subarray(3 * CHUNK_SIZE),
      });
      await world.put(world.signer, [...chunks.slice(0, 3), { location: file.locations[3]!, ...bent }]);
      expect(await outcome(read(world, file, 999 * CHUNK_SIZE, 999 * CHUNK_SIZE + 1)), `to ${target}`).toBe('format.cryptree');
      expect(await read(world, file, 3 * CHUNK_SIZE, 3 * CHUNK_SIZE + 3)).toEqual(data.slice(3 * CHUNK_SIZE, 3 * CHUNK_SIZE + 3));
    }
    const { world, file, chunks } = await prepared(2 * CHUNK_SIZE, { isLegacy: true });
    await world.put(world.signer, chunks.slice(0, 1));
    expect(await outcome(read(world, file, CHUNK_SIZE, CHUNK_SIZE + 1))).toBe('format.cryptree');
  });
});
