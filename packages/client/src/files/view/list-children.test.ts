import type { CborValue } from '@pyrgos/core/codec';
import { ChildEntry, ChunkLocation } from '@pyrgos/core/model';
import { MAX_CHAMP_LOOKUPS, MAX_DIRECTORY_CHUNKS } from '@pyrgos/core/limits';
import { describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../../test/commit-world.js';
import { content, FileWorld } from '../../../test/file-world.js';
import { CommittedView } from './committed-view.js';
import { directoryChunks } from './directory-chunks.js';
import type { DanglingEntry, Item } from './item.js';
import { listChildren, listEntries } from './list-children.js';
import { openItem } from './open-item.js';

/** All elements of a sequence. */
async function all<T>(sequence: AsyncIterable<T>): Promise<T[]> {
  const elements: T[] = [];
  for await (const element of sequence) elements.push(element);
  return elements;
}

/** What a sequence gives before it ends, and the code of the error with which it ends. */
async function allUntilError<T>(sequence: AsyncIterable<T>): Promise<{ readonly elements: T[]; readonly code: string }> {
  const elements: T[] = [];
  const code = await outcome(
    (async () => {
      for await (const element of sequence) elements.push(element);
    })(),
  );
  return { elements, code };
}

function names(children: readonly (Item | DanglingEntry)[]): (string | undefined)[] {
  return children.map(({ name, isDangling }) => (isDangling ? `!${name}` : name));
}

/** A home directory of files `0`, `1`, … with a few to a chunk. */
async function worldOf(count: number, entriesPerChunk: number): Promise<FileWorld> {
  const world = await FileWorld.create();
  world.entriesPerChunk = entriesPerChunk;
  await world.addFiles(
    world.home,
    Array.from({ length: count }, (_, i) => ({ name: String(i), content: content(10, i) })),
  );
  return world;
}

describe('chunks of a directory', () => {
  test('come in order, each with its entries and the place of the next one', async () => {
    const world = await worldOf(22, 10);
    const view = world.view();
    const chunks = await all(directoryChunks(view, await world.openHome(view)));
    expect(chunks.map(({ index, entries }) => [index, entries.length])).toEqual([
      [0, 10],
      [1, 10],
      [2, 2],
    ]);
    for (const [i, chunk] of chunks.entries()) {
      expect(chunk.capability.location.equals(world.home.locations[i])).toBe(true);
      expect(chunk.next.equals(world.home.locations[i + 1])).toBe(true);
      expect(chunk.capability.wBaseKey?.equals(world.home.capability.wBaseKey)).toBe(true);
      expect(chunk.cid.equals(await world.cidOf(world.signer, world.home.locations[i]!))).toBe(true);
      expect(chunk.opened.parentKey.equals(world.home.parentKey)).toBe(true);
    }
  });

  test('an empty directory has one chunk without entries', async () => {
    const world = await worldOf(0, 10);
    const view = world.view();
    const chunks = await all(directoryChunks(view, await world.openHome(view)));
    expect(chunks.map(({ entries }) => entries)).toEqual([[]]);
  });

  test('any number of entries in a chunk is read: other clients fill chunks in other ways', async () => {
    const world = await worldOf(9, 3);
    world.home.chunks[1]!.length = 0;
    world.home.chunks[0]!.push(...world.home.chunks[2]!.splice(0, 1));
    await world.writeDirectory(world.home);
    const view = world.view();
    expect(names(await all(listChildren(view, await world.openHome(view))))).toEqual(['0', '1', '2', '6', '7', '8']);
  });

  test('a file has none', async () => {
    const world = await worldOf(1, 10);
    const view = world.view();
    const [file] = await all(listChildren(view, await world.openHome(view)));
    expect(await outcome(directoryChunks(view, file as Item).next())).toBe('format.cryptree');
  });
});

describe('listing', () => {
  test('gives all children in the order of the lists, opened', async () => {
    const world = await worldOf(47, 10);
    const docs = await world.addDirectory(world.home, 'docs');
    const view = world.view();
    const children = await all(listChildren(view, await world.openHome(view)));
    expect(names(children)).toEqual([...Array.from({ length: 47 }, (_, i) => String(i)), 'docs']);
    expect((children as Item[]).every((child) => child.isWritable)).toBe(true);
    expect((children.at(-1) as Item).capability.equals(docs.capability)).toBe(true);
    expect((children[3] as Item).properties.size).toBe(10);
  });

  test('of names looks at no child: two requests per chunk at most', async () => {
    const world = await worldOf(40, 10);
    const view = world.view();
    const home = await world.openHome(view);
    world.requests();
    const entries = await all(listEntries(view, home));
    expect(entries.map(({ name }) => name)).toEqual(Array.from({ length: 40 }, (_, i) => String(i)));
    const [first] = entries;
    expect(first?.link).toMatchObject({ isDirectory: false, mimeType: 'application/octet-stream' });
    // The list of the first chunk is in the node; of the others the place is looked up, and that after the last is looked for.
    const requests = world.requests();
    expect(requests.filter((name) => name === 'lookUpChamp')).toHaveLength(4);
    expect(requests.length).toBeLessThanOrEqual(8);
  });

  test('of children takes one lookup per 20', async () => {
    const world = await worldOf(100, 500);
    const view = world.view();
    const home = await world.openHome(view);
    world.requests();
    expect(await all(listChildren(view, home))).toHaveLength(100);
    const requests = world.requests();
    // One for the chunk after the first, unless the blocks at hand say already that there is none.
    expect(requests.filter((name) => name === 'lookUpChamp').length).toBeLessThanOrEqual(100 / MAX_CHAMP_LOOKUPS + 1);
    // The list of a hundred is one fragment; everything else is in the answers.
    expect(requests.filter((name) => name === 'getBlock')).toHaveLength(1);
  });

  test('again costs nothing, in the same view or a new one while the pointer is fresh', async () => {
    const world = await worldOf(100, 30);
    const view = world.view();
    const home = await world.openHome(view);
    await all(listChildren(view, home));
    world.requests();
    expect(await all(listChildren(view, home))).toHaveLength(100);
    expect(world.requests()).toEqual([]);
    const next = new CommittedView(world.sessions);
    expect(await all(listChildren(next, await openItem(next, world.home.capability)))).toHaveLength(100);
    expect(world.requests()).toEqual([]);
  });

  test('ends when the reader stops, without asking for more', async () => {
    const world = await worldOf(400, 100);
    const view = world.view();
    const home = await world.openHome(view);
    world.requests();
    for await (const child of listChildren(view, home)) {
      expect(child.name).toBe('0');
      break;
    }
    const before = world.requests().length;
    expect(before).toBeLessThan(12);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(world.requests().length).toBeLessThan(8);
  });

  test('is cancelled by the signal of the call or of the view', async () => {
    const world = await worldOf(60, 20);
    for (const way of ['call', 'view']) {
      const controller = new AbortController();
      const view = world.view(world.newSessions(), way === 'view' ? controller.signal : undefined);
      const home = await world.openHome(view);
      const children = listChildren(view, home, way === 'call' ? { signal: controller.signal } : {});
      await children.next();
      controller.abort();
      expect((await allUntilError(children)).code, way).toBe('aborted');
    }
  });

  test('fails when the server cannot be reached', async () => {
    const world = await worldOf(5, 20);
    const view = world.view();
    const home = await world.openHome(view);
    world.base.server.hooks.before = ({ name }) => {
      if (name === 'getBlock' || name === 'lookUpChamp') throw networkError();
    };
    expect((await allUntilError(listChildren(view, home))).code).toBe('network');
  });
});

describe('damaged siblings', () => {
  test('deleted children are dangling, the others are there', async () => {
    const world = await FileWorld.create();
    const files = await world.addFiles(
      world.home,
      Array.from({ length: 30 }, (_, i) => ({ name: String(i), content: content(5) })),
    );
    await world.remove(world.signer, [files[0]!.capability.location, files[25]!.capability.location]);
    const view = world.view();
    const children = await all(listChildren(view, await world.openHome(view)));
    expect(names(children)).toEqual(Array.from({ length: 30 }, (_, i) => (i === 0 || i === 25 ? `!${i}` : String(i))));
    expect(children[0]).toMatchObject({ error: { code: 'not-found.file' } });
    expect((children[0] as DanglingEntry).capability?.equals(files[0]!.capability)).toBe(true);
  });

  test('malformed elements of a list are dangling, whatever is wrong with them', async () => {
    const world = await worldOf(3, 10);
    const good = world.home.chunks[0]!;
    const map = good[1]!.cbor as Map<string, CborValue>;
    const junk: CborValue[] = [
      'text',
      null,
      7,
      [],
      new Map(),
      new Map<string, CborValue>([['n', 'only a name']]),
      new Map([...map, ['n', 'a/b']]),
      new Map([...map, ['n', '..']]),
      new Map([...map, ['n', '']]),
      new Map([...map, ['n', 'x'.repeat(256)]]),
      new Map<string, CborValue>([...map, ['n', 5]]),
      new Map<string, CborValue>([...map, ['m', new Uint8Array(31)]]),
      new Map<string, CborValue>([...map, ['k', [9, new Uint8Array(32), false]]]),
      new Map<string, CborValue>([...map, ['d', 'yes']]),
    ];
    // One of them is the first element, which in other clients decides about all.
    good.unshift(...junk.slice(0, 7).map((cbor) => ChildEntry.fromCbor(cbor)));
    good.push(...junk.slice(7).map((cbor) => ChildEntry.fromCbor(cbor)));
    await world.writeDirectory(world.home);
    const view = world.view();
    const children = await all(listChildren(view, await world.openHome(view)));
    expect(children).toHaveLength(3 + junk.length);
    expect(names(children).filter((name) => name !== undefined && !name.startsWith('!'))).toEqual(['0', '1', '2']);
    for (const child of children) {
      if (child.isDangling)
        expect([child.error.code.split('.')[0], child.name, child.capability]).toEqual(['format', undefined, undefined]);
    }
  });

  test('a child whose node is swapped for another, or no node at all, is dangling', async () => {
    const world = await FileWorld.create();
    const [a, b, c, d] = await world.addFiles(
      world.home,
      ['a', 'b', 'c', 'd'].map((name) => ({ name, content: content(50) })),
    );
    const sealedB = world.sealFile(world.home, 'b', content(50)).chunks[0]!;
    await world.put(world.signer, [{ ...sealedB, location: a!.capability.location }]);
    const notANode = { ...sealedB.node, encode: () => new Uint8Array([0x83, 1, 2, 3]) } as typeof sealedB.node;
    await world.put(world.signer, [{ location: c!.capability.location, node: notANode, fragments: [] }]);
    const view = world.view();
    const children = await all(listChildren(view, await world.openHome(view)));
    expect(names(children)).toEqual(['!a', 'b', '!c', 'd']);
    // The server lets nobody read a block whose BAT he does not have; the other thing is no node.
    expect(children.map((child) => (child.isDangling ? child.error.code : 'good'))).toEqual([
      'denied.block',
      'good',
      'format.cryptree',
      'good',
    ]);
    expect([b, d].every((file) => file !== undefined)).toBe(true);
  });

  test('a chunk whose list is lost hides nothing but its own children', async () => {
    const world = await worldOf(60, 20);
    const view = world.view();
    const home = await world.openHome(view);
    const chunk = (await all(directoryChunks(view, home)))[1]!;
    const lost = chunk.node.data.fragments[0]!.cid;
    const sessions = world.newSessions();
    world.loseBlock(lost);
    const next = world.view(sessions);
    const { elements, code } = await allUntilError(listChildren(next, await world.openHome(next)));
    expect(elements.map(({ name }) => name)).toEqual([...Array(20).keys(), ...Array.from({ length: 20 }, (_, i) => 40 + i)].map(String));
    expect(code).toBe('not-found.block');
    const strict = await allUntilError(directoryChunks(next, await world.openHome(next)));
    expect([strict.elements.map(({ index }) => index), strict.code]).toEqual([[0], 'not-found.block']);
  });

  test('after a chunk that is damaged itself the directory ends, with an error', async () => {
    const world = await worldOf(60, 20);
    const location = world.home.locations[1]!;
    const other = world.sealFile(world.home, 'x', content(4)).chunks[0]!;
    await world.put(world.signer, [{ ...other, location, node: other.node.with({ batIds: [] }) }]);
    const view = world.view();
    const { elements, code } = await allUntilError(listChildren(view, await world.openHome(view)));
    expect([elements.length, code]).toEqual([20, 'crypto.authentication']);
  });
});

describe('chains', () => {
  test('of chunks that bite their tail end with an error, after everything in them', async () => {
    const world = await worldOf(9, 3);
    for (const target of [0, 1, 2]) {
      world.home.locations[3] = world.home.locations[target]!;
      await world.writeDirectory(world.home);
      const view = world.view();
      const { elements, code } = await allUntilError(listChildren(view, await world.openHome(view)));
      expect([elements.length, code], `to ${target}`).toEqual([9, 'format.cryptree']);
    }
  });

  test('of more chunks than the limit end there', async () => {
    const world = await FileWorld.create();
    const { home } = world;
    while (home.chunks.length <= MAX_DIRECTORY_CHUNKS) {
      home.chunks.push([]);
      home.locations.push(ChunkLocation.generate(world.crypto));
    }
    await world.writeDirectory(home);
    const view = world.view();
    const { elements, code } = await allUntilError(directoryChunks(view, await world.openHome(view)));
    expect([elements.length, code]).toEqual([MAX_DIRECTORY_CHUNKS, 'limit']);
    await world.remove(world.signer, [home.locations[MAX_DIRECTORY_CHUNKS]!]);
    const next = world.view();
    expect(await all(directoryChunks(next, await world.openHome(next)))).toHaveLength(MAX_DIRECTORY_CHUNKS);
  }, 120_000);
});
