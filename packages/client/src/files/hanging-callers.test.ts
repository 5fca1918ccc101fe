import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { TreeEntry, WriteTreeOptions } from './file-system-options.js';
import type { FileSystem } from './file-system.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let files: FileSystem;
let cancel: AbortController;

beforeEach(async () => {
  const world = await FileWorld.create();
  files = world.device();
  await files.write('/ada/d/f', bytes('old'), { parents: true });
  cancel = new AbortController();
});

/** Code of a caller that cancels the call it belongs to, and never answers. */
const hang = async (): Promise<never> => {
  cancel.abort();
  return new Promise<never>(() => undefined);
};

async function writeTree(entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>, options: WriteTreeOptions = {}): Promise<void> {
  for await (const _ of files.writeTree('/ada/d', entries, { ...options, signal: cancel.signal }));
}

describe('code of callers that hangs is given up when the call is cancelled', () => {
  test('onExisting of a write; then the next one has its turn', async () => {
    expect(await outcome(files.write('/ada/d/f', bytes('new'), { signal: cancel.signal, onExisting: hang }))).toBe('aborted');
    expect((await files.write('/ada/d/f', bytes('newer'))).outcome).toBe('replaced');
  });

  test.each([
    ['a small file', bytes('new')],
    ['a large one', new Uint8Array(6_000_000)],
  ])('onExisting of a tree, for %s', async (_, source) => {
    expect(await outcome(writeTree([{ path: ['f'], source }], { onExisting: hang }))).toBe('aborted');
  });

  test('the entries of a tree', async () => {
    const entries = async function* (): AsyncGenerator<TreeEntry> {
      yield { path: ['g'], source: bytes('g') };
      await hang();
    };
    expect(await outcome(writeTree(entries()))).toBe('aborted');
  });

  test('an iterator of entries is told to end, and not waited for', async () => {
    const calls: string[] = [];
    const entries: AsyncIterable<TreeEntry> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          calls.push('next');
          return hang();
        },
        return: async () => {
          calls.push('return');
          return hang();
        },
      }),
    };
    expect(await outcome(writeTree(entries))).toBe('aborted');
    expect(calls).toEqual(['next', 'return']);
  });

  test('a source of a tree', async () => {
    const source = {
      size: 3,
      open: async function* (): AsyncGenerator<Uint8Array> {
        yield await hang();
      },
    };
    expect(await outcome(writeTree([{ path: ['g'], source }]))).toBe('aborted');
  });
});

test('an iterator of entries is told to end when one of them is refused', async () => {
  let isClosed = false;
  const entries = async function* (): AsyncGenerator<TreeEntry> {
    try {
      yield { path: ['a/b'], source: bytes('g') };
    } finally {
      isClosed = true;
    }
  };
  expect(await outcome(writeTree(entries()))).toBe('argument');
  expect(isClosed).toBe(true);
});
