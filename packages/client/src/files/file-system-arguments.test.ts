import { PyrgosError } from '@pyrgos/core/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import { FileSystem } from './file-system.js';

/** What is no path and no name. */
const noText: readonly unknown[] = [
  undefined,
  null,
  0,
  Number.NaN,
  5n,
  Symbol('s'),
  {},
  [],
  ['/ada'],
  () => '/ada',
  new Date(0),
  new Uint8Array(1),
];
const noPath: readonly unknown[] = [...noText, '/', '/ada/..', 'n'.repeat(300), `/ada/${'n/'.repeat(40_000)}`];
const noName: readonly unknown[] = [...noText, '', '.', '..', 'a/b', '/a', 'a\0b', '\uD800', 'n'.repeat(256)];
const noSource: readonly unknown[] = [
  undefined,
  null,
  0,
  5n,
  Symbol('s'),
  {},
  [],
  [1],
  () => 1,
  new Date(0),
  '\uD800',
  { size: 1 },
  { size: -1, open: () => [] },
];
const noNumber: readonly unknown[] = [undefined, null, '1', Number.NaN, -1, 1.5, 1e300, 5n, Symbol('s'), {}, [], [1], new Date(1)];
const noFlag: readonly unknown[] = [null, 0, 1, 'true', {}, [], () => true];
const noDate: readonly unknown[] = [
  null,
  0,
  'now',
  '2020-01-01',
  {},
  [],
  new Date(Number.NaN),
  Object.create(Date.prototype),
  () => new Date(),
];
const noFunction: readonly unknown[] = [null, 0, 1, 'replace', {}, [], true];
const noOptions: readonly unknown[] = [
  null,
  0,
  'x',
  5n,
  Symbol('s'),
  () => 1,
  true,
  { signal: 1 },
  { signal: {} },
  { signal: null },
  { signal: { aborted: false } },
];
/** Objects with one bad property. */
const withBad = (name: string, values: readonly unknown[]): object[] => values.map((value) => ({ [name]: value }));
const watched = [...noOptions, ...withBad('onProgress', noFunction)];
const edited = [...watched, ...withBad('modified', noDate)];
const bytes = new Uint8Array([1]);
const here = '/ada/file';
const nobody = '/ada/nobody';

