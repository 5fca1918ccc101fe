import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { Thumbnail } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';
import type { TreeEntry, TreeFile, WriteTreeOptions } from './file-system-options.js';
import type { Progress } from '../waiting/progress.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let world: FileWorld;
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  [here, there] = [world.device(), world.device()];
});

const many = (count: number, folder: readonly string[] = []): TreeFile[] =>
  Array.from({ length: count }, (_, i) => ({ path: [...folder, `f${i}`], source: bytes(`${i}`) }));

async function namesIn(path: string): Promise<string[]> {
  const files = world.device();
  if ((await files.find(path)) === undefined) return [];
  const names: string[] = [];
  for await (const { name = '' } of files.names(path)) names.push(name);
  return names.sort();
}

async function writeAll(
  files: FileSystem,
  directory: string,
  entries: Parameters<FileSystem['writeTree']>[1],
  onOutcome?: (count: number) => unknown,
): Promise<number> {
  let count = 0;
  for await (const { outcome: what } of files.writeTree(directory, entries)) {
    expect(what).not.toBe('failed');
    count++;
    await onOutcome?.(count);
  }
  return count;
}

describe('progress of a tree', () => {
  test('comes with each file, and while a large one is on its way', async () => {
    const progress: Progress[] = [];
    const large = { path: ['large'], source: new Uint8Array(16_000_000).fill(1) };
    const onProgress = (event: Progress): void => void progress.push(event);
    for await (const _ of here.writeTree('/ada/d', [...many(600), large], { onProgress })) expect(progress.length).toBeGreaterThan(0);
    expect(new Set(progress.map(({ items }) => items)).size).toBe(601);
    const steps = progress.filter(({ items }) => items === 600).map(({ done }) => done);
    expect(new Set(steps).size).toBeGreaterThan(3);
    for (const [i, { done }] of progress.entries()) expect(done).toBeGreaterThanOrEqual(progress[i - 1]?.done ?? 0);
    const small = many(600).reduce((sum, { source }) => sum + (source as Uint8Array).length, 0);
    expect(progress.at(-1)).toEqual({ items: 601, done: small + 16_000_000, total: small + 16_000_000, unit: 'bytes' });
  });

  const failing = {
    size: 4,
    open: (): never => {
      throw new Error('cannot be read');
    },
  };
  test.each<[string, TreeFile[], number]>([
    [
      'is refused, last',
      [
        { path: ['a'], source: bytes('aaaa') },
        { path: ['b/'], source: bytes('bbbb') },
      ],
      8,
    ],
    ['is refused, alone', [{ path: ['b/'], source: bytes('bbbb') }], 4],
    [
      'fails',
      [
        { path: ['a'], source: bytes('aaaa') },
        { path: ['b'], source: failing },
      ],
      8,
    ],
    ['fails half-way, a large one', [{ path: ['b'], source: { ...failing, size: 9_000_000 } }], 9_000_000],
    ['is there already', [{ path: ['here'], source: bytes('new') }], 3],
  ])('comes to its end when a file %s', async (_, entries, total) => {
    await here.write('/ada/d/here', bytes('old'), { parents: true });
    const progress: Progress[] = [];
    const onProgress = (event: Progress): void => void progress.push(event);
    for await (const { outcome: what } of here.writeTree('/ada/d', entries, { onError: () => 'skip', onProgress }))
      expect(what).not.toBe('replaced');
    expect(progress.at(-1)).toEqual({ done: total, total, unit: 'bytes', items: entries.length });
  });
});

