import { seededRandom } from '@pyrgos/testkit/random';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from './file-system.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const path = '/ada/d/f';
let world: FileWorld;
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  [here, there] = [world.device(), world.device()];
  await here.write(path, bytes('first'), { parents: true });
});

const contentOf = async (files: FileSystem, at = path): Promise<string> => {
  files.refresh();
  return new TextDecoder().decode(await files.read(at));
};

describe('the version of a file', () => {
  test('is another one after every change of content, properties, name or place, and no other', async () => {
    const seen = new Set<string>();
    const note = ({ version }: { readonly version: string }): void => {
      expect(seen.has(version)).toBe(false);
      seen.add(version);
    };
    note(await here.stat(path));
    note((await here.write(path, bytes('second'))).entry);
    note((await here.write(path, bytes('first'))).entry);
    note(await here.append(path, bytes('!')));
    note(await here.writeAt(path, 0, bytes('F')));
    note(await here.truncate(path, 2));
    note(await here.setProperties(path, { isHidden: true }));
    note(await here.setProperties(path, { modified: new Date(1000) }));
    note(await here.rename(path, 'g'));
    note(await here.move('/ada/d/g', '/ada'));
    const now = await here.stat('/ada/g');
    expect(seen.has(now.version)).toBe(true);
    expect((await here.write('/ada/g', bytes('Fi'))).entry.version).toBe(now.version);
    expect((await here.truncate('/ada/g', 2)).version).toBe(now.version);
    await here.write('/ada/another', bytes('x'));
    expect((await here.stat('/ada/g')).version).toBe(now.version);
    expect((await there.stat('/ada/g')).version).toBe(now.version);
    await here.remove('/ada/g');
    note((await here.write('/ada/g', bytes('Fi'))).entry);
  });

  test('tells changes of a large file, wherever they are', async () => {
    const large = seededRandom(1).randomBytes(11_000_000);
    const versions = [(await here.write(path, large)).entry.version];
    for (const start of [0, 6_000_000, 10_999_990]) versions.push((await here.writeAt(path, start, bytes('changed'))).version);
    versions.push((await here.truncate(path, 10_999_000)).version);
    expect(new Set(versions).size).toBe(5);
  });
});

describe('a change with the version that somebody has seen', () => {
  const changes: Readonly<Record<string, (files: FileSystem, ifVersion: string) => Promise<unknown>>> = {
    write: async (files, ifVersion) => files.write(path, bytes('mine'), { ifVersion }),
    'write of what it has': async (files, ifVersion) => files.write(path, bytes('theirs'), { ifVersion }),
    'write of a stream': async (files, ifVersion) => files.write(path, new Blob(['mine']).stream(), { ifVersion }),
    'write with parents': async (files, ifVersion) => files.write(path, bytes('mine'), { ifVersion, parents: true }),
    'write of much': async (files, ifVersion) => files.write(path, new Uint8Array(11_000_000), { ifVersion }),
    writeAt: async (files, ifVersion) => files.writeAt(path, 1, bytes('mine'), { ifVersion }),
    append: async (files, ifVersion) => files.append(path, bytes('mine'), { ifVersion }),
    'append of nothing': async (files, ifVersion) => files.append(path, bytes(''), { ifVersion }),
    truncate: async (files, ifVersion) => files.truncate(path, 1, { ifVersion }),
    setProperties: async (files, ifVersion) => files.setProperties(path, { isHidden: true }, { ifVersion }),
    remove: async (files, ifVersion) => files.remove(path, { ifVersion }),
  };

  test.each(Object.entries(changes))('%s: is made as long as it has that version', async (_, change) => {
    await change(here, (await here.stat(path)).version);
  });

  test.each(Object.entries(changes))('%s: is refused when another device has changed it, even a moment ago', async (_, change) => {
    const { version } = await here.stat(path);
    await there.write(path, bytes('theirs'));
    const { version: current } = await there.stat(path);
    await expect(change(here, version)).rejects.toMatchObject({ code: 'conflict.changed', data: { isMissing: false, version: current } });
    expect(await contentOf(here)).toBe('theirs');
    expect((await here.stat(path)).version).toBe(current);
    await change(here, current);
  });

  test.each(Object.entries(changes))('%s: is refused when the file is gone', async (_, change) => {
    const { version } = await here.stat(path);
    await there.remove(path);
    await expect(change(here, version)).rejects.toMatchObject({ code: 'conflict.changed', data: { isMissing: true } });
    here.refresh();
    expect(await here.find(path)).toBeUndefined();
    await there.remove('/ada/d');
    await expect(change(here, version)).rejects.toMatchObject({ code: 'conflict.changed', data: { isMissing: true } });
    here.refresh();
    expect(await here.find('/ada/d')).toBeUndefined();
  });

  test('is refused when only a property was changed', async () => {
    const { version } = await here.stat(path);
    await there.setProperties(path, { isHidden: true });
    expect(await outcome(here.write(path, bytes('mine'), { ifVersion: version }))).toBe('conflict.changed');
  });

  test('of many devices at a time one is made', async () => {
    const { version } = await here.stat(path);
    const devices = Array.from({ length: 5 }, () => world.device());
    const written = devices.map(async (files, i) => outcome(files.write(path, bytes(`${i}`), { ifVersion: version })));
    const appended = devices.map(async (files, i) => outcome(files.append(path, bytes(`${i}`), { ifVersion: version })));
    const outcomes = await Promise.all([...written, ...appended]);
    expect(outcomes.filter((code) => code === 'conflict.changed')).toHaveLength(9);
    expect(outcomes.filter((code) => code !== 'conflict.changed')).toHaveLength(1);
  });

  test('needs a text, a file, and something to replace', async () => {
    const { version } = await here.stat(path);
    const wrong = { ifVersion: 5 as unknown as string };
    expect(await outcome(here.write(path, bytes('x'), wrong))).toBe('argument');
    expect(await outcome(here.truncate(path, 0, wrong))).toBe('argument');
    expect(await outcome(here.remove(path, wrong))).toBe('argument');
    expect(await outcome(here.write(path, bytes('x'), { ifVersion: version, onExisting: 'skip' }))).toBe('argument');
    const directory = await here.stat('/ada/d');
    expect(await outcome(here.remove('/ada/d', { ifVersion: directory.version }))).toBe('argument');
    await here.setProperties('/ada/d', { isHidden: true }, { ifVersion: directory.version });
    expect(await outcome(here.setProperties('/ada/d', { isHidden: true }, { ifVersion: directory.version }))).toBe('conflict.changed');
  });

  test('for what must not be there yet there is onExisting', async () => {
    expect(await outcome(here.write(path, bytes('x'), { onExisting: 'error' }))).toBe('conflict.exists');
    const devices = Array.from({ length: 4 }, () => world.device());
    const outcomes = await Promise.all(devices.map(async (files) => outcome(files.write('/ada/new', bytes('x'), { onExisting: 'error' }))));
    expect(outcomes.filter((code) => code === 'conflict.exists')).toHaveLength(3);
  });
});
