import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { formatBlockStoreName } from '@pyrgos/core/codec';
import { MAX_BLOCK_SIZE } from '@pyrgos/core/limits';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cborBlock, crypto, noJournal, rawBlock } from '../../test/block-fixture.js';
import { FaultyFileSystem, type FileSystemCall, systemError } from '../../test/faulty-file-system.js';
import { JOURNALED_BLOCK_SIZE, MAX_OPEN_BLOCK_READS, MAX_OPEN_BLOCK_WRITES } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { type JournalSizes, journalSizes } from './block-journal.js';
import { FileBlockStorage } from './file-block-storage.js';

let folder: string;
let root: string;
let fileSystem: FaultyFileSystem;
let journal: JournalSizes;
let storage: FileBlockStorage;
/** Milliseconds; stands still, so that this disk is as quick as a test says. */
let time = 0;

const open = (): Promise<FileBlockStorage> =>
  FileBlockStorage.open({ root, hasher: crypto, random: crypto, fileSystem, journal, now: () => time });
const start = async (sizes: JournalSizes, isQuick = false): Promise<void> => {
  journal = sizes;
  fileSystem.isQuick = isQuick;
  storage = await open();
  fileSystem.calls.length = 0;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-files-'));
  root = join(folder, 'blocks');
  fileSystem = new FaultyFileSystem();
});
afterEach(async () => {
  fileSystem.before = () => undefined;
  await storage.close();
  expect(fileSystem.openNow).toBe(0);
  await rm(folder, { recursive: true });
});

const fileOf = ({ cid }: StoredBlock, username = 'alice'): string => {
  const name = formatBlockStoreName(cid);
  return join(root, username, name.slice(-2, -1), `${name}.data`);
};
/** All files below the root but those of the journal. */
const allFiles = async (): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.journal'))
    .sort();
const callsOf = (name: FileSystemCall['name']): string[] =>
  fileSystem.calls.filter((call) => call.name === name).map(({ path }) => path ?? '');
const failOnce = (name: FileSystemCall['name'], code: string): void => {
  fileSystem.before = (call) => {
    if (call.name !== name) return;
    fileSystem.before = () => undefined;
    throw systemError(code);
  };
};
/** Makes all calls of one kind wait until the returned function is called. */
const hold = (name: FileSystemCall['name']): (() => void) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  fileSystem.before = (call) => (call.name === name ? held : undefined);
  return () => release();
};
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const blocks = (count: number, label = 'block'): StoredBlock[] => Array.from({ length: count }, (_, i) => rawBlock(`${label} ${i}`));

describe('files that are synced one by one', () => {
  beforeEach(() => start(noJournal));

  test('content is durable before the rename, names after it, each folder once', async () => {
    const many = blocks(200);
    await storage.putMany('alice', many);
    const folders = new Set(many.map((block) => join(fileOf(block), '..')));
    expect(folders.size).toBeLessThan(200);
    const synced = callsOf('syncFolder');
    expect(synced.toSorted()).toEqual([...folders, join(root, 'alice'), root].toSorted());
    const names = fileSystem.calls.map(({ name }) => name);
    expect(names.lastIndexOf('rename')).toBeLessThan(names.indexOf('syncFolder'));
    expect(fileSystem.calls.filter(({ name, flags }) => name === 'open' && flags === 'wxs').length).toBe(200);
    expect([callsOf('open').length, callsOf('rename').length]).toEqual([200, 200]);
  });

  test('folders that are known need no sync of their parents', async () => {
    const [a, b] = [rawBlock('a'), rawBlock('a')];
    await storage.putMany('alice', [a]);
    fileSystem.calls.length = 0;
    await storage.deleteMany('alice', [a.cid]);
    await storage.putMany('alice', [b]);
    expect(callsOf('syncFolder')).toEqual([join(fileOf(a), '..')]);
    expect(callsOf('makeFolder')).toEqual([]);
  });

  test('a block that is there is not written, but its folder is synced: it may have been renamed a moment ago', async () => {
    const a = rawBlock('a');
    await storage.putMany('alice', [a]);
    fileSystem.calls.length = 0;
    await storage.putMany('alice', [a]);
    expect(callsOf('open')).toEqual([]);
    expect(callsOf('syncFolder')).toEqual([join(fileOf(a), '..')]);
  });

  test('concurrent puts share the syncs of a folder', async () => {
    const a = rawBlock('a');
    await storage.putMany('alice', [a]);
    fileSystem.calls.length = 0;
    const release = hold('syncFolder');
    const puts = Array.from({ length: 10 }, () => storage.putMany('alice', [a]));
    await pause(50);
    release();
    await Promise.all(puts);
    expect(callsOf('syncFolder').length).toBe(2);
  });

  test('not acknowledged before the sync of the folder has ended', async () => {
    let acknowledged = false;
    fileSystem.before = async ({ name }) => {
      if (name !== 'syncFolder') return;
      await pause(20);
      expect(acknowledged).toBe(false);
    };
    await storage.putMany('alice', [rawBlock('a')]);
    acknowledged = true;
  });
});

