import { CHUNK_SIZE, Thumbnail } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { Progress } from '../waiting/progress.js';
import type { ByteSource } from './content/index.js';
import { FileEntry } from './file-entry.js';
import type { FileSystem } from './file-system.js';
import type { TreeEntry, TreeFile, TreeFileOutcome, WatchedOptions } from './file-system-options.js';

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let world: FileWorld;
let files: FileSystem;

/** The files as another device sees them. */
function device(): FileSystem {
  return world.device(world.newSessions({ pointerCacheMilliseconds: 0 }));
}

beforeEach(async () => {
  world = await FileWorld.create();
  files = device();
});

describe('times are Dates', () => {
  const created = new Date('1999-12-31T23:59:59.999Z');
  const modified = new Date('2001-02-03T04:05:06.789Z');

  test('of files that are written', async () => {
    await files.write('/ada/a', 'one', { created, modified });
    expect(await device().stat('/ada/a')).toMatchObject({ created, modified });
    for (const change of [
      async (options: { readonly modified: Date }) => files.append('/ada/a', ' two', options),
      async (options: { readonly modified: Date }) => files.writeAt('/ada/a', 0, 'ONE', options),
      async (options: { readonly modified: Date }) => files.truncate('/ada/a', 3, options),
    ]) {
      const now = new Date((await files.stat('/ada/a')).modified.getTime() + 1);
      expect((await change({ modified: now })).modified).toEqual(now);
    }
    expect(text(await device().read('/ada/a'))).toBe('ONE');
    expect((await device().stat('/ada/a')).created).toEqual(created);
  });

  test('of trees, of which the file comes back as it was given', async () => {
    const entries: TreeFile[] = [{ path: ['t', 'a'], source: 'x', created, modified }];
    for await (const { file, outcome } of files.writeTree('/ada', entries)) {
      expect(file).toBe(entries[0]);
      expect(outcome).toBe('created');
    }
    expect(await device().stat('/ada/t/a')).toMatchObject({ created, modified });
  });
});

describe('callbacks get entries', () => {
  test('of the file that is there', async () => {
    await files.write('/ada/a', 'old');
    const asked: FileEntry[] = [];
    const skip = (existing: FileEntry): 'skip' => {
      asked.push(existing);
      return 'skip';
    };
    expect((await files.write('/ada/a', 'new', { onExisting: skip })).outcome).toBe('skipped');
    for await (const _ of files.writeTree('/ada', [{ path: ['a'], source: 'new' }], { onExisting: (_file, existing) => skip(existing) }))
      void _;
    expect(asked).toHaveLength(2);
    for (const entry of asked) {
      expect(entry).toBeInstanceOf(FileEntry);
      expect(entry).toMatchObject({ path: '/ada/a', size: 3, kind: 'file' });
    }
    expect((await files.write('/ada/a', 'new', { onExisting: async () => 'replace' as const })).outcome).toBe('replaced');
  });

  test('whose answer must be one of those there are', async () => {
    await files.write('/ada/a', 'old');
    const nothing = (() => undefined) as never;
    await expect(files.write('/ada/a', 'new', { onExisting: nothing })).rejects.toMatchObject({ code: 'argument' });
    const tree = files.writeTree('/ada', [{ path: ['a'], source: 'new' }], { onExisting: nothing });
    await expect(tree.next()).rejects.toMatchObject({ code: 'argument' });
    expect(text(await device().read('/ada/a'))).toBe('old');
  });

  test('a file of a tree that cannot be written is told by itself', async () => {
    const entries: TreeFile[] = [
      { path: ['a'], source: 'x', modified: new Date(Number.NaN) },
      { path: ['b\0'], source: 'x' },
      { path: ['c'], source: 'x' },
    ];
    const failed: TreeEntry[] = [];
    const outcomes: TreeFileOutcome[] = [];
    const onError = (entry: TreeEntry): 'skip' => {
      failed.push(entry);
      return 'skip';
    };
    for await (const outcome of files.writeTree('/ada', entries, { onError })) outcomes.push(outcome);
    expect(failed).toEqual(entries.slice(0, 2));
    expect(new Map(outcomes.map(({ file, outcome }) => [file.path.join('/'), outcome]))).toEqual(
      new Map([
        ['a', 'failed'],
        ['b\0', 'failed'],
        ['c', 'created'],
      ]),
    );
    await expect(files.writeTree('/ada', entries).next()).rejects.toMatchObject({ code: 'argument', data: { field: 'entry.modified' } });
  });
});

test('what can be the content of a file', async () => {
  const buffer = utf8.encode('--gr\u00FCn--').buffer;
  const sources: ByteSource[] = [
    'gr\u00FCn',
    utf8.encode('gr\u00FCn'),
    utf8.encode('gr\u00FCn').buffer,
    new DataView(buffer, 2, 5),
    new Uint8ClampedArray(buffer, 2, 5),
    new Blob(['gr\u00FCn']),
    new Blob(['gr\u00FCn']).stream(),
  ];
  for (const [i, source] of sources.entries()) {
    await files.write(`/ada/${i}`, source);
    expect(text(await files.read(`/ada/${i}`))).toBe('gr\u00FCn');
  }
  for await (const { outcome } of files.writeTree('/ada/t', [{ path: ['s'], source: 'text' }])) expect(outcome).toBe('created');
  expect(text(await files.read('/ada/t/s'))).toBe('text');
});

