import { PyrgosError } from '@pyrgos/core/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../../test/file-world.js';
import type { FileSystem } from '../file-system.js';
import type { ByteSource } from './byte-source.js';

let files: FileSystem;
beforeEach(async () => {
  files = (await FileWorld.create()).device();
  await files.write('/ada/d/f', 'old', { parents: true });
});

/** A stream of `count` megabytes that tells whether it was cancelled. */
function watched(count = 20): { readonly stream: ReadableStream<Uint8Array>; readonly isCancelled: () => boolean } {
  let isCancelled = false;
  let left = count;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(1_000_000)) : controller.close()),
    cancel: () => {
      isCancelled = true;
    },
  });
  return { stream, isCancelled: () => isCancelled };
}

const calls: Readonly<Record<string, (source: ByteSource) => Promise<unknown>>> = {
  'write to a path that cannot be': async (source) => files.write('/ada/a\0b', source),
  'write where nothing is': async (source) => files.write('/ada/none/f', source),
  'write where something is': async (source) => files.write('/ada/d/f', source, { onExisting: 'error' }),
  'write of another version': async (source) => files.write('/ada/d/f', source, { ifVersion: 'x' }),
  'write with wrong options': async (source) => files.write('/ada/d/f', source, null as never),
  'a cancelled write': async (source) => files.write('/ada/d/f', source, { signal: AbortSignal.abort() }),
  'append where nothing is': async (source) => files.append('/ada/d/none', source),
  'append to what has another size': async (source) => files.append('/ada/d/f', source, { expectedSize: 1 }),
  'writeAt behind the end': async (source) => files.writeAt('/ada/d/f', 100, source),
  'writeAt before the start': async (source) => files.writeAt('/ada/d/f', -1, source),
};

describe('a stream that a failed call was given is let go', () => {
  test.each(Object.entries(calls))('%s', async (_, call) => {
    const { stream, isCancelled } = watched();
    await expect(call(stream)).rejects.toThrow();
    expect(isCancelled()).toBe(true);
    expect(stream.locked).toBe(false);
    let isEnded = false;
    const generator = (async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 20; i++) yield new Uint8Array(1_000_000);
      isEnded = true;
    })();
    await expect(call(generator)).rejects.toThrow();
    expect(await generator.next()).toEqual({ done: true, value: undefined });
    expect(isEnded).toBe(false);
    // A stream of Node looks like this.
    let isDestroyed = false;
    const node = {
      pipe: () => undefined,
      destroy: () => void (isDestroyed = true),
      [Symbol.asyncIterator]: () => watched().stream.values(),
    };
    await expect(call(node)).rejects.toThrow();
    expect(isDestroyed).toBe(true);
  });

  test('one whose file is passed over, too', async () => {
    const { stream, isCancelled } = watched();
    expect((await files.write('/ada/d/f', stream, { onExisting: 'skip' })).outcome).toBe('skipped');
    expect(isCancelled()).toBe(true);
    const other = watched();
    const outcomes: string[] = [];
    const bad = { path: ['a\0b'], source: other.stream };
    for await (const { outcome } of files.writeTree('/ada/d', [bad], { onError: () => 'skip' })) outcomes.push(outcome);
    expect(outcomes).toEqual(['failed']);
    expect(other.isCancelled()).toBe(true);
  });

  test('one that was read to its end is not', async () => {
    const { stream, isCancelled } = watched(3);
    await files.write('/ada/d/f', stream);
    expect((await files.stat('/ada/d/f')).size).toBe(3_000_000);
    expect(isCancelled()).toBe(false);
  });
});

describe('a stream that somebody else reads', () => {
  test.each(['write', 'append'] as const)('is a wrong argument of %s, and left alone', async (call) => {
    const { stream, isCancelled } = watched();
    const reader = stream.getReader();
    await expect(files[call]('/ada/d/f', stream)).rejects.toMatchObject({ code: 'argument', data: { field: 'source' } });
    await expect(files.writeAt('/ada/d/f', 0, stream)).rejects.toMatchObject({ code: 'argument' });
    expect(isCancelled()).toBe(false);
    expect((await reader.read()).value?.length).toBe(1_000_000);
    expect(new TextDecoder().decode(await files.read('/ada/d/f'))).toBe('old');
  });

  test('is that of its file in a tree', async () => {
    const { stream } = watched();
    stream.getReader();
    const codes: string[] = [];
    const entries = [
      { path: ['locked'], source: stream },
      { path: ['fine'], source: 'x' },
    ];
    for await (const { file, outcome, error } of files.writeTree('/ada/d', entries, { onError: () => 'skip' })) {
      codes.push(`${file.path.join('/')} ${outcome} ${error instanceof PyrgosError ? error.code : ''}`);
    }
    expect(codes.sort()).toEqual(['fine created ', 'locked failed argument']);
  });
});