describe('the journal', () => {
  beforeEach(() => start(journalSizes));
  const segments = join('.journal', '');
  const journalCalls = (name: FileSystemCall['name']): string[] => callsOf(name).filter((path) => path.includes(segments));

  test('one sync for all blocks of a put, before any of them has its name', async () => {
    await storage.putMany('alice', blocks(200));
    expect([journalCalls('open').length, callsOf('datasync').length, callsOf('rename').length]).toEqual([1, 1, 200]);
    // The name of the new segment, and nothing else.
    expect(callsOf('syncFolder')).toEqual([join(root, '.journal')]);
    const names = fileSystem.calls.map(({ name }) => name);
    expect(names.lastIndexOf('datasync')).toBeLessThan(names.indexOf('rename'));
    expect(names.lastIndexOf('syncFolder')).toBeLessThan(names.indexOf('rename'));
    fileSystem.calls.length = 0;
    await storage.putMany('alice', blocks(200, 'more'));
    expect([journalCalls('open').length, callsOf('datasync').length, callsOf('syncFolder').length]).toEqual([0, 1, 0]);
  });

  test('concurrent puts share a sync', async () => {
    await storage.putMany('alice', [rawBlock('first')]);
    fileSystem.calls.length = 0;
    const release = hold('datasync');
    const puts = Array.from({ length: 10 }, (_, i) => storage.putMany('alice', [rawBlock(`block ${i}`)]));
    await pause(50);
    release();
    await Promise.all(puts);
    expect(callsOf('datasync').length).toBeLessThanOrEqual(2);
  });

  test('not acknowledged before its sync has ended', async () => {
    const release = hold('datasync');
    let acknowledged = false;
    const put = storage.putMany('alice', [rawBlock('a')]).then(() => {
      acknowledged = true;
    });
    await pause(30);
    expect([acknowledged, await allFiles()]).toEqual([false, [expect.stringContaining('.tmp')]]);
    release();
    await put;
    expect(acknowledged).toBe(true);
  });

  test('large blocks of the same put are synced by themselves', async () => {
    const [large, border, small] = [JOURNALED_BLOCK_SIZE + 1, JOURNALED_BLOCK_SIZE, 1].map((size) => rawBlock(new Uint8Array(size)));
    await storage.putMany('alice', [large!, border!, small!]);
    expect(fileSystem.calls.filter(({ name, flags }) => name === 'open' && flags === 'wxs').length).toBe(1);
    expect(callsOf('syncFolder')).toContain(join(fileOf(large!), '..'));
    for (const block of [large!, border!, small!]) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
  });

  test.each(['write', 'datasync', 'syncFolder'] as const)(
    '%s fails: so does the put, nothing has a name, and the next put works',
    async (name) => {
      await start(journalSizes);
      fileSystem.before = (call) => {
        const isJournal = name === 'syncFolder' ? call.path?.endsWith('.journal') : true;
        if (call.name === name && isJournal === true) throw systemError('ENOSPC');
      };
      await expect(storage.putMany('alice', blocks(5))).rejects.toMatchObject({ code: 'storage', data: { system: 'ENOSPC' } });
      expect(await allFiles()).toEqual([]);
      fileSystem.before = () => undefined;
      await storage.putMany('alice', blocks(5));
      for (const block of blocks(5)) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
    },
  );

  test('when the disk is quick, files are written at once; when it is not, they are not', async () => {
    await start(journalSizes, true);
    await storage.putMany('alice', blocks(100));
    expect([callsOf('quickWrite').length, callsOf('quickRename').length, callsOf('rename').length]).toEqual([100, 100, 0]);
    for (const block of blocks(100)) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
    fileSystem.calls.length = 0;
    fileSystem.before = ({ name }) => {
      if (name === 'quickWrite') time += 10;
    };
    await storage.putMany('alice', blocks(100, 'more'));
    expect(callsOf('quickWrite').length).toBeLessThan(10);
    for (const block of blocks(100, 'more')) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
  });

  test.each(['quickWrite', 'quickRename'] as const)('%s fails: so does the put, and nothing is left half-written', async (name) => {
    await start(journalSizes, true);
    let calls = 0;
    fileSystem.before = (call) => {
      if (call.name === name && ++calls === 20) throw systemError('EIO');
    };
    await expect(storage.putMany('alice', blocks(50))).rejects.toMatchObject({ code: 'storage', data: { system: 'EIO' } });
    for (const path of await allFiles()) expect(path).toMatch(/\.data$/);
    fileSystem.before = () => undefined;
    await storage.putMany('alice', blocks(50));
    for (const block of blocks(50)) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
  });
});

