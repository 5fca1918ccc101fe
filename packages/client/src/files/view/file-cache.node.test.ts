import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { networkError } from '../../../test/commit-world.js';
import { content, FileWorld } from '../../../test/file-world.js';
import { CommittedView } from './committed-view.js';
import { FileCache } from './file-cache.node.js';
import { FileReader } from './file-reader.js';
import { resolvePath } from './find-path.js';
import { openItem } from './open-item.js';
import { offlinePointerStore } from './pointer-cache.js';

const crypto = await loadCrypto();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyrgos-file-cache-'));
});
afterEach(async () => rm(directory, { recursive: true, force: true }));

function block(n: number, size = 5000): { readonly cid: Cid; readonly bytes: Uint8Array } {
  const bytes = content(size, n);
  return { cid: Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw), bytes };
}

/** All files below the cache's directory. */
async function files(): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('blocks in files', () => {
  test('outlive the process, and are readable by their owner only', async () => {
    const { cid, bytes } = block(1);
    const cache = await FileCache.open(join(directory, 'cache'));
    expect([await cache.has(cid), await cache.get(cid)]).toEqual([false, undefined]);
    await cache.put(cid, bytes);
    await cache.put(cid, bytes);
    const next = await FileCache.open(join(directory, 'cache'));
    expect(await next.has(cid)).toBe(true);
    expect(equalBytes((await next.get(cid))!, bytes)).toBe(true);
    const [file, ...others] = await files();
    expect(others).toEqual([]);
    expect((await stat(file!)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'cache'))).mode & 0o777).toBe(0o700);
    // The same bytes as another kind of block are another block.
    expect(await next.has(Cid.ofSha256(cid.multihash.digest, CidCodec.dagCbor))).toBe(false);
  });

  test('that are damaged are absent, and gone', async () => {
    const { cid, bytes } = block(1);
    const cache = await FileCache.open(directory);
    await cache.put(cid, bytes);
    const [file] = await files();
    const damaged = new Uint8Array(await readFile(file!));
    damaged[7]! ^= 1;
    await writeFile(file!, damaged);
    expect(await cache.get(cid)).toBeUndefined();
    expect(await files()).toEqual([]);
    await cache.put(cid, bytes);
    await writeFile((await files())[0]!, new Uint8Array(MAX_BLOCK_SIZE + 1));
    expect(await cache.get(cid)).toBeUndefined();
  });

  test('take no more than the capacity; what is read stays', async () => {
    const capacity = 20 * 8192;
    const cache = await FileCache.open(directory, { capacity });
    const first = block(0);
    await cache.put(first.cid, first.bytes);
    for (let i = 1; i < 60; i++) {
      const { cid, bytes } = block(i);
      await cache.put(cid, bytes);
      expect(equalBytes((await cache.get(first.cid))!, first.bytes), `${i}`).toBe(true);
      expect((await files()).length * 8192).toBeLessThanOrEqual(capacity);
    }
    expect(await cache.has(block(1).cid)).toBe(false);
    expect(await cache.has(block(59).cid)).toBe(true);
    // The next process knows how full it is.
    const next = await FileCache.open(directory, { capacity });
    for (let i = 60; i < 90; i++) {
      const { cid, bytes } = block(i);
      await next.put(cid, bytes);
    }
    expect((await files()).length * 8192).toBeLessThanOrEqual(capacity);
  });

  test('that are too large, or have no SHA-256 hash, are not kept', async () => {
    const cache = await FileCache.open(directory, { capacity: 40_000, maxBlockSize: 10_000 });
    expect([cache.accepts(10_000), cache.accepts(10_001), (await FileCache.open(directory, { capacity: 8000 })).accepts(5000)]).toEqual([
      true,
      false,
      false,
    ]);
    const large = block(1, 10_001);
    await cache.put(large.cid, large.bytes);
    const identity = Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, new Uint8Array(5)));
    await cache.put(identity, new Uint8Array(5));
    expect([await cache.get(identity), await cache.has(identity), await files()]).toEqual([undefined, false, []]);
    await expect(FileCache.open(directory, { capacity: -1 })).rejects.toMatchObject({ code: 'argument' });
    await expect(FileCache.open('')).rejects.toMatchObject({ code: 'argument' });
  });

  test('in a place that cannot be used are an error at once, in one that cannot be written any more they are forgotten without one', async () => {
    await writeFile(join(directory, 'file'), 'no directory');
    const refused: unknown = await FileCache.open(join(directory, 'file', 'cache')).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'storage' });
    expect(String(refused)).not.toContain(directory);
    const cache = await FileCache.open(join(directory, 'cache'));
    await rm(join(directory, 'cache'), { recursive: true });
    await writeFile(join(directory, 'cache'), 'no directory');
    const { cid, bytes } = block(1);
    await cache.put(cid, bytes);
    expect(await cache.get(cid)).toBeUndefined();
    const world = await FileWorld.create();
    await cache.putPointer(world.owner, world.owner, bytes);
    expect(await cache.getPointer(world.owner, world.owner)).toBeUndefined();
  });

  test('put at the same time by many are all there', async () => {
    const cache = await FileCache.open(directory);
    const blocks = Array.from({ length: 40 }, (_, i) => block(i, 100));
    await Promise.all(blocks.map(({ cid, bytes }) => cache.put(cid, bytes)));
    for (const { cid } of blocks) expect(await cache.has(cid)).toBe(true);
    expect(encodeCbor(1)).toHaveLength(1);
  });
});

test('with blocks and pointers in files a new process reads without a server', async () => {
  const world = await FileWorld.create();
  const { server } = world.base;
  const docs = await world.addDirectory(world.home, 'docs');
  await world.addFile(docs, 'a', content(1_500_000));
  const open = async (): Promise<CommittedView> => {
    const cache = await FileCache.open(directory);
    const stores = { blocks: server.blocks, pointers: offlinePointerStore(server.pointers, cache) };
    return new CommittedView(world.newSessions({ stores, blockCache: cache }), { fresh: true });
  };
  const read = async (view: CommittedView): Promise<Uint8Array> =>
    new FileReader(view, await resolvePath(view, await openItem(view, world.home.capability), 'docs/a')).read(0, 1_500_000);
  const online = await read(await open());
  server.hooks.before = () => {
    throw networkError();
  };
  expect(equalBytes(await read(await open()), online)).toBe(true);
  expect(equalBytes(online, content(1_500_000))).toBe(true);
});