describe('progress', () => {
  /** What a call tells; it must be in order. */
  async function told(call: (options: WatchedOptions) => Promise<unknown>): Promise<Progress[]> {
    const seen: Progress[] = [];
    await call({ onProgress: (progress) => void seen.push(progress) });
    for (const [i, { done, total, unit, items = 0 }] of seen.entries()) {
      expect(done).toBeLessThanOrEqual(total ?? done);
      const before = seen[i - 1];
      if (before === undefined) continue;
      expect(unit).toBe(before.unit);
      expect(done).toBeGreaterThanOrEqual(before.done);
      expect(items).toBeGreaterThanOrEqual(before.items ?? 0);
    }
    return seen;
  }
  const drain = async (stream: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of stream) void _;
  };

  test('has one form in all calls', async () => {
    const size = CHUNK_SIZE + 10;
    const large = new Uint8Array(size).fill(7);
    const whole = { done: size, total: size, unit: 'bytes' };
    const write = await told(async (options) => files.write('/ada/d/large', large, { ...options, parents: true }));
    expect(write).toHaveLength(2);
    expect(write.at(-1)).toEqual(whole);
    expect((await told(async (options) => files.write('/ada/d/large', large, options))).at(-1)).toEqual(whole);
    expect((await told(async (options) => drain(await files.stream('/ada/d/large', options)))).at(-1)).toEqual(whole);
    expect((await told(async (options) => files.writeAt('/ada/d/large', 3, 'abc', options))).at(-1)).toMatchObject({ unit: 'bytes' });
    expect((await told(async (options) => files.append('/ada/d/large', 'abc', options))).at(-1)).toMatchObject({ unit: 'bytes' });
    await files.truncate('/ada/d/large', size);
    const copied = { ...whole, items: 1 };
    expect((await told(async (options) => files.copy('/ada/d/large', '/ada', options))).at(-1)).toEqual(copied);
    const moved = async (options: WatchedOptions): Promise<unknown> =>
      files.move('/ada/large', '/ada/d', { ...options, keepAccess: false });
    await files.rename('/ada/d/large', 'other');
    expect((await told(moved)).at(-1)).toEqual(copied);
    expect((await told(async (options) => drain(files.verify('/ada/d', options)))).at(-1)).toEqual({
      done: 3,
      total: undefined,
      unit: 'items',
      items: 3,
    });
    const verified = await told(async (options) => drain(files.verify('/ada/d', { ...options, content: true })));
    expect(verified.at(-1)).toEqual({ done: 2 * size, total: undefined, unit: 'bytes', items: 3 });
    expect((await told(async (options) => files.remove('/ada/d', options))).at(-1)).toEqual({
      done: 3,
      total: undefined,
      unit: 'items',
      items: 3,
    });
  });

  test('of a tree has a total where the sizes are known', async () => {
    const entries = Array.from({ length: 20 }, (_, i) => ({ path: [`${i}`], source: 'x'.repeat(i) }));
    const list = await told(async (options) => drain(files.writeTree('/ada/a', entries, options)));
    expect(list.at(-1)).toEqual({ done: 190, total: 190, unit: 'bytes', items: 20 });
    const stream = await told(async (options) => drain(files.writeTree('/ada/b', entries.values(), options)));
    expect(stream.at(-1)).toEqual({ done: 190, total: undefined, unit: 'bytes', items: 20 });
  });

  test('does not go back when a change is repeated', async () => {
    await files.makeDirectory('/ada/d');
    const other = device();
    let interference: Promise<unknown> | undefined;
    const seen = await told(async ({ onProgress }) =>
      files.write('/ada/d/a', new Uint8Array(2 * CHUNK_SIZE), {
        onProgress: (progress) => {
          interference ??= other.write('/ada/d/b', 'somebody else');
          onProgress?.(progress);
        },
      }),
    );
    await interference;
    expect(seen.at(-1)).toMatchObject({ done: 2 * CHUNK_SIZE, total: 2 * CHUNK_SIZE });
  });
});

