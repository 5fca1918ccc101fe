import { RelativeCapability, withParentLink } from '@pyrgos/core/model';
import { MAX_PARENT_LINKS, MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { describe, expect, test } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { content, FileWorld, type MadeDirectory, newDirectory, type NodePut, parentLinkTo } from '../../../test/file-world.js';
import { findChild, findEntry, findPath, pathOf, resolvePath, splitPath } from './find-path.js';
import { openItem } from './open-item.js';

/** `/ada/docs/letters/a.txt` and `/ada/b.txt`. */
async function smallTree(): Promise<{ readonly world: FileWorld; readonly letters: MadeDirectory }> {
  const world = await FileWorld.create();
  const docs = await world.addDirectory(world.home, 'docs');
  const letters = await world.addDirectory(docs, 'letters');
  await world.addFile(letters, 'a.txt', content(3));
  await world.addFile(world.home, 'b.txt', content(4));
  return { world, letters };
}

describe('paths', () => {
  test('are names between slashes; a name may contain a backslash', () => {
    expect(splitPath('/a/b')).toEqual(['a', 'b']);
    expect(splitPath('a//c/')).toEqual(['a', 'c']);
    expect(splitPath('/a\\b/c')).toEqual(['a\\b', 'c']);
    expect(splitPath('/')).toEqual([]);
    expect(splitPath('')).toEqual([]);
    expect(splitPath('x'.repeat(MAX_PATH_LENGTH))).toHaveLength(1);
    expect(() => splitPath('x'.repeat(MAX_PATH_LENGTH + 1))).toThrow(expect.objectContaining({ code: 'limit' }));
    expect(() => splitPath(7 as unknown as string)).toThrow(expect.objectContaining({ code: 'argument' }));
    expect(splitPath('/.../.a/..b')).toEqual(['...', '.a', '..b']);
    for (const path of ['.', '/..', '/a/./b', 'a/../b', '/a/b/..', '/a/b/./']) {
      const refused = expect.objectContaining({ code: 'argument', data: { field: 'place' } });
      expect(() => splitPath(path, 'place'), path).toThrow(refused);
    }
  });

  test('lead to items below a root', async () => {
    const { world } = await smallTree();
    const view = world.view();
    const home = await world.openHome(view);
    expect((await resolvePath(view, home, '/docs/letters/a.txt')).properties.size).toBe(3);
    expect((await resolvePath(view, home, 'docs')).isDirectory).toBe(true);
    expect(await findPath(view, home, '')).toBe(home);
    for (const path of ['docs/none', 'none/letters', 'b.txt/below', 'DOCS', '...']) {
      expect(await findPath(view, home, path), path).toBeUndefined();
      expect(await outcome(resolvePath(view, home, path)), path).toBe('not-found.file');
    }
  });

  test('of items are found upwards, from whatever capability they were opened', async () => {
    const { world, letters } = await smallTree();
    const view = world.view();
    const item = await resolvePath(view, await world.openHome(view), 'docs/letters/a.txt');
    expect(await pathOf(view, item)).toBe('/ada/docs/letters/a.txt');
    expect(await pathOf(view, await openItem(view, letters.capability.toReadOnly()))).toBe('/ada/docs/letters');
    expect(await pathOf(view, await world.openHome(view))).toBe('/ada');
  });
});

describe('finding a child', () => {
  test('compares names exactly', async () => {
    const world = await FileWorld.create();
    const names = ['toString', '__proto__', 'constructor', 'A', 'a', '\u00e4', 'a\u0308', ' a', '\u{1F600}'];
    await world.addFiles(
      world.home,
      names.map((name, i) => ({ name, content: content(i) })),
    );
    const view = world.view();
    const home = await world.openHome(view);
    for (const [size, name] of names.entries()) expect((await findChild(view, home, name))?.properties.size, name).toBe(size);
    for (const name of ['hasOwnProperty', 'a ', '', 'B']) expect(await findChild(view, home, name), name).toBeUndefined();
  });

  test('reads chunk by chunk, and no further than needed', async () => {
    const world = await FileWorld.create();
    world.entriesPerChunk = 10;
    await world.addFiles(
      world.home,
      Array.from({ length: 50 }, (_, i) => ({ name: String(i), content: content(1) })),
    );
    const view = world.view();
    const home = await world.openHome(view);
    world.requests();
    expect((await findChild(view, home, '5'))?.name).toBe('5');
    const near = world.requests().length;
    expect((await findChild(view, home, '45'))?.name).toBe('45');
    expect(world.requests().length).toBeGreaterThan(near);
    expect(await outcome(findChild(view, home, 7 as unknown as string))).toBe('argument');
  });

  test('does not say "absent" when a chunk that might list it is damaged', async () => {
    const world = await FileWorld.create();
    world.entriesPerChunk = 2;
    await world.addFiles(
      world.home,
      Array.from({ length: 5 }, (_, i) => ({ name: String(i), content: content(1) })),
    );
    const other = world.sealFile(world.home, 'x', content(4)).chunks[0]!;
    await world.put(world.signer, [{ ...other, location: world.home.locations[1]!, node: other.node.with({ batIds: [] }) }]);
    const view = world.view();
    const home = await world.openHome(view);
    expect((await findChild(view, home, '1'))?.name).toBe('1');
    for (const name of ['2', 'other']) expect(await outcome(findEntry(view, home, name)), name).toBe('crypto.authentication');
  });

  test('the entry of a deleted child is dangling for one who looks for the entry, an error for one who wants the child', async () => {
    const world = await FileWorld.create();
    const file = await world.addFile(world.home, 'gone', content(1));
    await world.remove(world.signer, [file.capability.location]);
    const view = world.view();
    const home = await world.openHome(view);
    expect(await findEntry(view, home, 'gone')).toMatchObject({ isDangling: true, name: 'gone' });
    expect(await outcome(findChild(view, home, 'gone'))).toBe('not-found.file');
    expect(await outcome(findPath(view, home, 'gone'))).toBe('not-found.file');
  });
});

describe('parent links of peers', () => {
  test('that lead back are damaged', async () => {
    const { world, letters } = await smallTree();
    const view = world.view();
    const item = await openItem(view, letters.capability);
    // Its parent is itself.
    const self = RelativeCapability.toParent(letters.capability, letters.parentKey, letters.signer.publicKeyHash);
    const node = withParentLink(world.crypto, item.node, item.opened, self);
    await world.put(world.signer, [{ location: letters.capability.location, node, fragments: [] }]);
    const next = world.view();
    expect(await outcome(pathOf(next, await openItem(next, letters.capability)))).toBe('format.cryptree');
  });

  test('that lead nowhere are not found', async () => {
    const { world, letters } = await smallTree();
    const orphan = await world.addFile(letters, 'orphan', content(1));
    await world.remove(world.signer, [letters.capability.location]);
    const next = world.view();
    expect(await outcome(pathOf(next, await openItem(next, orphan.capability)))).toBe('not-found.file');
  });

  /** A chain of directories below the home directory, deepest last. */
  async function chain(world: FileWorld, count: number, name: string, isLink: boolean): Promise<MadeDirectory[]> {
    const puts: NodePut[] = [];
    const made: MadeDirectory[] = [];
    for (let i = 0; i < count; i++) {
      const parentLink = parentLinkTo(made.at(-1) ?? world.home, world.signer);
      const directory = newDirectory(world.crypto, name, world.owner, world.signer, parentLink, { properties: { isLink } });
      made.push(directory);
      puts.push(world.sealDirectory(directory, 0));
    }
    await world.put(world.signer, puts);
    return made;
  }

  test('are followed up to a limit', async () => {
    const world = await FileWorld.create();
    // Link nodes add no name to the path, so that nothing but the number of links is too large.
    const links = await chain(world, MAX_PARENT_LINKS, 'link', true);
    const { file, chunks } = world.sealFile(links.at(-2)!, 'a', content(1));
    const tooDeep = world.sealFile(links.at(-1)!, 'b', content(1));
    await world.put(world.signer, [...chunks, ...tooDeep.chunks]);
    const view = world.view();
    expect(await pathOf(view, await openItem(view, file.capability))).toBe('/ada/link');
    expect(await outcome(pathOf(view, await openItem(view, tooDeep.file.capability)))).toBe('limit');
  }, 120_000);

  test('make paths up to a length', async () => {
    const world = await FileWorld.create();
    const made = await chain(world, 16, 'n'.repeat(255), false);
    const view = world.view();
    expect(await pathOf(view, await openItem(view, made[14]!.capability))).toHaveLength('/ada'.length + 15 * 256);
    expect(await outcome(pathOf(view, await openItem(view, made[15]!.capability)))).toBe('limit');
  });
});
