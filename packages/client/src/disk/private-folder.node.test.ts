import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCrypto } from '@pyrgos/core/crypto';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileCache } from '../files/view/file-cache.node.js';
import { FileLocalStore } from '../session/file-local-store.node.js';

const crypto = await loadCrypto();
const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === 'win32';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pyrgos-private-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that has ended. */
const deadProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const temporaryName = (pid: number | string): string => `x.${pid}.00000000-0000-4000-8000-000000000000.tmp`;

describe.each([
  ['a local store', async (path: string) => FileLocalStore.open(path), ''],
  ['a file cache', async (path: string) => FileCache.open(path), 'unfinished'],
] as const)('the folder of %s', (_name, open, scratch) => {
  test('is created with its parents, for the user only', async () => {
    const previous = process.umask(0o077);
    try {
      await open(join(folder, 'a', 'b', 'c'));
    } finally {
      process.umask(previous);
    }
    expect((statSync(join(folder, 'a', 'b', 'c')).mode & 0o777).toString(8)).toBe('700');
    await open(join(folder, 'a', 'b', 'c'));
  });

  test.skipIf(isWindows)('is refused when others may change it, and left as it is (needs POSIX permissions)', async () => {
    for (const mode of [0o777, 0o770, 0o1777, 0o702]) {
      chmodSync(folder, mode);
      const error: unknown = await open(folder).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'storage', data: { reason: 'writable-by-others' } });
      expect(String(error)).not.toContain(folder);
      expect(statSync(folder).mode & 0o1777).toBe(mode);
    }
    for (const mode of [0o700, 0o755]) {
      chmodSync(folder, mode);
      await open(folder);
    }
  });

  test.skipIf(!isRoot)('is refused when it belongs to somebody else (needs root to make one)', async () => {
    chownSync(folder, 65_534, 65_534);
    for (const path of [folder, join(folder, 'new')]) {
      const error: unknown = await open(path).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'storage', data: { reason: 'foreign-owner' } });
      // Somebody who has typed `sudo` must learn what to do.
      expect(String(error)).toContain('runs as root: run it as that user, or choose a folder');
    }
  });

  test.skipIf(isWindows)('is refused when others may exchange it or a folder that it is in (needs POSIX permissions)', async () => {
    const inside = join(folder, 'a', 'b');
    mkdirSync(inside, { recursive: true, mode: 0o700 });
    symlinkSync(inside, join(folder, 'link'));
    await open(join(folder, 'link'));
    chmodSync(folder, 0o777);
    for (const path of [inside, join(folder, 'a'), join(folder, 'link'), join(folder, 'new')]) {
      await expect(open(path)).rejects.toMatchObject({ code: 'storage', data: { reason: 'writable-by-others' } });
    }
    chmodSync(folder, 0o1777);
    await open(inside);
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    await expect(open(join(folder, 'loop'))).rejects.toMatchObject({ code: 'storage' });
  });

  test.skipIf(!isRoot)('is refused on a way that belongs to somebody else (needs root to make one)', async () => {
    const inside = join(folder, 'a', 'b');
    mkdirSync(inside, { recursive: true, mode: 0o700 });
    symlinkSync(inside, join(folder, 'link'));
    lchownSync(join(folder, 'link'), 65_534, 65_534);
    await expect(open(join(folder, 'link'))).rejects.toMatchObject({ data: { reason: 'foreign-owner' } });
    chownSync(join(folder, 'a'), 65_534, 65_534);
    await expect(open(inside)).rejects.toMatchObject({ data: { reason: 'foreign-owner' } });
  });

  test('where nothing can be created the error comes at once', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'x')])
      await expect(open(path)).rejects.toMatchObject({ code: 'storage' });
    // Node's own recursive mkdir never ends there.
    if (existsSync('/proc/self')) await expect(open('/proc/pyrgos/store')).rejects.toMatchObject({ code: 'storage' });
  });

  test('is rid of what killed programs have left, and of nothing else', async () => {
    await open(folder);
    const inside = join(folder, scratch);
    mkdirSync(inside, { recursive: true });
    const ofNow = temporaryName(process.pid);
    const stale = `${'0'.repeat(64)}.00000000-0000-4000-8000-000000000000.tmp`;
    const fresh = `${'1'.repeat(64)}.00000000-0000-4000-8000-000000000000.tmp`;
    for (const name of [temporaryName(deadProcess()), ofNow, stale, fresh, 'notes.tmp']) writeFileSync(join(inside, name), 'x');
    utimesSync(join(inside, stale), 1, 1);
    await open(folder);
    const left = readdirSync(inside);
    for (const name of [ofNow, fresh, 'notes.tmp']) expect(left).toContain(name);
    expect(left).not.toContain(stale);
    expect(left.filter((name) => name.startsWith('x.'))).toEqual([ofNow]);
  });
});