describe('types and thumbnails', () => {
  test('a type that a blob claims counts when nothing else tells one', async () => {
    const bytes = Uint8Array.of(0xff, 0xfe, 0x80);
    const blob = new Blob([bytes], { type: 'application/x-lighthouse; version=1' });
    expect((await files.write('/ada/a', blob)).entry.mimeType).toBe('application/x-lighthouse');
    expect((await files.write('/ada/a', new Blob([bytes, bytes], { type: 'x/other' }))).entry.mimeType).toBe('x/other');
    expect((await files.write('/ada/b', bytes)).entry.mimeType).toBe('application/octet-stream');
    expect((await files.write('/ada/c.txt', new Blob(['text'], { type: 'image/png' }))).entry.mimeType).toBe('text/plain');
    expect((await files.write('/ada/d', blob, { mimeType: 'x/y' })).entry.mimeType).toBe('x/y');
    for await (const _ of files.writeTree('/ada/t', [{ path: ['e'], source: blob }])) void _;
    expect((await files.stat('/ada/t/e')).mimeType).toBe('application/x-lighthouse');
  });

  test('can be set, in the list of the directory, too', async () => {
    await files.write('/ada/a', 'text');
    const thumbnail = Thumbnail.of('image/webp', utf8.encode('a picture'));
    const set = await files.setProperties('/ada/a', { mimeType: 'text/markdown', thumbnail });
    expect(set.mimeType).toBe('text/markdown');
    expect(set.thumbnail?.equals(thumbnail)).toBe(true);
    const found = await device().stat('/ada/a');
    expect(found.mimeType).toBe('text/markdown');
    expect(found.thumbnail?.equals(thumbnail)).toBe(true);
    for await (const { mimeType } of device().names('/ada')) expect(mimeType).toBe('text/markdown');
    await files.setProperties('/ada/a', { thumbnail: null });
    expect((await device().stat('/ada/a')).thumbnail).toBeUndefined();
    expect((await device().stat('/ada/a')).mimeType).toBe('text/markdown');
    await expect(files.setProperties('/ada', { mimeType: 'text/plain' })).rejects.toMatchObject({ code: 'conflict.file' });
    await expect(files.setProperties('/ada', { thumbnail })).rejects.toMatchObject({ code: 'conflict.file' });
    // Nothing is nothing.
    expect((await files.setProperties('/ada/a', {})).mimeType).toBe('text/markdown');
  });
});

test('the home directory and the root are there already', async () => {
  for (const path of ['/ada', '/']) await expect(files.makeDirectory(path)).rejects.toMatchObject({ code: 'conflict.exists' });
});

describe('names', () => {
  test('are kept letter by letter', async () => {
    const [composed, decomposed] = ['gr\u00FCn', 'gru\u0308n'];
    await files.write(`/ada/${composed}`, 'composed');
    await files.write(`/ada/${decomposed}`, 'decomposed');
    expect(text(await device().read(`/ada/${composed}`))).toBe('composed');
    expect((await device().stat(`/ada/${decomposed}`)).name).toBe(decomposed);
  });

  test('with NUL are given to nothing', async () => {
    await files.write('/ada/a', 'x');
    for (const call of [
      async () => files.write('/ada/a\0b', 'x'),
      async () => files.write('/ada/a\0b/c', 'x', { parents: true }),
      async () => files.makeDirectory('/ada/a\0b'),
      async () => files.makeDirectory('/ada/a\0b/c', { parents: true }),
      async () => files.rename('/ada/a', 'a\0b'),
      async () => files.copy('/ada/a', '/ada', { name: 'a\0b' }),
      async () => files.move('/ada/a', '/ada', { name: 'a\0b' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'argument' });
    }
    const names = [];
    for await (const { name } of device().names('/ada')) names.push(name);
    expect(names).toEqual(['a']);
  });
});

test('what was cancelled has the reason as its cause', async () => {
  await files.write('/ada/a', 'x');
  const reason = new Error('the page was left');
  const cancelled = { code: 'aborted', name: 'AbortedError', cause: reason };
  await expect(files.stat('/ada/a', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject(cancelled);
  for (const call of [
    async (signal: AbortSignal) => device().stat('/ada/a', { signal }),
    async (signal: AbortSignal) => device().read('/ada/a', { signal }),
    async (signal: AbortSignal) => device().write('/ada/b', new Uint8Array(2 * CHUNK_SIZE), { signal }),
    async (signal: AbortSignal) => device().remove('/ada/a', { signal }),
  ]) {
    const controller = new AbortController();
    world.base.server.hooks.before = async () => {
      controller.abort(reason);
      return new Promise<never>(() => undefined);
    };
    await expect(call(controller.signal)).rejects.toMatchObject(cancelled);
    world.base.server.hooks.before = undefined;
  }
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort(reason) };
  await expect(files.write('/ada/c', new Uint8Array(3 * CHUNK_SIZE), options)).rejects.toMatchObject(cancelled);
});

test('copies of an entry say what it says', async () => {
  const thumbnail = Thumbnail.of('image/webp', utf8.encode('a picture'));
  await files.write('/ada/a.png', 'x', { mimeType: 'image/png', thumbnail });
  const entry = await device().stat('/ada/a.png');
  const facts = { path: '/ada/a.png', kind: 'file', isDirectory: false, type: 'image', size: 1, mimeType: 'image/png' };
  expect({ ...entry }).toMatchObject({ ...facts, thumbnail });
  expect(structuredClone(entry)).toMatchObject({ ...facts, modified: entry.modified });
  const json: unknown = JSON.parse(JSON.stringify(entry));
  expect(json).toMatchObject({ ...facts, modified: entry.modified.toISOString() });
  expect(json).not.toHaveProperty('thumbnail');
  expect(JSON.parse(JSON.stringify(await device().stat('/ada')))).toMatchObject({ isDirectory: true, type: 'dir' });
});