describe.each([
  ['through the journal', journalSizes, false],
  ['through the journal of a quick disk', journalSizes, true],
  ['one by one', noJournal, false],
])('blocks that are stored %s', (_, sizes, isQuick) => {
  beforeEach(() => start(sizes, isQuick));

  test('files are where the chapter says, for this account only', async () => {
    // chapter 08 section 4.1: raw keys begin AFK, dag-cbor ones AFY
    const [raw, cbor] = [rawBlock('hello'), cborBlock('hello')];
    await storage.putMany('alice', [raw, cbor]);
    expect(await allFiles()).toEqual([fileOf(raw), fileOf(cbor)].map((path) => relative(root, path)).sort());
    expect(relative(join(root, 'alice'), fileOf(raw))).toMatch(/^[A-Z2-7]\/AFK[A-Z2-7]+\.data$/);
    expect(relative(join(root, 'alice'), fileOf(cbor))).toMatch(/^[A-Z2-7]\/AFY[A-Z2-7]+\.data$/);
    expect(new Uint8Array(await readFile(fileOf(raw)))).toEqual(raw.bytes);
    expect((await stat(fileOf(raw))).mode & 0o777).toBe(0o600);
    expect((await stat(join(root, 'alice'))).mode & 0o777).toBe(0o700);
  });

  test('few descriptors are open, however much is put and read at a time', async () => {
    const many = blocks(300);
    await Promise.all([0, 100, 200].map((start) => storage.putMany('alice', many.slice(start, start + 100))));
    // One more is the journal.
    expect(fileSystem.mostOpen).toBeLessThanOrEqual(MAX_OPEN_BLOCK_WRITES + 1);
    fileSystem.mostOpen = 0;
    await Promise.all(many.map(({ cid }) => storage.get('alice', cid)));
    expect(fileSystem.mostOpen).toBeLessThanOrEqual(MAX_OPEN_BLOCK_READS + 1);
  });

  test('a write may take many calls', async () => {
    fileSystem.writeLimit = 100;
    const block = rawBlock(new Uint8Array(1050).fill(5));
    await storage.putMany('alice', [block]);
    expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
  });

  describe('failures', () => {
    const steps = [
      'makeFolder',
      'stat',
      'open',
      'write',
      'datasync',
      'close',
      'rename',
      'syncFolder',
      'quickWrite',
      'quickRename',
    ] as const;
    test.each(steps.flatMap((name) => ['ENOSPC', 'EIO'].map((code): [(typeof steps)[number], string] => [name, code])))(
      'put: %s gives %s',
      async (name, code) => {
        const many = blocks(5);
        let fails = 0;
        fileSystem.before = (call) => {
          if (call.name !== name || fails++ > 0) return;
          throw systemError(code);
        };
        const put = storage.putMany('alice', many);
        await put.catch(() => undefined);
        fileSystem.before = () => undefined;
        // Not every way makes every call.
        if (fails > 0) await expect(put).rejects.toMatchObject({ code: 'storage', data: { system: code } });
        // Nothing half-written is visible, and no temporary file is left.
        for (const path of await allFiles()) expect(path).toMatch(/\.data$/);
        for (const block of many) {
          const bytes = await storage.get('alice', block.cid);
          if (bytes !== undefined) expect(bytes).toEqual(block.bytes);
        }
        await storage.putMany('alice', many);
        for (const block of many) expect(await storage.get('alice', block.cid)).toEqual(block.bytes);
      },
    );

    test('a write that takes nothing ends with an error, not in a loop', async () => {
      fileSystem.writeLimit = 0;
      await expect(storage.putMany('alice', [rawBlock('a')])).rejects.toMatchObject({ code: 'storage' });
      expect(await allFiles()).toEqual([]);
    });

    test('every put ends before its error is reported', async () => {
      let running = 0;
      fileSystem.before = async ({ name }) => {
        if (name !== 'write') return;
        running++;
        const fails = running === 1;
        if (fails) throw systemError('EIO');
        await pause(20);
      };
      await expect(storage.putMany('alice', blocks(10))).rejects.toMatchObject({ code: 'storage' });
      await storage.close();
      expect(fileSystem.openNow).toBe(0);
    });

    test.each(['open', 'size', 'read', 'close'] as const)('get: %s gives EIO', async (name) => {
      const a = rawBlock('a');
      await storage.putMany('alice', [a]);
      failOnce(name, 'EIO');
      await expect(storage.get('alice', a.cid)).rejects.toMatchObject({ code: 'storage', data: { system: 'EIO' } });
      expect(await storage.get('alice', a.cid)).toEqual(a.bytes);
    });

    test('has, stat, list and delete', async () => {
      const many = blocks(5);
      await storage.putMany('alice', many);
      failOnce('stat', 'EIO');
      await expect(storage.has('alice', many[0]!.cid)).rejects.toMatchObject({ code: 'storage' });
      failOnce('list', 'EIO');
      await expect(storage.list('alice')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'storage' });
      failOnce('unlink', 'EIO');
      const cids = many.map(({ cid }) => cid);
      await expect(storage.deleteMany('alice', cids)).rejects.toMatchObject({ code: 'storage' });
      expect((await allFiles()).length, 'the others were deleted all the same').toBe(1);
      await storage.deleteMany('alice', cids);
      expect(await allFiles()).toEqual([]);
    });

    test('errors name neither paths nor users', async () => {
      failOnce('open', 'ENOSPC');
      await expect(storage.putMany('alice', [rawBlock('a')])).rejects.toThrow('The block store could not be written: the disk is full.');
    });
  });

  describe('damage', () => {
    const a = rawBlock('the right bytes');
    test.each([
      ['other bytes of the same size', Buffer.from('the wrong bytes')],
      ['cut', Buffer.from('the right')],
      ['empty', Buffer.alloc(0)],
      ['longer', Buffer.from('the right bytes and more')],
      ['huge', Buffer.alloc(MAX_BLOCK_SIZE + 1)],
    ])('%s: never wrong bytes, and a new upload repairs it', async (_name, content) => {
      await storage.putMany('alice', [a]);
      await writeFile(fileOf(a), content);
      await expect(storage.get('alice', a.cid)).rejects.toMatchObject({ code: 'storage', data: { damaged: true } });
      await storage.putMany('alice', [a]);
      expect(await storage.get('alice', a.cid)).toEqual(a.bytes);
    });

    test('a wrong size is repaired without having been read', async () => {
      await storage.putMany('alice', [a]);
      await writeFile(fileOf(a), 'short');
      await storage.putMany('alice', [a]);
      expect(await storage.get('alice', a.cid, { size: a.bytes.length })).toEqual(a.bytes);
    });

    test('a folder in the place of a file is an error', async () => {
      await mkdir(fileOf(a), { recursive: true });
      await expect(storage.get('alice', a.cid)).rejects.toMatchObject({ code: 'storage' });
      await expect(storage.putMany('alice', [a])).rejects.toMatchObject({ code: 'storage' });
    });
  });

  test('what a crash left half-written is gone after the next start', async () => {
    const a = rawBlock('a');
    await storage.putMany('alice', [a]);
    await writeFile(join(root, '.tmp', '0123456789abcdef-4'), 'half');
    await writeFile(join(root, '.tmp', 'README'), 'of somebody else');
    await storage.close();
    storage = await open();
    expect(await allFiles()).toEqual(['.tmp/README', relative(root, fileOf(a))]);
  });

  test('foreign files are not listed', async () => {
    const a = rawBlock('a');
    await storage.putMany('alice', [a]);
    const place = join(fileOf(a), '..');
    for (const name of ['x.data', 'AFK.data', 'README', `${formatBlockStoreName(a.cid)}.data.old`]) await writeFile(join(place, name), 'x');
    await writeFile(join(root, 'alice', 'file'), 'x');
    await mkdir(join(place, `${formatBlockStoreName(rawBlock('b').cid)}.data`));
    const found: string[] = [];
    for await (const cid of storage.list('alice')) found.push(cid.toString());
    expect(found).toEqual([a.cid.toString()]);
  });

  test('a folder that somebody removed is made again', async () => {
    const [a, b] = [rawBlock('a'), rawBlock('b')];
    await storage.putMany('alice', [a]);
    await rm(join(root, 'alice'), { recursive: true });
    await storage.putMany('alice', [a, b]);
    expect(await storage.get('alice', a.cid)).toEqual(a.bytes);
    expect(await storage.get('alice', b.cid)).toEqual(b.bytes);
  });

  test('a store that cannot be opened says so', async () => {
    const before = root;
    root = join(folder, 'missing', 'blocks');
    await expect(open()).rejects.toMatchObject({ code: 'storage' });
    root = before;
  });
});