describe.skipIf(isWindows)('what is no ordinary file (needs POSIX permissions)', () => {
  test('counts as absent in a local store, and is replaced', async () => {
    const store = await FileLocalStore.open(folder);
    await store.put('a', Uint8Array.of(1));
    const [name = ''] = readdirSync(folder);
    const path = join(folder, name);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect(await store.get('a')).toBeUndefined();
    await store.put('a', Uint8Array.of(2));
    expect(await store.get('a')).toEqual(Uint8Array.of(2));

    writeFileSync(join(folder, 'elsewhere'), 'secret');
    rmSync(path);
    symlinkSync(join(folder, 'elsewhere'), path);
    expect(await store.get('a')).toBeUndefined();
    await store.put('a', Uint8Array.of(3));
    expect(await store.get('a')).toEqual(Uint8Array.of(3));

    rmSync(path);
    mkdirSync(path);
    expect(await store.get('a')).toBeUndefined();
    await expect(store.put('a', Uint8Array.of(4))).rejects.toMatchObject({ code: 'storage' });
  });

  test('counts as absent in a cache, and is replaced', async () => {
    const cache = await FileCache.open(folder);
    const bytes = new Uint8Array(100).fill(7);
    const cid = Cid.ofSha256(crypto.sha256(bytes), CidCodec.raw);
    await cache.put(cid, bytes);
    const path = join(
      folder,
      'young',
      ...readdirSync(join(folder, 'young')).flatMap((shard) => [shard, ...readdirSync(join(folder, 'young', shard))]),
    );
    rmSync(path);
    execFileSync('mkfifo', [path]);
    expect([await cache.has(cid), await cache.get(cid)]).toEqual([false, undefined]);
    await cache.put(cid, bytes);
    expect([await cache.has(cid), await cache.get(cid)]).toEqual([true, bytes]);
  });
});

describe.skipIf(isWindows)('a folder that is exchanged while it is used (needs POSIX permissions)', () => {
  test('is not used: where a link led once, it leads', async () => {
    for (const name of ['mine', 'other']) mkdirSync(join(folder, name), { mode: 0o700 });
    symlinkSync(join(folder, 'mine'), join(folder, 'link'));
    const store = await FileLocalStore.open(join(folder, 'link'));
    await store.put('a', Uint8Array.of(1));
    rmSync(join(folder, 'link'));
    symlinkSync(join(folder, 'other'), join(folder, 'link'));
    await store.put('a', Uint8Array.of(2));
    expect([await store.get('a'), readdirSync(join(folder, 'other'))]).toEqual([Uint8Array.of(2), []]);
  });

  test('is refused when it is a link now, or others may write into it', async () => {
    const path = join(folder, 'store');
    const store = await FileLocalStore.open(path);
    await store.put('a', Uint8Array.of(1));
    chmodSync(path, 0o777);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'storage', data: { reason: 'writable-by-others' } });
    chmodSync(path, 0o700);
    expect(await store.get('a')).toEqual(Uint8Array.of(1));
    renameSync(path, join(folder, 'away'));
    symlinkSync(join(folder, 'away'), path);
    for (const use of [store.get('a'), store.put('a', Uint8Array.of(2)), store.delete('a')]) {
      await expect(use).rejects.toMatchObject({ code: 'storage' });
    }
  });
});

describe.skipIf(!isRoot)('a file of another user (needs root to make one)', () => {
  test('counts as absent in a local store, and is replaced', async () => {
    const store = await FileLocalStore.open(folder);
    await store.put('a', Uint8Array.of(1));
    const [name = ''] = readdirSync(folder);
    chownSync(join(folder, name), 65_534, 65_534);
    expect(await store.get('a')).toBeUndefined();
    await store.put('a', Uint8Array.of(2));
    expect(await store.get('a')).toEqual(Uint8Array.of(2));
  });
});
