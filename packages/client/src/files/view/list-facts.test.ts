import { describe, expect, test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { MemoryBlockCache } from './block-cache.js';
import { resolvePath } from './find-path.js';
import type { DanglingEntry, Item } from './item.js';
import { ItemFacts, versionOf } from './item-facts.js';
import { listChildren } from './list-children.js';
import { listFacts } from './list-facts.js';
import { ListingCache } from './listing-cache.js';
import { NodeCache } from './node-cache.js';
import { openItem } from './open-item.js';
import type { Sessions } from './sessions.js';

/** Content that is in the node of its file: a block of some 4.5 KB. */
const SMALL_FILE = 4000;
const FILES = 200;

async function all<T>(sequence: AsyncIterable<T>): Promise<T[]> {
  const elements: T[] = [];
  for await (const element of sequence) elements.push(element);
  return elements;
}

/** A home directory of `count` files `0`, `1`, … in chunks of 50. */
async function worldOf(count: number): Promise<FileWorld> {
  const world = await FileWorld.create();
  world.entriesPerChunk = 50;
  await world.addFiles(
    world.home,
    Array.from({ length: count }, (_, i) => ({ name: String(i), content: content(SMALL_FILE, i) })),
  );
  return world;
}

/** Sessions whose caches hold a small part of the blocks and nodes of the directory. */
function smallSessions(world: FileWorld, listings: ListingCache = new ListingCache()): Sessions {
  return world.newSessions({ blockCache: new MemoryBlockCache(150_000), nodes: new NodeCache(100_000, listings) });
}

async function listed(world: FileWorld, sessions: Sessions): Promise<(ItemFacts | DanglingEntry)[]> {
  const view = world.view(sessions);
  return all(listFacts(view, await world.openHome(view)));
}

describe('a list of what there is to show', () => {
  test('tells of each child what the opened child tells', async () => {
    const world = await worldOf(30);
    await world.addDirectory(world.home, 'docs');
    const view = world.view();
    const home = await world.openHome(view);
    const children = (await all(listChildren(view, home))) as Item[];
    for (const _ of ['the first time', 'from the cache']) {
      const facts = await all(listFacts(view, home));
      expect(facts).toEqual(children.map((child) => ItemFacts.of(child)));
    }
    expect(ItemFacts.of(children[3]!)).toMatchObject({
      name: '3',
      isDirectory: false,
      size: SMALL_FILE,
      isWritable: true,
      version: versionOf(children[3]!),
    });
  });

  test('of a directory that is larger than the caches of blocks and nodes is given once more for nothing', async () => {
    const world = await worldOf(FILES);
    const sessions = smallSessions(world);
    const view = world.view(sessions);
    const home = await world.openHome(view);
    const first = await all(listFacts(view, home));
    expect(first).toHaveLength(FILES);
    world.requests();
    expect(await all(listFacts(view, home))).toEqual(first);
    expect(world.requests()).toEqual([]);
    expect(sessions.nodes.size).toBeLessThanOrEqual(100_000);
  });

  test('after a change asks for what is new, not for what has stayed', async () => {
    const world = await worldOf(FILES);
    const docs = await world.addDirectory(world.home, 'docs');
    const sessions = smallSessions(world);
    world.requests();
    const first = await listed(world, sessions);
    const atFirst = world.requests().length;
    await world.addFile(docs, 'elsewhere', content(10));
    world.requests();
    const second = await listed(world, sessions);
    // Its parent's list was written anew.
    expect(second.filter((facts, i) => (facts as ItemFacts).version !== (first[i] as ItemFacts).version).map(({ name }) => name)).toEqual([
      'docs',
    ]);
    // The pointer, the WriterData, and lookups as long as new nodes of the tree are not known; not all files.
    expect(world.requests().length).toBeLessThan(atFirst / 2);
  });

  test('shows new elements, and no longer those that are gone', async () => {
    const world = await worldOf(40);
    const sessions = smallSessions(world);
    await listed(world, sessions);
    const files = world.device(sessions);
    await files.write('/ada/3', new Uint8Array(7), { onExisting: 'replace' });
    await files.rename('/ada/4', 'four');
    await files.remove('/ada/5');
    await files.write('/ada/new', new Uint8Array(1));
    const facts = (await listed(world, sessions)) as ItemFacts[];
    const sizes = new Map(facts.map(({ name, size }) => [name, size]));
    expect([sizes.get('3'), sizes.get('4'), sizes.get('four'), sizes.get('5'), sizes.get('new')]).toEqual([
      7,
      undefined,
      SMALL_FILE,
      undefined,
      1,
    ]);
  });

  test('does not tell one who has fewer rights what others have seen', async () => {
    const world = await worldOf(5);
    const view = world.view();
    const home = await world.openHome(view);
    const isWritable = (facts: readonly (ItemFacts | DanglingEntry)[]): boolean[] => facts.map((entry) => (entry as ItemFacts).isWritable);
    expect(isWritable(await all(listFacts(view, home)))).toEqual(Array.from({ length: 5 }, () => true));
    const reader = await openItem(view, world.home.capability.toReadOnly());
    for (const _ of ['the first time', 'from the cache']) {
      expect(isWritable(await all(listFacts(view, reader)))).toEqual(Array.from({ length: 5 }, () => false));
    }
    expect(isWritable(await all(listFacts(view, home)))).toEqual(Array.from({ length: 5 }, () => true));
  });

  test('looks again for what could not be opened', async () => {
    const world = await worldOf(30);
    const [gone] = await world.addFiles(world.home, [{ name: 'gone', content: content(10) }]);
    await world.remove(world.signer, gone!.locations);
    const sessions = world.newSessions();
    const [first, second] = [await listed(world, sessions), await listed(world, sessions)];
    for (const facts of [first, second]) {
      expect(facts.filter(({ isDangling }) => isDangling).map(({ name }) => name)).toEqual(['gone']);
      expect(facts).toHaveLength(31);
    }
  });

  test('goes through link nodes, whose target may change without them', async () => {
    const world = await worldOf(3);
    const target = await world.addLinkedDirectory(world.home, 'shared', 50);
    const sessions = world.newSessions();
    const before = (await listed(world, sessions)) as ItemFacts[];
    await world.addFile(target, 'inside', content(10));
    const after = (await listed(world, sessions)) as ItemFacts[];
    expect([before.at(-1)?.name, before.at(-1)?.isDirectory]).toEqual(['shared', true]);
    expect(after.at(-1)?.version).not.toBe(before.at(-1)?.version);
  });

  test('is remembered in bounded memory: what is longer costs requests, nothing else', async () => {
    const world = await worldOf(FILES);
    const listings = new ListingCache(60_000);
    const sessions = smallSessions(world, listings);
    const first = await listed(world, sessions);
    expect(listings.size).toBeGreaterThan(0);
    expect(listings.size).toBeLessThanOrEqual(listings.capacity);
    expect(await listed(world, sessions)).toEqual(first);
    expect(listings.size).toBeLessThanOrEqual(listings.capacity);
    sessions.nodes.clear();
    expect(listings.size).toBe(0);
    const none = smallSessions(world, new ListingCache(0));
    expect(await listed(world, none)).toEqual(first);
  });

  test('leaves nodes of paths in the cache of nodes', async () => {
    const world = await worldOf(FILES);
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addDirectory(docs, 'deep');
    const sessions = smallSessions(world);
    const view = world.view(sessions);
    const home = await world.openHome(view);
    await resolvePath(view, home, 'docs/deep');
    await all(listFacts(view, home));
    world.requests();
    await resolvePath(view, home, 'docs/deep');
    expect(world.requests()).toEqual([]);
  });
});