/** Arguments of a method that are right, and for each of them what is wrong. */
const methods: Record<string, { readonly good: readonly unknown[]; readonly bad: readonly (readonly unknown[])[] }> = {
  find: { good: [here], bad: [noText, noOptions] },
  stat: { good: [here], bad: [noText, noOptions] },
  list: { good: ['/ada'], bad: [[...noText, here], noOptions] },
  names: { good: ['/ada'], bad: [[...noText, here], noOptions] },
  open: {
    good: [here],
    bad: [
      [...noPath, '/ada'],
      [...noOptions, ...withBad('prefetch', noNumber.slice(1)), ...withBad('cachedChunks', noNumber.slice(1))],
    ],
  },
  read: {
    good: [here],
    bad: [
      [...noPath, '/ada'],
      [...noOptions, ...withBad('start', noNumber.slice(1)), ...withBad('end', noNumber.slice(2)), { start: 2, end: 1 }],
    ],
  },
  readText: { good: [here], bad: [[...noPath, '/ada'], noOptions] },
  stream: {
    good: [here],
    bad: [
      [...noPath, '/ada'],
      [...watched, ...withBad('start', noNumber.slice(1)), ...withBad('end', noNumber.slice(1))],
    ],
  },
  verify: { good: ['/ada'], bad: [noText, watched] },
  makeDirectory: { good: ['/ada/new'], bad: [noPath, [...noOptions, ...withBad('parents', noFlag), ...withBad('isHidden', noFlag)]] },
  write: {
    good: ['/ada/new', bytes],
    bad: [
      [...noPath, '/ada', '/ada/a\0b'],
      noSource,
      [
        ...edited,
        ...withBad('created', noDate),
        ...withBad('parents', noFlag),
        ...withBad('isHidden', noFlag),
        ...withBad('trustsHash', noFlag),
        ...withBad('onExisting', [null, 0, 'overwrite', {}, true]),
        ...withBad('mimeType', [null, 0, {}, []]),
        ...withBad('thumbnail', [null, 0, {}, bytes]),
        ...withBad('hashTree', [null, 0, {}, bytes]),
      ],
    ],
  },
  writeTree: {
    good: ['/ada/directory', []],
    bad: [
      noPath,
      [
        undefined,
        null,
        0,
        'text',
        {},
        () => 1,
        5n,
        [null],
        [1],
        ['path'],
        [{}],
        [{ path: 'x', source: bytes }],
        [{ path: [1], source: bytes }],
        [{ path: [], source: bytes }],
        [{ path: ['..'], source: bytes }],
        [{ path: ['a/b'], source: bytes }],
        [{ path: ['a\0b'], source: bytes }],
        ...noSource.map((source) => [{ path: ['x'], source }]),
        ...noDate.map((modified) => [{ path: ['x'], source: bytes, modified }]),
        ...noDate.map((created) => [{ path: ['x'], source: bytes, created }]),
        ...noFlag.map((isHidden) => [{ path: ['x'], source: bytes, isHidden }]),
        ...noFlag.map((trustsHash) => [{ path: ['x'], source: bytes, trustsHash }]),
        ...[null, 0, {}, bytes].map((thumbnail) => [{ path: ['x'], source: bytes, thumbnail }]),
        ...[null, 0, {}].map((mimeType) => [{ path: ['x'], source: bytes, mimeType }]),
      ],
      [...watched, ...withBad('onExisting', [null, 0, 'overwrite', {}, true]), ...withBad('onError', noFunction)],
    ],
  },
  writeAt: { good: [here, 0, bytes], bad: [[...noPath, '/ada'], noNumber, noSource, edited] },
  append: { good: [here, bytes], bad: [[...noPath, '/ada'], noSource, [...edited, ...withBad('expectedSize', noNumber.slice(1))]] },
  truncate: { good: [here, 0], bad: [[...noPath, '/ada'], noNumber, edited] },
  rename: { good: [here, 'new'], bad: [[...noPath, '/ada'], noName, noOptions] },
  setProperties: {
    good: [here, { isHidden: true }],
    bad: [
      noPath,
      [
        undefined,
        null,
        0,
        'x',
        () => 1,
        ...withBad('modified', noDate),
        ...withBad('created', noDate),
        ...withBad('isHidden', noFlag),
        ...withBad('mimeType', [null, 0, {}, [], '\uD800']),
        ...withBad('thumbnail', [0, {}, [], bytes]),
      ],
      noOptions,
    ],
  },
  move: {
    good: [here, '/ada/directory'],
    bad: [
      [...noPath, '/ada'],
      [...noPath, here],
      [...watched, ...withBad('keepAccess', noFlag)],
    ],
  },
  copy: {
    good: [here, '/ada/directory'],
    bad: [noPath, [...noPath, here], [...watched, ...withBad('name', noName.slice(1)), ...withBad('onDamaged', noFunction)]],
  },
  remove: { good: [here], bad: [[...noPath, '/ada'], watched] },
  removeAll: {
    good: ['/ada', ['file']],
    bad: [
      [...noPath, here],
      [undefined, null, 0, 'file', {}, new Set(['file']), ...noName.filter((name) => name !== 'a\0b').map((name) => [name])],
      watched,
    ],
  },
  rotateKeys: {
    good: [here],
    bad: [
      [...noPath, '/ada'],
      [...watched, ...withBad('newWritingSpace', noFlag)],
    ],
  },
  reencrypt: { good: ['/ada'], bad: [noPath, watched] },
  clearUnfinishedUploads: { good: [], bad: [watched.filter((value) => value !== undefined)] },
};

/** Runs a call to its end, whatever it gives. */
async function run(call: () => unknown): Promise<void> {
  const result: unknown = await call();
  if (result instanceof ReadableStream) await result.cancel();
  else if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result && !('read' in result)) {
    for await (const _ of result as AsyncIterable<unknown>) void _;
  }
}

