import { AbortedError, ConflictError, FormatError, NotFoundError } from '@pyrgos/core/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';
import type { ExistingAnswer, TreeEntry, WriteTreeOptions } from './file-system-options.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let files: FileSystem;

beforeEach(async () => {
  const world = await FileWorld.create();
  files = world.device();
  await files.write('/ada/d/f', bytes('old'), { parents: true });
});

/** What a damaged, missing or busy file of another file system gives, for instance. */
const errors: Readonly<Record<string, Error>> = {
  format: new FormatError('format.cryptree', 'x', 'y'),
  missing: new NotFoundError('not-found.file', 'no'),
  conflict: new ConflictError('conflict.pointer', 'no'),
  aborted: new AbortedError('the other read'),
  plain: new Error('no'),
};

async function* failing(error: unknown): AsyncGenerator<Uint8Array> {
  yield bytes('x');
  throw error;
}

async function writeTree(entries: readonly TreeEntry[], options: WriteTreeOptions): Promise<string[]> {
  const outcomes: string[] = [];
  for await (const { file, outcome: what } of files.writeTree('/ada/d', entries, options)) outcomes.push(`${file.path.join('/')} ${what}`);
  return outcomes.sort();
}

test('... also something that lets nobody look at it', async () => {
  const refuse = (): never => {
    throw new Error('must not be looked at');
  };
  const odd: unknown = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
  const source = {
    size: 5,
    open: (): never => {
      throw odd;
    },
  };
  const calls = [
    async () => files.write('/ada/d/x', source),
    async () => files.append('/ada/d/f', source),
    async () => writeTree([{ path: ['x'], source }], {}),
    async () =>
      writeTree([{ path: ['x'], source }], {
        onError: (_, error) => {
          throw error;
        },
      }),
  ];
  for (const call of calls) {
    let thrown: unknown;
    await call().catch((error: unknown) => {
      thrown = error;
    });
    expect(thrown === odd).toBe(true);
  }
  expect(await writeTree([{ path: ['x'], source }], { onError: () => 'skip' })).toEqual(['x failed']);
});

describe.each(Object.entries(errors))('what code of callers throws comes out as it is, at once: %s', (_, error) => {
  const thrown = async (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'resolved',
      (reason: unknown) => reason,
    );

  // First: what a source has thrown is known from then on.
  test.each(['append', 'write', 'copy', 'remove'] as const)('onProgress of %s is told once', async (call) => {
    let told = 0;
    const options = {
      onProgress: (): never => {
        told++;
        throw error;
      },
    };
    const calls = {
      append: async () => files.append('/ada/d/f', bytes('new'), options),
      write: async () => files.write('/ada/d/g', new Uint8Array(6_000_000), options),
      copy: async () => files.copy('/ada/d', '/ada', { ...options, name: 'e' }),
      remove: async () => files.remove('/ada/d', options),
    };
    expect(await thrown(calls[call]())).toBe(error);
    expect(told).toBe(1);
    expect([(await files.stat('/ada/d/f')).size, await files.find('/ada/d/g'), await files.find('/ada/e')]).toEqual([
      3,
      undefined,
      undefined,
    ]);
  });

  test.each([5, 6_000_000])('onProgress of a tree ends it, whatever onError says (%i bytes)', async (size) => {
    const onProgress = (): never => {
      throw error;
    };
    const onError = (): 'skip' => {
      throw new Error('it is no fault of a file');
    };
    expect(await thrown(writeTree([{ path: ['g'], source: new Uint8Array(size) }], { onProgress, onError }))).toBe(error);
  });

  test.each(['append', 'write', 'writeAt'] as const)('a sized source of %s is opened once', async (call) => {
    let opened = 0;
    const source = {
      size: 3,
      open: () => {
        opened++;
        return failing(error);
      },
    };
    const run = call === 'writeAt' ? files.writeAt('/ada/d/f', 1, source) : files[call]('/ada/d/f', source);
    expect(await thrown(run)).toBe(error);
    expect(opened).toBe(1);
  });

  test('a source that cannot even be opened', async () => {
    const open = (): never => {
      throw error;
    };
    expect(await thrown(files.append('/ada/d/f', { size: 3, open }))).toBe(error);
  });

  test('onExisting is asked once', async () => {
    let asked = 0;
    const onExisting = (): never => {
      asked++;
      throw error;
    };
    expect(await thrown(files.write('/ada/d/f', bytes('new'), { onExisting }))).toBe(error);
    expect(await thrown(writeTree([{ path: ['f'], source: bytes('new') }], { onExisting }))).toBe(error);
    expect(asked).toBe(2);
  });

  test('a change that is made only on one version', async () => {
    const ifVersion = (await files.stat('/ada/d/f')).version;
    expect(await thrown(files.append('/ada/d/f', { size: 3, open: () => failing(error) }, { ifVersion }))).toBe(error);
  });

  test('a tree goes on after it, when onError says so', async () => {
    const entries = [
      { path: ['stream'], source: failing(error) },
      { path: ['sized'], source: { size: 3, open: () => failing(error) } },
      { path: ['good'], source: bytes('good') },
    ];
    expect(await writeTree(entries, { onError: () => 'skip' })).toEqual(['good created', 'sized failed', 'stream failed']);
    expect(await thrown(writeTree([{ path: ['stream'], source: failing(error) }], {}))).toBe(error);
  });

  test('what onError itself throws ends the tree', async () => {
    let asked = 0;
    const onError = (): never => {
      asked++;
      throw error;
    };
    expect(await thrown(writeTree([{ path: ['sized'], source: { size: 3, open: () => failing(new Error('first')) } }], { onError }))).toBe(
      error,
    );
    expect(asked).toBe(1);
  });
});

test('a cancelled tree ends whatever onError says', async () => {
  const cancel = new AbortController();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    cancel.abort();
    yield bytes('x');
    throw new Error('no');
  };
  const entries = [{ path: ['g'], source: source() }];
  expect(await outcome(writeTree(entries, { onError: () => 'skip', signal: cancel.signal }))).toBe('aborted');
});

test.each([
  ['small', (text: string): Uint8Array => bytes(text)],
  ['large', (text: string): Uint8Array => new Uint8Array(6_000_000).fill(text.length)],
])('a %s file that changes while a tree is asked about it is asked about again: that is no fault of the file', async (_, contentOf) => {
  await files.write('/ada/d/f', contentOf('1'));
  const asked: number[] = [];
  const written = await writeTree([{ path: ['f'], source: contentOf('333') }], {
    onError: () => {
      throw new Error('it is no fault of the file');
    },
    onExisting: async (_file, { size }): Promise<ExistingAnswer> => {
      asked.push(size);
      if (asked.length === 1) await files.write('/ada/d/f', bytes('22'));
      return 'replace';
    },
  });
  expect([written, asked.length, asked[1]]).toEqual([['f replaced'], 2, 2]);
  expect(await files.read('/ada/d/f', { end: 3 })).toEqual(contentOf('333').slice(0, 3));
});