describe('a file of a tree that cannot be written', () => {
  const outcomesOf = async (entries: readonly TreeFile[]): Promise<string[]> => {
    const told: string[] = [];
    for await (const { file, error, outcome: what } of here.writeTree('/ada', entries, { onError: () => 'skip' })) {
      told.push(`${file.path.at(-1)} ${error instanceof PyrgosError ? error.code : what}`);
    }
    return told.sort();
  };
  const revoked = (): TreeFile['source'] => {
    const { proxy, revoke } = Proxy.revocable(bytes('x'), {});
    revoke();
    return proxy;
  };

  test('because its path is longer than any call can name is refused, and the others are written', async () => {
    const above = Array.from({ length: 16 }, () => 'd'.repeat(250));
    // With /ada and the slashes: 4,020 characters above it.
    const fits = 'f'.repeat(MAX_PATH_LENGTH - 4 - 16 * 251 - 1);
    const entries = ['good', fits, `${fits}x`].map((name) => ({ path: name === 'good' ? [name] : [...above, name], source: bytes(name) }));
    expect(await outcomesOf(entries)).toEqual([`${fits} created`, `${fits}x limit`, 'good created'].sort());
    expect((await here.stat(`/ada/${above.join('/')}/${fits}`)).size).toBe(fits.length);
    expect(await outcome(writeAll(here, '/ada', entries.slice(2)))).toBe('limit');
  });

  test('because its source is a proxy that was revoked is refused, and the others are written', async () => {
    const entries = [
      { path: ['odd'], source: revoked() },
      { path: ['good'], source: bytes('x') },
    ];
    expect(await outcomesOf(entries)).toEqual(['good created', 'odd argument']);
    for (const call of [here.write('/ada/x', revoked()), here.append('/ada/good', revoked()), here.writeAt('/ada/good', 0, revoked())]) {
      expect(await outcome(call)).toBe('argument');
    }
  });

  test('moves, copies and new names do not make such paths either', async () => {
    const above = Array.from({ length: 16 }, () => 'd'.repeat(250));
    const directory = `/ada/${above.join('/')}`;
    await here.makeDirectory(directory, { parents: true });
    await here.write(`${directory}/f`, bytes('x'));
    await here.write('/ada/f', bytes('x'));
    const name = 'n'.repeat(100);
    expect(await outcome(here.rename(`${directory}/f`, name))).toBe('limit');
    expect(await outcome(here.move('/ada/f', directory, { name }))).toBe('limit');
    expect(await outcome(here.copy('/ada/f', directory, { name }))).toBe('limit');
    expect(await namesIn(directory)).toEqual(['f']);
  });
});

