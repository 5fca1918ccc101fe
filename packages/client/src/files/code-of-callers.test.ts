import { equalBytes } from '@pyrgos/core/bytes';
import { seededRandom } from '@pyrgos/testkit/random';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { SizedSource } from './content/index.js';
import type { FileSystem } from './file-system.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let world: FileWorld;
let files: FileSystem;

/** Every nested change gets a name of its own: sources are read more than once. */
let count = 0;

beforeEach(async () => {
  world = await FileWorld.create();
  files = world.device();
  await files.makeDirectory('/ada/d');
  count = 0;
});

const text = async (path: string): Promise<string> => new TextDecoder().decode(await files.read(path));

/** The pieces, and a change of the same session before each of them. */
async function* pieces(content: Uint8Array, change: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
  const size = Math.max(1, Math.ceil(content.length / 3));
  for (let start = 0; start < content.length; start += size) {
    await change();
    yield content.subarray(start, start + size);
  }
}

const sized = (content: Uint8Array, change: () => Promise<unknown>): SizedSource => ({
  size: content.length,
  open: (offset) => pieces(content.subarray(offset), change),
});

const large = seededRandom(5).randomBytes(11_000_000);

describe('a source that changes files of the same session', () => {
  const sibling = async (): Promise<unknown> => files.write(`/ada/d/log${count++}`, bytes('read'));
  const sources = {
    'a small stream': () => [bytes('small'), pieces(bytes('small'), sibling)] as const,
    'a small sized source': () => [bytes('small'), sized(bytes('small'), sibling)] as const,
    'a large stream': () => [large, pieces(large, sibling)] as const,
    'a large sized source': () => [large, sized(large, sibling)] as const,
  };

  test.each(Object.entries(sources))('%s: is written', async (_, make) => {
    const [content, source] = make();
    expect((await files.write('/ada/d/f', source)).outcome).toBe('created');
    expect(equalBytes(await files.read('/ada/d/f'), content)).toBe(true);
    expect(count).toBeGreaterThanOrEqual(3);
    for (let i = 0; i < count; i++) expect(await text(`/ada/d/log${i}`)).toBe('read');
  });

  test.each(Object.entries(sources))('%s: replaces a file', async (_, make) => {
    await files.write('/ada/d/f', bytes('old'));
    const [content, source] = make();
    expect((await files.write('/ada/d/f', source)).outcome).toBe('replaced');
    expect(equalBytes(await files.read('/ada/d/f'), content)).toBe(true);
  });

  test.each(Object.entries(sources))('%s: is written over a part, and appended', async (_, make) => {
    await files.write('/ada/d/f', bytes('old'));
    const [content, source] = make();
    await files.append('/ada/d/f', source);
    expect((await files.stat('/ada/d/f')).size).toBe(3 + content.length);
    await files.writeAt('/ada/d/f', 0, make()[1]);
    expect(equalBytes(await files.read('/ada/d/f', { end: content.length }), content)).toBe(true);
  });

  test.each(Object.entries(sources))('%s: is written in a tree', async (_, make) => {
    const [content, source] = make();
    const outcomes: string[] = [];
    const entries = ['f', 'g'].map((name) => ({ path: [name], source: name === 'f' ? source : make()[1] }));
    for await (const { outcome: what } of files.writeTree('/ada/d', entries)) outcomes.push(what);
    expect(outcomes).toEqual(['created', 'created']);
    expect(equalBytes(await files.read('/ada/d/f'), content)).toBe(true);
    expect(equalBytes(await files.read('/ada/d/g'), content)).toBe(true);
  });

  test('makes the very file: the later one wins', async () => {
    const source = sized(bytes('later'), async () => files.write('/ada/d/f', bytes('earlier')));
    await files.write('/ada/d/f', source);
    expect(await text('/ada/d/f')).toBe('later');
  });

  test('changes the very file each time: a conflict, and no waiting for ever', async () => {
    await files.write('/ada/d/f', bytes('old'));
    const source = sized(bytes('more'), async () => files.append('/ada/d/f', bytes('.')));
    expect(await outcome(files.append('/ada/d/f', source))).toMatch(/^conflict\./u);
    expect((await text('/ada/d/f')).replaceAll('.', '')).toBe('old');
  });

  test('removes the directory: it is not there any more', async () => {
    const source = sized(large, async () => ((await files.find('/ada/d')) === undefined ? undefined : files.remove('/ada/d')));
    expect(await outcome(files.write('/ada/d/f', source))).toBe('not-found.file');
  });

  test('copies a file of the session', async () => {
    await files.write('/ada/d/f', large);
    await files.write('/ada/d/g', await files.stream('/ada/d/f'));
    expect(equalBytes(await files.read('/ada/d/g'), large)).toBe(true);
  });

  test('two long uploads at a time take turns', async () => {
    const other = seededRandom(6).randomBytes(11_000_000);
    const nothing = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([files.write('/ada/d/f', sized(large, nothing)), files.write('/ada/d/g', pieces(other, nothing))]);
    expect(equalBytes(await files.read('/ada/d/f'), large)).toBe(true);
    expect(equalBytes(await files.read('/ada/d/g'), other)).toBe(true);
  });

  test('that hangs is given up when the write is cancelled; others get their turn meanwhile', async () => {
    const cancel = new AbortController();
    const hanging = sized(large, async () => new Promise(() => undefined));
    const written = outcome(files.write('/ada/d/f', hanging, { signal: cancel.signal }));
    await files.write('/ada/d/g', bytes('x'));
    cancel.abort();
    expect(await written).toBe('aborted');
    await files.write('/ada/d/h', bytes('x'));
  });
});

