import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { ChildEntry } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../test/file-world.js';
import { pathOfDamaged } from './file-entry.js';
import type { FileSystem } from './file-system.js';

/** What other programs may have put into a list. */
const ILLEGAL = ['../evil', 'x\u001b[2J/y', '', 'n'.repeat(300)];

/** `/ada/from` with two files, and a directory in it that also lists what cannot be. */
async function damagedWorld(): Promise<{ readonly world: FileWorld; readonly files: FileSystem }> {
  const world = await FileWorld.create();
  const from = await world.addDirectory(world.home, 'from');
  await world.addFile(from, 'a', content(10));
  const sub = await world.addDirectory(from, 'sub');
  await world.addFile(sub, 'b', content(20));
  const [model] = sub.chunks[0] ?? [];
  if (!(model?.cbor instanceof Map)) throw new Error('the world lists its files by maps');
  const broken = ILLEGAL.map((name) => ChildEntry.fromCbor(new Map([...(model.cbor as ReadonlyMap<string, never>), ['n', name as never]])));
  await world.list(sub, broken);
  return { world, files: world.device() };
}

describe('names that nothing can have', () => {
  test('a list says what they are, apart from names that count, and shows the others', async () => {
    const { files } = await damagedWorld();
    const damaged: (string | undefined)[] = [];
    const names: string[] = [];
    for await (const entry of files.list('/ada/from/sub')) {
      if (!entry.isDamaged) names.push(entry.name);
      else {
        expect(entry.name).toBeUndefined();
        expect(entry.error.code).toBe('format.cryptree');
        expect(entry.error.message).not.toContain('evil');
        damaged.push(pathOfDamaged(entry));
      }
    }
    expect(names).toEqual(['b']);
    expect(damaged).toEqual(['/ada/from/sub/../evil', '/ada/from/sub/x\u001b[2J/y', '/ada/from/sub/', `/ada/from/sub/${'n'.repeat(255)}`]);
  });

  test('a copy says which of them is in the way, or goes on without them and says so', async () => {
    const { files } = await damagedWorld();
    const refused = await files.copy('/ada/from', '/ada', { name: 'to' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PyrgosError);
    expect(refused).toMatchObject({ code: 'format.cryptree', data: { path: '/ada/from/sub/../evil' } });
    await expect(files.stat('/ada/to')).rejects.toThrow(NotFoundError);

    const leftOut: string[] = [];
    const copied = await files.copy('/ada/from', '/ada', { name: 'to', onDamaged: (damaged) => leftOut.push(pathOfDamaged(damaged)) });
    expect(copied.path).toBe('/ada/to');
    expect(leftOut).toHaveLength(ILLEGAL.length);
    expect(leftOut[0]).toBe('/ada/from/sub/../evil');
    expect(await files.read('/ada/to/sub/b')).toEqual(content(20));
    expect(await files.read('/ada/to/a')).toEqual(content(10));
  });

  test('what the listener throws comes out as it is, once the copy is there', async () => {
    const { files } = await damagedWorld();
    const mine = new Error('mine');
    const onDamaged = (): never => {
      throw mine;
    };
    await expect(files.copy('/ada/from', '/ada', { name: 'to', onDamaged })).rejects.toBe(mine);
    expect(await files.read('/ada/to/a')).toEqual(content(10));
    await expect(files.copy('/ada/from', '/ada', { onDamaged: 'x' as never })).rejects.toMatchObject({ code: 'argument' });
  });
});