describe('whoever wants no more of a tree', () => {
  test('and leaves the loop ends the work: no further request', async () => {
    for await (const _ of here.writeTree('/ada/d', many(2400))) break;
    world.requests();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(world.requests()).toEqual([]);
    expect(await namesIn('/ada/d')).toHaveLength(2000);
    // Another call does the rest.
    expect(await writeAll(here, '/ada/d', many(2400))).toBe(2400);
    expect(await namesIn('/ada/d')).toHaveLength(2400);
  });

  test('and leaves it between two large files does not send the second one', async () => {
    const files = ['a', 'b'].map((name) => ({ path: [name], source: new Uint8Array(6_000_000) }));
    for await (const _ of here.writeTree('/ada/d', files)) break;
    expect(await namesIn('/ada/d')).toEqual(['a']);
  });

  test('and cancels it keeps what was told', async () => {
    const cancel = new AbortController();
    const run = async (): Promise<void> => {
      for await (const _ of here.writeTree('/ada/d', many(2400), { signal: cancel.signal })) cancel.abort();
    };
    expect(await outcome(run())).toBe('aborted');
    expect(await namesIn('/ada/d')).toHaveLength(2000);
  });

  test('closes what gives the entries', async () => {
    let isClosed = false;
    function* entries(): Generator<TreeFile> {
      try {
        yield* many(20_000);
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of here.writeTree('/ada/d', entries())) break;
    expect(isClosed).toBe(true);
  });
});

describe('the directory of a tree', () => {
  /** A large file is a part of its own. */
  const twoParts = [...many(2, ['x']), { path: ['y', 'large'], source: new Uint8Array(6_000_000) }];

  test('that is moved meanwhile is made again: what comes later is where it was asked for', async () => {
    await writeAll(here, '/ada/d', twoParts, async (count) => count === 2 && there.rename('/ada/d', 'e'));
    expect([await namesIn('/ada/e'), await namesIn('/ada/d'), await namesIn('/ada/d/y')]).toEqual([['x'], ['y'], ['large']]);
  });

  test('that is replaced meanwhile by another one of its name: what comes later is in that', async () => {
    await writeAll(here, '/ada/d', twoParts, async (count) => {
      if (count !== 2) return;
      await there.remove('/ada/d');
      await there.write('/ada/d/theirs', bytes('x'), { parents: true });
    });
    expect(await namesIn('/ada/d')).toEqual(['theirs', 'y']);
  });

  test('that gets new keys meanwhile is found by its path', async () => {
    await here.makeDirectory('/ada/e');
    await writeAll(here, '/ada/d', twoParts, async (count) => {
      if (count !== 2) return;
      await there.move('/ada/d', '/ada/e', { keepAccess: false });
      await there.move('/ada/e/d', '/ada', { keepAccess: false });
    });
    expect(await namesIn('/ada/d')).toEqual(['x', 'y']);
  });

  test('in whose place there is a file now: a conflict', async () => {
    const written = writeAll(here, '/ada/d', twoParts, async (count) => {
      if (count !== 2) return;
      await there.remove('/ada/d');
      await there.write('/ada/d', bytes('a file'));
    });
    expect(await outcome(written)).toBe('conflict.file');
  });

  test('is made together with its files: nothing stays when they cannot be stored', async () => {
    const failing = { path: ['x', 'f'], source: { size: 5, open: (): AsyncIterable<Uint8Array> => new Blob(['four']).stream() } };
    expect(await outcome(writeAll(here, '/ada/new/d', [failing]))).toBe('conflict.source');
    expect(await here.find('/ada/new')).toBeUndefined();
    expect(await outcome(here.write('/ada/new/d/f', failing.source, { parents: true }))).toBe('conflict.source');
    expect(await outcome(here.write('/ada/new/d/f', bytes('x'), { parents: true, mimeType: 5 as unknown as string }))).toBe('argument');
    expect(await here.find('/ada/new')).toBeUndefined();
    expect(await outcome(writeAll(here, '/bob/d', many(1)))).toBe('argument');
    expect(await writeAll(here, '/ada/empty', [])).toBe(0);
    expect((await here.stat('/ada/empty')).isDirectory).toBe(true);
  });
});

describe('a file where a tree needs a directory', () => {
  const inTheWay = { code: 'conflict.file', data: { path: '/ada/d/file', isDirectory: false } };
  const entries: readonly TreeEntry[] = [
    { path: ['a'], source: 'a' },
    { path: ['file', 'b'], source: 'b' },
    { path: ['file', 'deep', 'c'], source: 'c' },
    { path: ['file', 'large'], source: new Uint8Array(6_000_000) },
    { path: ['new', 'file'], source: 'd' },
  ];
  beforeEach(async () => {
    await here.write('/ada/d/file', bytes('in the way'), { parents: true });
  });

  const failures = async (some: readonly TreeEntry[], asked: TreeEntry[] = []): Promise<Map<string, unknown>> => {
    const failed = new Map<string, unknown>();
    const onError = (entry: TreeEntry): 'skip' => {
      asked.push(entry);
      return 'skip';
    };
    for await (const { file, outcome: what, error } of here.writeTree('/ada/d', some, { onError }))
      failed.set(file.path.join('/'), what === 'failed' ? error : what);
    return failed;
  };

  test('is the fault of the files below it, small or large, and of no other', async () => {
    const failed = await failures(entries);
    expect([failed.get('a'), failed.get('new/file')]).toEqual(['created', 'created']);
    for (const path of ['file/b', 'file/deep/c', 'file/large']) expect(failed.get(path)).toMatchObject(inTheWay);
    expect(failed.size).toBe(5);
    expect(await here.readText('/ada/d/file')).toBe('in the way');
  });

  test('is told of a directory as well', async () => {
    const asked: TreeEntry[] = [];
    const wish: TreeEntry = { path: ['file'], isDirectory: true };
    expect(await failures([wish, { path: ['a'], source: 'a' }], asked)).toEqual(new Map([['a', 'created']]));
    expect(asked).toEqual([wish]);
    await expect(writeAll(here, '/ada/d', [wish])).rejects.toMatchObject(inTheWay);
    const refusing = async (): Promise<void> => {
      for await (const _ of here.writeTree('/ada/d', [wish, { path: ['z'], source: 'z' }], { onError: () => 'abort' })) void _;
    };
    await expect(refusing()).rejects.toMatchObject(inTheWay);
    expect(await here.find('/ada/d/z')).toBeUndefined();
  });

  test('ends the call when nobody lets it pass, and nothing of the part is stored', async () => {
    await expect(writeAll(here, '/ada/d', entries)).rejects.toMatchObject(inTheWay);
    expect(await namesIn('/ada/d')).toEqual(['file']);
  });

  test('that was one some seconds ago is looked at once more', async () => {
    expect((await here.stat('/ada/d/file')).isDirectory).toBe(false);
    await there.remove('/ada/d/file');
    await there.makeDirectory('/ada/d/file');
    expect(await failures(entries.slice(0, 2))).toEqual(new Map(entries.slice(0, 2).map(({ path }) => [path.join('/'), 'created'])));
  });

  test('is no fault of a file when it is the directory of the call', async () => {
    const written = async (): Promise<void> => {
      for await (const _ of here.writeTree('/ada/d/file/below', entries, { onError: () => 'skip' })) void _;
    };
    await expect(written()).rejects.toMatchObject(inTheWay);
  });
});

describe('what is there already with the same content', () => {
  const large = new Uint8Array(6_000_000).fill(7);
  const entries = (trustsHash?: boolean): TreeFile[] => [
    { path: ['small'], source: new Uint8Array(100_000).fill(3), trustsHash },
    { path: ['large'], source: large, trustsHash },
  ];
  const again = async (some: readonly TreeFile[], options: WriteTreeOptions): Promise<{ outcomes: Set<string>; reads: number }> => {
    const outcomes = new Set<string>();
    const other = world.device();
    world.requests();
    for await (const { outcome: what } of other.writeTree('/ada/d', some, options)) outcomes.add(what);
    return { outcomes, reads: world.requests().filter((name) => name.startsWith('get')).length };
  };
  beforeEach(async () => void (await writeAll(here, '/ada/d', entries())));

  test.each<WriteTreeOptions>([{}, { onExisting: () => 'replace' }])('is not downloaded when its hash is trusted (%#)', async (options) => {
    const trusted = await again(entries(true), options);
    expect(trusted.outcomes).toEqual(new Set(['unchanged']));
    const compared = await again(entries(), { onExisting: () => 'replace' });
    expect(compared.outcomes).toEqual(new Set(['unchanged']));
    expect(trusted.reads).toBeLessThan(compared.reads);
  });

  test('is written all the same when it is not to be compared', async () => {
    expect((await again(entries(false), { onExisting: () => 'replace' })).outcomes).toEqual(new Set(['replaced']));
  });
});

test('each file of a tree may bring its thumbnail', async () => {
  const thumbnail = Thumbnail.of('image/png', bytes('tiny'));
  await writeAll(here, '/ada/d', [
    { path: ['small'], source: 'x', thumbnail },
    { path: ['large'], source: new Uint8Array(6_000_000), thumbnail },
  ]);
  for (const name of ['small', 'large']) expect((await there.stat(`/ada/d/${name}`)).thumbnail?.equals(thumbnail)).toBe(true);
});

test('what is to be done about files that are there can be said in a word', async () => {
  const entry = (text: string): TreeEntry[] => [{ path: ['a'], source: bytes(text) }];
  const write = async (text: string, onExisting?: WriteTreeOptions['onExisting']): Promise<unknown> =>
    (await here.writeTree('/ada/words', entry(text), { onExisting }).next()).value;
  await write('first');
  expect(await write('second', 'skip')).toMatchObject({ outcome: 'skipped' });
  expect(await write('second')).toMatchObject({ outcome: 'skipped' });
  expect(await write('second', 'replace')).toMatchObject({ outcome: 'replaced' });
  expect(await there.readText('/ada/words/a')).toBe('second');
  expect(await outcome(write('third', 'overwrite' as never))).toBe('argument');
  expect(await outcome(write('third', 7 as never))).toBe('argument');
});
