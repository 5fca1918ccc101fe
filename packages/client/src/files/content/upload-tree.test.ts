import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE, Timestamp } from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { networkError, outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, CountedSource, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { rotateAllKeys } from '../structure/rotate-all-keys.js';
import { directoryChunks, FileReader, findPath, type Item, listEntries } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { type FileOutcome } from './upload-small-files.js';
import { type TreeDirectory, type TreeFile, type TreeUploadProgress, uploadTree, type UploadTreeOptions } from './upload-tree.js';

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

type Entries = Iterable<TreeFile | TreeDirectory> | AsyncIterable<TreeFile | TreeDirectory>;

async function upload(entries: Entries, options: UploadTreeOptions = {}): Promise<FileOutcome<TreeFile>[]> {
  const home = await world.home();
  const outcomes: FileOutcome<TreeFile>[] = [];
  for await (const outcome of uploadTree(world.files.sessions, world.ports, home, entries, { home, ...options })) outcomes.push(outcome);
  return outcomes;
}

/** What another device finds at a path below home. */
async function at(path: string): Promise<Item | undefined> {
  const view = world.files.view(world.files.newSessions());
  return findPath(view, await world.files.openHome(view), path);
}

async function bytesAt(path: string): Promise<Uint8Array> {
  const view = world.files.view(world.files.newSessions());
  const reader = new FileReader(view, (await findPath(view, await world.files.openHome(view), path))!);
  return reader.read(0, reader.size);
}

function file(path: string, source: ByteSource, more: Partial<TreeFile> = {}): TreeFile {
  return { path: path.split('/'), source, ...more };
}

const short = (outcomes: readonly FileOutcome<TreeFile>[]): string[] =>
  outcomes.map(({ file: { path }, outcome }) => `${path.join('/')} ${outcome}`).sort();

describe('uploading a tree', () => {
  it('makes directories and files of all sizes from 1 KiB to 15 MiB, readable (section 27)', async () => {
    const files = new Map<string, Uint8Array>([
      ['a', content(1024, 1)],
      ['d/empty', new Uint8Array()],
      ['d/b', content(100_000, 2)],
      ['d/e/c', content(CHUNK_SIZE, 3)],
      ['d/e/large', content(CHUNK_SIZE + 1, 4)],
      ['d/e/f/larger', content(15 * 1_048_576, 5)],
      ['d/stream', content(3000, 6)],
    ]);
    const entries = [...files].map(([path, bytes]) => file(path, path.endsWith('stream') ? streamOf(bytes) : bytes));
    const progress: TreeUploadProgress[] = [];
    const outcomes = await upload([...entries, { path: ['d', 'nothing in it'], isDirectory: true }], {
      onProgress: (p) => void progress.push(p),
    });
    expect(short(outcomes)).toEqual([...files.keys()].map((path) => `${path} created`).sort());
    for (const [path, bytes] of files) expect([path, equalBytes(await bytesAt(path), bytes)]).toEqual([path, true]);
    expect((await at('d/nothing in it'))!.isDirectory).toBe(true);
    const known = [...files].filter(([path]) => !path.endsWith('stream')).map(([, { length }]) => length);
    expect(progress.at(-1)).toEqual({ files: 7, bytes: known.reduce((sum, size) => sum + size, 0) });
    expect(await world.openRecords()).toBe(0);
    // Once more: everything is there already, but for a stream, of which nobody knows.
    const again = await upload([...files].map(([path, bytes]) => file(path, bytes)));
    expect(short(again)).toEqual([...files.keys()].map((path) => `${path} unchanged`).sort());
  });

  it('reads one of many files of one name, the smallest', async () => {
    let opened = 0;
    const source = (size: number): ByteSource => ({
      size,
      open: async function* () {
        opened++;
        yield content(size);
      },
    });
    const entries = [30, 20, 10, 20, 10].map((size) => file('twice', source(size)));
    const outcomes = await upload(entries, { onError: () => 'skip' });
    expect(short(outcomes)).toEqual(['twice created', ...Array<string>(4).fill('twice failed')]);
    expect(opened).toBe(1);
    expect((await bytesAt('twice')).length).toBe(10);
    for (const { error } of outcomes) if (error !== undefined) expect(error).toMatchObject({ code: 'conflict.exists' });
  });

  it('commits small files in groups, each with its directory (section 17)', async () => {
    const count = 1200;
    const entries = Array.from({ length: count }, (_, i) => file(`many/${i}`, content(10 + (i % 50), i), { modified: Timestamp.of(i) }));
    world.files.requests();
    await upload(entries);
    const requests = world.files.requests();
    expect(requests.filter((name) => name === 'setPointers')).toHaveLength(1);
    expect(requests.length).toBeLessThan(count / 5);
    const directory = (await at('many'))!;
    const lengths: number[] = [];
    for await (const chunk of directoryChunks(world.files.view(), directory)) lengths.push(chunk.entries.length);
    expect(lengths).toEqual([500, 500, 200]);
    expect(equalBytes(await bytesAt('many/777'), content(10 + 27, 777))).toBe(true);
    expect((await at('many/777'))!.properties.modified.equals(Timestamp.of(777))).toBe(true);
  });

  it('never commits a small file without its entry, nor an entry without its file', async () => {
    const { server } = world.files.base;
    const entries = Array.from({ length: 40 }, (_, i) => file(`f${i}`, content(1_000_000, i)));
    const before = await world.chunkCount();
    const states: string[] = [];
    server.hooks.after = async ({ name }) => {
      if (name !== 'setPointers') return;
      const { after } = server.hooks;
      server.hooks.after = undefined;
      const names = await world.names();
      states.push(`${names.length} ${(await world.chunkCount()) - before}`);
      server.hooks.after = after;
    };
    await upload(entries);
    server.hooks.after = undefined;
    expect(states.length).toBeGreaterThan(1);
    for (const state of states) {
      const [names, chunks] = state.split(' ');
      expect(chunks).toBe(names);
    }
  });

  it('asks about files that have other content, and passes over those that have the same', async () => {
    await upload([file('d/same', content(10)), file('d/other', content(11)), file('d/large', chunksOf(1))]);
    const entries = [file('d/same', content(10)), file('d/other', content(12)), file('d/large', chunksOf(1, 2)), file('d/new', content(1))];
    const asked: string[] = [];
    const ask = (answer: 'replace' | 'skip') => (wanted: TreeFile, existing: Item) => {
      asked.push(`${wanted.path.join('/')} ${existing.name}`);
      return answer;
    };
    expect(short(await upload(entries, { onExisting: ask('skip') }))).toEqual([
      'd/large skipped',
      'd/new created',
      'd/other skipped',
      'd/same unchanged',
    ]);
    expect(asked.sort()).toEqual(['d/large large', 'd/other other']);
    expect(short(await upload(entries))).toEqual(['d/large skipped', 'd/new unchanged', 'd/other skipped', 'd/same unchanged']);
    expect(short(await upload(entries, { onExisting: ask('replace') }))).toEqual([
      'd/large replaced',
      'd/new unchanged',
      'd/other replaced',
      'd/same unchanged',
    ]);
    expect(equalBytes(await bytesAt('d/other'), content(12))).toBe(true);
    expect(equalBytes(await bytesAt('d/large'), chunksOf(1, 2))).toBe(true);
  });

  it('lets pass what the caller lets pass, and stops at anything else', async () => {
    const broken: ByteSource = {
      size: 5,
      open: async function* () {
        yield new Uint8Array(2);
        throw new Error('unreadable');
      },
    };
    const brokenLarge: ByteSource = { ...broken, size: CHUNK_SIZE + 1 };
    await upload([{ path: ['a directory'], isDirectory: true }]);
    const entries = [
      file('good', content(3)),
      file('broken', broken),
      file('broken large', brokenLarge),
      file('a directory', content(3)),
      file('..', content(3)),
      file('twice', content(3)),
      file('twice', content(4)),
    ];
    const failed: string[] = [];
    const outcomes = await upload(entries, {
      onError: ({ path }) => {
        failed.push(path.join('/'));
        return 'skip';
      },
    });
    expect(short(outcomes)).toEqual([
      '.. failed',
      'a directory failed',
      'broken failed',
      'broken large failed',
      'good created',
      'twice created',
      'twice failed',
    ]);
    expect(failed.sort()).toEqual(['..', 'a directory', 'broken', 'broken large', 'twice']);
    expect(outcomes.find(({ file: { path } }) => path[0] === 'broken')!.error).toEqual(new Error('unreadable'));
    await expect(upload(entries.slice(1, 2))).rejects.toThrow('unreadable');
    expect(await outcome(upload(entries.slice(3, 4)))).toBe('conflict.file');
    // The server's failures are nobody's own fault.
    world.files.base.server.hooks.before = ({ name }) => {
      if (name === 'putBlocks') throw new PyrgosError('quota', 'full');
    };
    expect(await outcome(upload([file('x', content(3))], { onError: () => 'skip' }))).toBe('quota');
    world.files.base.server.hooks.before = undefined;
    expect(await world.names()).toEqual(['a directory', 'good', 'twice']);
  });

  it('knows the names of all groups: a second file of a name fails alone, wherever the first one is', async () => {
    const bytes = content(8200);
    const names = Array.from({ length: 1200 }, (_, i) => `${i}`);
    // All of one size, so that they stay in this order; some commits are sent before the last file is read.
    const outcomes = await upload(
      [...names, '3', '700'].map((name) => file(name, bytes)),
      { onError: () => 'skip' },
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'failed').map(({ file: { path } }) => path[0])).toEqual(['3', '700']);
    expect(new Set(await world.names())).toEqual(new Set(names));
    expect(await world.names()).toHaveLength(names.length);
    expect(await bytesAt('1199')).toEqual(bytes);
  });

  it('looks at the whole list again when another device has changed the tree between two groups', async () => {
    const bytes = content(8200);
    const names = Array.from({ length: 1100 }, (_, i) => `f${i}`);
    await world.upload('before', content(1));
    const elsewhere = await world.files.openHome(world.files.view());
    let isDone = false;
    const source = {
      size: bytes.length,
      open: async function* () {
        if (!isDone) {
          isDone = true;
          const sessions = world.files.newSessions();
          for await (const _ of uploadTree(sessions, world.ports, elsewhere, [file('other/x', content(2))]));
        }
        yield bytes;
      },
    };
    const outcomes = await upload(names.map((name, i) => file(`d/${name}`, i === 300 ? source : bytes)));
    expect(outcomes.every(({ outcome }) => outcome === 'created')).toBe(true);
    expect(isDone).toBe(true);
    expect(await world.names()).toEqual(['before', 'd', 'other']);
    const view = world.files.view(world.files.newSessions());
    const listed: (string | undefined)[] = [];
    for await (const { name } of listEntries(view, (await at('d'))!)) listed.push(name);
    expect(listed).toHaveLength(names.length);
    expect(new Set(listed)).toEqual(new Set(names));
  });

  it('takes entries as they come, in any order, and directories of files that are files', async () => {
    const entries = async function* (): AsyncGenerator<TreeFile | TreeDirectory> {
      for (let i = 0; i < 30; i++) yield file(`d${i % 3}/e/f${i}`, content(i, i));
    };
    expect(await upload(entries())).toHaveLength(30);
    expect((await at('d2/e/f29'))!.properties.size).toBe(29);
    await world.upload('file', content(1));
    expect(await outcome(upload([file('file/below', content(1))]))).toBe('conflict.file');
    expect(await upload([])).toEqual([]);
  });

  it('writes into directories that are writing spaces of their own', async () => {
    await upload([{ path: ['shared'], isDirectory: true }]);
    const shared = (await at('shared'))!;
    await world.run((operation, home) => rotateAllKeys(operation, home, shared, { rotateSigner: true }));
    await upload([file('shared/small', content(10)), file('shared/below/large', chunksOf(1)), file('beside', content(1))]);
    expect((await at('shared/small'))!.writer.equals(world.files.signer.publicKeyHash)).toBe(false);
    expect(equalBytes(await bytesAt('shared/below/large'), chunksOf(1))).toBe(true);
    expect(await world.openRecords()).toBe(0);
  });

  it('is repeated where another device changes the same directory meanwhile', async () => {
    await upload([{ path: ['d'], isDirectory: true }]);
    const { hooks } = world.files.base.server;
    let isDone = false;
    hooks.before = async ({ name }) => {
      if (name !== 'setPointers' || isDone) return;
      isDone = true;
      const { before } = hooks;
      hooks.before = undefined;
      const sessions = world.files.newSessions();
      const home = await world.home(sessions);
      for await (const _ of uploadTree(sessions, world.ports, home, [file('d/theirs', content(2))])) void _;
      hooks.before = before;
    };
    const outcomes = await upload([file('d/ours', content(1))]);
    hooks.before = undefined;
    expect(short(outcomes)).toEqual(['d/ours created']);
    expect((await at('d/theirs'))!.properties.size).toBe(2);
    expect((await at('d/ours'))!.properties.size).toBe(1);
  });

  it('goes where its paths lead now, not where they led when the session last looked', async () => {
    await upload([{ path: ['d'], isDirectory: true }]);
    const there = world.files.device();
    await there.rename('/ada/d', 'old');
    await there.makeDirectory('/ada/d');
    expect(short(await upload([file('d/f', content(1)), file('d/large', chunksOf(1))]))).toEqual(['d/f created', 'd/large created']);
    expect([await at('d/f'), await at('d/large')].every((item) => item !== undefined)).toBe(true);
    expect([await at('old/f'), await at('old/large')]).toEqual([undefined, undefined]);
  });

  it('goes through although requests break, and stops when it is cancelled', async () => {
    let seen = 0;
    world.files.base.server.hooks.before = ({ name }) => {
      if (name !== 'commitPointers' && ++seen % 3 === 0) throw networkError();
    };
    await upload(Array.from({ length: 20 }, (_, i) => file(`d/${i}`, content(i * 1000, i))));
    world.files.base.server.hooks.before = undefined;
    expect((await at('d/19'))!.properties.size).toBe(19_000);
    const controller = new AbortController();
    const source = new CountedSource(content(10));
    const cancelled = upload([file('x/1', source), file('y/2', chunksOf(1))], {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(await outcome(cancelled)).toBe('aborted');
    expect((await at('x/1'))!.properties.size).toBe(10);
    expect(await at('y')).toBeUndefined();
  });
});

describe('uploads that run at the same time', () => {
  it('eight into one directory through one session all succeed (section 27)', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, i) => world.upload(`f${i}`, content(5000, i))));
    expect(await world.names()).toEqual(Array.from({ length: 8 }, (_, i) => `f${i}`));
    for (let i = 0; i < 8; i++) expect(await world.has(`f${i}`, content(5000, i))).toBe(true);
  });

  it('of two sessions into different directories both succeed, by a merge (section 27)', async () => {
    await upload([
      { path: ['a'], isDirectory: true },
      { path: ['b'], isDirectory: true },
    ]);
    const run = async (name: string): Promise<void> => {
      const sessions = world.files.newSessions();
      const home = await world.home(sessions);
      const entries = Array.from({ length: 3 }, (_, i) => file(`${name}/${i}`, content(100, i)));
      for await (const _ of uploadTree(sessions, world.ports, home, entries, { home })) void _;
    };
    await Promise.all([run('a'), run('b')]);
    for (const path of ['a/0', 'a/2', 'b/0', 'b/2']) expect((await at(path))!.properties.size).toBe(100);
  });

  it('are not lost at their end because another device has changed the directory while they ran', async () => {
    await world.upload('replaced', chunksOf(1));
    const { hooks } = world.files.base.server;
    const uploads: readonly [string, () => Promise<unknown>][] = [
      ['stream', () => world.upload('stream', streamOf(chunksOf(2)))],
      ['recorded', () => world.upload('recorded', chunksOf(5))],
      ['replaced', () => world.upload('replaced', streamOf(chunksOf(3, 2)), { onExisting: 'replace' })],
    ];
    for (const [name, run] of uploads) {
      let isDone = false;
      hooks.before = async ({ name: request, cids }) => {
        // While fragments are uploaded.
        if (request !== 'putBlocks' || cids![0]!.codec !== 0x55 || isDone) return;
        isDone = true;
        const { before } = hooks;
        hooks.before = undefined;
        await world.upload(`beside ${name}`, content(10), { sessions: world.files.newSessions() });
        hooks.before = before;
      };
      expect([name, await outcome(run())]).toEqual([name, 'resolved']);
      hooks.before = undefined;
      expect(await world.names()).toContain(`beside ${name}`);
    }
    expect(await world.has('stream', chunksOf(2))).toBe(true);
    expect(await world.has('recorded', chunksOf(5))).toBe(true);
    expect(await world.has('replaced', chunksOf(3, 2))).toBe(true);
  });
});