describe('wrong arguments', () => {
  let world: FileWorld;
  let files: FileSystem;
  let commits = 0;

  beforeAll(async () => {
    world = await FileWorld.create();
    const { server } = world.base;
    files = world.device();
    await files.write(here, bytes);
    await files.makeDirectory('/ada/directory');
    server.hooks.before = ({ name }) => {
      if (name === 'setPointers') commits++;
    };
  });

  test('every method is in the table', () => {
    const own = Object.entries(Object.getOwnPropertyDescriptors(FileSystem.prototype))
      .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && name !== 'refresh')
      .map(([name]) => name);
    expect(Object.keys(methods).sort()).toEqual(own.sort());
  });

  test.each(Object.entries(methods))('of %s are ArgumentErrors, and nothing is changed', async (name, { good, bad }) => {
    const call = (files as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[name];
    const unexpected: string[] = [];
    const before = commits;
    for (const [at, values] of bad.entries()) {
      for (const value of values) {
        const args = Array.from({ length: Math.max(good.length, at + 1) }, (_, i) => (i === at ? value : good[i]));
        const label = `argument ${at}, value ${values.indexOf(value)} (${typeof value})`;
        try {
          await run(() => call?.apply(files, args));
          unexpected.push(`${label}: accepted`);
        } catch (error) {
          // A path that is text may also lead nowhere, and a name may be too long.
          const isFine =
            error instanceof PyrgosError &&
            ['argument', 'limit', 'not-found.file', 'conflict.exists', 'conflict.file'].includes(error.code);
          if (!isFine) unexpected.push(`${label}: ${String(error)}`);
          else if (typeof value !== 'string' && error.code !== 'argument' && error.code !== 'limit')
            unexpected.push(`${label}: ${error.code}`);
        }
      }
    }
    expect(unexpected).toEqual([]);
    expect(commits).toBe(before);
  });

  test('paths with . and .. are refused by all calls', async () => {
    for (const path of ['/ada/.', '/ada/..', '/..', `${here}/../ada`]) {
      const calls: readonly (() => Promise<unknown>)[] = [
        async () => files.find(path),
        async () => files.stat(path),
        async () => files.open(path),
        async () => files.read(path),
        async () => files.stream(path),
        async () => files.list(path).next(),
        async () => files.names(path).next(),
        async () => files.verify(path).next(),
        async () => files.write(path, bytes),
        async () => files.writeAt(path, 0, bytes),
        async () => files.append(path, bytes),
        async () => files.truncate(path, 0),
        async () => files.setProperties(path, {}),
        async () => files.writeTree(path, []).next(),
        async () => files.makeDirectory(path),
        async () => files.makeDirectory(path, { parents: true }),
        async () => files.rename(path, 'new'),
        async () => files.move(path, '/ada'),
        async () => files.move(here, path),
        async () => files.copy(path, '/ada'),
        async () => files.copy(here, path),
        async () => files.remove(path),
        async () => files.removeAll(path, ['a']),
      ];
      for (const call of calls) await expect(call(), `${path} ${String(call)}`).rejects.toMatchObject({ code: 'argument' });
    }
  });

  test('errors name the argument as the caller knows it', async () => {
    const field = async (call: () => Promise<unknown>): Promise<unknown> => {
      try {
        await call();
      } catch (error) {
        return error instanceof PyrgosError ? error.data['field'] : error;
      }
      return undefined;
    };
    const bad = null as never;
    expect(await field(async () => files.stat(bad))).toBe('path');
    expect(await field(async () => files.stat(here, bad))).toBe('options');
    expect(await field(async () => files.move(here, bad))).toBe('directory');
    expect(await field(async () => files.copy('/ada/directory', '/ada/directory'))).toBe('directory');
    expect(await field(async () => files.move('/ada/directory', '/ada/directory'))).toBe('directory');
    expect(await field(async () => files.copy(here, here))).toBe('directory');
    expect(await field(async () => files.truncate(here, bad))).toBe('size');
    expect(await field(async () => files.append(here, bytes, { modified: new Date(Number.NaN) }))).toBe('options.modified');
    expect(await field(async () => files.setProperties(here, { created: bad }))).toBe('properties.created');
    expect(await field(async () => files.removeAll('/ada', ['x', 'a/b']))).toBe('names[1]');
    expect(await field(async () => files.append('/ada/directory', bytes))).toBe('path');
  });

  test('what is not there is NotFoundError also where a file is in the way', async () => {
    for (const call of [
      async () => files.append(nobody, bytes),
      async () => files.remove(`${here}/below`),
      async () => files.removeAll('/ada', ['nobody', 'nothing']),
      async () => files.removeAll(nobody, ['x']),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not-found.file' });
    }
    await files.removeAll('/ada', []);
  });
});