describe('onExisting that changes files of the same session', () => {
  const rename = async (): Promise<'replace'> => {
    count++;
    await files.rename('/ada/d/f', `f.${count}`);
    return 'replace';
  };

  test.each([
    ['bytes', () => bytes('new')],
    ['a small stream', () => new Blob(['new']).stream()],
    ['a large stream', () => new Blob([large as Uint8Array<ArrayBuffer>]).stream()],
  ])('%s: the old file has another name, the new one its own', async (_, source) => {
    await files.write('/ada/d/f', bytes('old'));
    const { outcome: what } = await files.write('/ada/d/f', source(), { onExisting: rename });
    expect(what).toBe('created');
    expect(await text('/ada/d/f.1')).toBe('old');
    expect((await files.stat('/ada/d/f')).size).toBeGreaterThanOrEqual(3);
    expect(count).toBe(1);
  });

  test('in a tree, too', async () => {
    await files.write('/ada/d/f', bytes('old'));
    const entries = [
      { path: ['f'], source: bytes('new') },
      { path: ['g'], source: bytes('new') },
    ];
    const outcomes: string[] = [];
    for await (const { outcome: what } of files.writeTree('/ada/d', entries, { onExisting: rename })) outcomes.push(what);
    expect(outcomes).toEqual(['created', 'created']);
    expect([await text('/ada/d/f'), await text('/ada/d/f.1'), await text('/ada/d/g')]).toEqual(['new', 'old', 'new']);
  });

  test('is asked once about each version, also when something else is changed', async () => {
    await files.write('/ada/d/f', bytes('old'));
    const asked: number[] = [];
    const onExisting = async (): Promise<'replace'> => {
      asked.push(await files.write(`/ada/d/log${count++}`, bytes('asked')).then(({ entry }) => entry.size));
      return 'replace';
    };
    expect((await files.write('/ada/d/f', bytes('new'), { onExisting })).outcome).toBe('replaced');
    for await (const { outcome: what } of files.writeTree('/ada/d', [{ path: ['f'], source: bytes('newer') }], { onExisting })) {
      expect(what).toBe('replaced');
    }
    expect(asked).toEqual([5, 5]);
    expect(await text('/ada/d/f')).toBe('newer');
  });
});

describe('other callbacks', () => {
  test('onError and onProgress may start changes', async () => {
    const started: Promise<unknown>[] = [];
    const start = (): void => void started.push(files.write(`/ada/d/log${count++}`, bytes('x')));
    const failing = sized(bytes('x'), async () => {
      throw new Error('theirs');
    });
    const entries = [
      { path: ['a'], source: failing },
      { path: ['b'], source: bytes('b') },
    ];
    const onError = (): 'skip' => {
      start();
      return 'skip';
    };
    const outcomes: string[] = [];
    for await (const { outcome: what } of files.writeTree('/ada/d', entries, { onError, onProgress: start })) outcomes.push(what);
    expect(outcomes.sort()).toEqual(['created', 'failed']);
    await files.write('/ada/d/c', large, { onProgress: start });
    await files.copy('/ada/d/c', '/ada', { onProgress: start });
    await files.remove('/ada/c', { onProgress: start });
    await Promise.all(started);
    expect(started.length).toBeGreaterThan(4);
  });

  test('the entries of a tree may be found out with changes', async () => {
    async function* entries(): AsyncGenerator<{ path: readonly string[]; source: Uint8Array }> {
      for (const name of ['a', 'b']) {
        await files.write(`/ada/d/log${count++}`, bytes('x'));
        yield { path: [name], source: bytes(name) };
      }
    }
    for await (const { file } of files.writeTree('/ada/d', entries()))
      await files.rename(`/ada/d/${file.path.join('/')}`, `${file.path[0] ?? ''}2`);
    expect(await text('/ada/d/b2')).toBe('b');
  });
});
