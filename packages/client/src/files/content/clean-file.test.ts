import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { HashTree, HashTreeBuilder, type ChunkHashList } from '@pyrgos/core/containers';
import { CHUNK_SIZE, chunkCount, chunkLocationAt, FileProperties, openFileData, openNode, RelativeCapability } from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, locationsOf, progressLog, streamOf } from '../../../test/content-world.js';
import { content, type MadeFile } from '../../../test/file-world.js';
import { rotateAllKeys } from '../structure/rotate-all-keys.js';
import { type Item, loadNodes, type OperationView } from '../view/index.js';
import { appendContent, cleanFile, overwriteSection, truncateFile } from './edit-content.js';
import { setContent } from './set-content.js';

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

/** A file whose read access was revoked: its data key is dirty. */
async function dirtyFile(name: string, bytes: Uint8Array): Promise<Item> {
  await world.upload(name, bytes);
  const before = (await world.item(name))!;
  await world.run(async (operation, home) => rotateAllKeys(operation, home, before, { rotateSigner: false }));
  const item = (await world.item(name))!;
  expect(item.opened.isDirty).toBe(true);
  expect(item.capability.bat!.equals(before.capability.bat)).toBe(false);
  return item;
}

/** Plaintext of each chunk as it is stored, padding bytes of the file included. */
async function storedLengths(item: Item): Promise<number[]> {
  const view = world.files.view(world.files.newSessions());
  const locations = locationsOf(world, item, chunkCount(item.properties.size));
  const nodes = await loadNodes(view, item.owner, item.writer, locations);
  return Promise.all(
    nodes.map(async (result, i) => {
      const opened = openNode(view.crypto, result!.node!, item.capability.withLocation(locations[i]!));
      return (await openFileData(view.crypto, result!.node!, opened.dataKey!, view.fragmentReader(item.owner))).length;
    }),
  );
}

type Change = (operation: OperationView, file: Item) => Promise<unknown>;

describe('a dirty file', () => {
  it('is cleaned: new data key and stream secret, the same capability, exact lengths, nothing left behind (section 15.4)', async () => {
    const bytes = chunksOf(2);
    const dirty = await dirtyFile('f', bytes);
    const before = await world.chunkCount();
    world.files.base.clock.time += 5000;
    const { listener, done } = progressLog();
    const cleaned = await world.change('f', (operation, file) => cleanFile(operation, world.ports, file, { onProgress: listener }));
    expect(done.at(-1)).toBe(bytes.length);
    const item = (await world.item('f'))!;
    expect(item.cid.equals(cleaned.cid)).toBe(true);
    expect(item.opened.isDirty).toBe(false);
    expect(item.opened.dataKey!.equals(dirty.opened.dataKey)).toBe(false);
    expect(equalBytes(item.opened.dataKey!.bytes, dirty.opened.dataKey!.bytes)).toBe(false);
    expect(equalBytes(item.opened.properties.streamSecret!, dirty.opened.properties.streamSecret!)).toBe(false);
    expect(item.capability.equals(dirty.capability)).toBe(true);
    // Nothing but the secret and the hash of the content, which was computed anew, may differ.
    const { streamSecret, treeHash } = item.opened.properties;
    expect(item.opened.properties.equals(dirty.opened.properties.with({ streamSecret, treeHash }))).toBe(true);
    expect(item.opened.parentLink!.equals(dirty.opened.parentLink)).toBe(true);
    expect(await storedLengths(item)).toEqual([CHUNK_SIZE, CHUNK_SIZE, 7]);
    expect(await world.has('f', bytes)).toBe(true);
    expect(await world.chunkCount()).toBe(before);
    for (const place of locationsOf(world, dirty, 3).slice(1)) {
      expect((await loadNodes(world.files.view(), item.owner, item.writer, [place]))[0]).toBeUndefined();
    }
    const again = await world.change('f', (operation, file) => cleanFile(operation, world.ports, file));
    expect(again.cid.equals(item.cid)).toBe(true);
  });

  it('is cleaned by every change of its content, in the same commit (section 22.5)', async () => {
    const bytes = chunksOf(1);
    const cases: [string, Change, Uint8Array][] = [
      ['append', (op, file) => appendContent(op, world.ports, file, content(9, 2)), concatBytes(bytes, content(9, 2))],
      [
        'overwrite',
        (op, file) => overwriteSection(op, world.ports, file, CHUNK_SIZE + 1, streamOf(content(2, 3))),
        concatBytes(bytes.subarray(0, CHUNK_SIZE + 1), content(2, 3), bytes.subarray(CHUNK_SIZE + 3)),
      ],
      ['truncate', (op, file) => truncateFile(op, world.ports, file, CHUNK_SIZE + 2), bytes.subarray(0, CHUNK_SIZE + 2)],
      ['truncate at a border', (op, file) => truncateFile(op, world.ports, file, CHUNK_SIZE), bytes.subarray(0, CHUNK_SIZE)],
      ['truncate to nothing', (op, file) => truncateFile(op, world.ports, file, 0), new Uint8Array()],
      ['set', (op, file) => setContent(op, world.ports, file, content(3, 4)), content(3, 4)],
      ['set a stream', (op, file) => setContent(op, world.ports, file, streamOf(chunksOf(2, 5))), chunksOf(2, 5)],
    ];
    const empty = await world.chunkCount();
    for (const [name, change, expected] of cases) {
      await dirtyFile('f', bytes);
      world.files.requests();
      await world.change('f', change);
      expect([name, world.files.requests().filter((request) => request === 'setPointers').length]).toEqual([name, 1]);
      const item = (await world.item('f'))!;
      expect([name, item.opened.isDirty, await world.has('f', expected)]).toEqual([name, false, true]);
      expect([name, await world.chunkCount()]).toEqual([name, empty + chunkCount(expected.length)]);
      expect((await storedLengths(item)).reduce((sum, length) => sum + length, 0)).toBe(expected.length);
      // Everything was read, so the hash is known.
      expect(item.opened.properties.treeHash).toBeDefined();
      await world.run(async (operation, home) => {
        const { deleteItems } = await import('../structure/delete-items.js');
        await deleteItems(operation, home, [item]);
      });
    }
  });

  it('keeps the signer of its writing space and the link node', async () => {
    await world.upload('f', chunksOf(1));
    const before = (await world.item('f'))!;
    const rotated = await world.run(async (operation, home) => rotateAllKeys(operation, home, before, { rotateSigner: true }));
    expect(rotated.opened.base!.signerLink).toBeDefined();
    const { sessions, owner, signer } = world.files;
    await sessions.of(owner).compute([signer.publicKeyHash, rotated.writer], async (snapshot, committer) => {
      const { OperationView } = await import('../view/index.js');
      const operation = new OperationView(sessions, committer, snapshot);
      await appendContent(operation, world.ports, rotated, content(3));
      return { snapshot: operation.snapshot, result: undefined };
    });
    const item = (await world.item('f'))!;
    expect(item.link).toBeDefined();
    expect(item.opened.isDirty).toBe(false);
    expect(item.opened.base!.signerLink).toBeDefined();
    expect(item.isWritable).toBe(true);
    expect(item.opened.parentLink!.equals(rotated.opened.parentLink)).toBe(true);
    expect(await world.has('f', concatBytes(chunksOf(1), content(3)))).toBe(true);
  });
});

describe('a legacy file', () => {
  const legacy = (name: string, bytes: Uint8Array, options = {}): Promise<MadeFile> =>
    world.files.addFile(world.files.home, name, bytes, options);

  it('without BATs is overwritten and extended: it stays without, its new fragments need theirs (section 27)', async () => {
    const made = await legacy('f', chunksOf(1), { isWithoutBat: true });
    await world.change('f', (operation, file) => overwriteSection(operation, world.ports, file, CHUNK_SIZE - 2, content(4, 3)));
    await world.change('f', (operation, file) => appendContent(operation, world.ports, file, content(CHUNK_SIZE + 5000, 4)));
    const item = (await world.item('f'))!;
    expect(item.capability.equals(made.capability)).toBe(true);
    expect(item.capability.bat).toBeUndefined();
    expect(item.node.batIds).toHaveLength(0);
    const places = locationsOf(world, item, 3);
    const nodes = await loadNodes(world.files.view(), item.owner, item.writer, places);
    for (const [i, result] of nodes.entries()) {
      expect(places[i]!.bat).toBeUndefined();
      expect(result!.node!.batIds).toHaveLength(0);
      const [fragment] = result!.node!.data.fragments;
      const { owner, base } = world.files;
      expect(await outcome(base.server.blocks.getBlock(fragment!.cid, { owner }))).toBe('denied.block');
      expect(await outcome(base.server.blocks.getBlock(fragment!.cid, { owner, bat: fragment!.bat! }))).toBe('resolved');
    }
    const old = chunksOf(1);
    old.set(content(4, 3), CHUNK_SIZE - 2);
    expect(await world.has('f', concatBytes(old, content(CHUNK_SIZE + 5000, 4)))).toBe(true);
  });

  it('without stream secret is rewritten as a whole by any change, and loses its old chunks (section 7.3)', async () => {
    const bytes = chunksOf(2);
    const empty = await world.chunkCount();
    const made = await legacy('f', bytes, { isLegacy: true });
    expect(await world.has('f', bytes)).toBe(true);
    await world.change('f', (operation, file) => appendContent(operation, world.ports, file, content(5, 2)));
    const item = (await world.item('f'))!;
    expect(item.capability.equals(made.capability)).toBe(true);
    expect(item.opened.properties.streamSecret).toHaveLength(32);
    expect(await world.has('f', concatBytes(bytes, content(5, 2)))).toBe(true);
    expect(await world.chunkCount()).toBe(empty + 3);
    await legacy('g', bytes, { isLegacy: true });
    await world.change('g', (operation, file) => setContent(operation, world.ports, file, content(5, 3)));
    expect(await world.has('g', content(5, 3))).toBe(true);
    expect(await world.chunkCount()).toBe(empty + 4);
  });

  it('that is damaged is replaced all the same', async () => {
    const made = await legacy('f', chunksOf(2), { isLegacy: true });
    await world.files.remove(world.files.signer, [made.locations[1]!]);
    expect(await outcome(world.change('f', (operation, file) => appendContent(operation, world.ports, file, content(5))))).toBe(
      'format.cryptree',
    );
    await world.change('f', (operation, file) => setContent(operation, world.ports, file, content(5, 3)));
    expect(await world.has('f', content(5, 3))).toBe(true);
  });
});

describe('a stored chunk of another length than the file needs', () => {
  it('is cut or filled before it is changed (section 7.1)', async () => {
    // What cleaning by the reference leaves: the last chunk full of zeros behind the end.
    const { files } = world;
    const size = CHUNK_SIZE + 10;
    const padded = new Uint8Array(2 * CHUNK_SIZE);
    padded.set(content(size));
    await files.addFile(files.home, 'long', padded, { properties: { size } });
    await world.change('long', (operation, file) => appendContent(operation, world.ports, file, content(5, 2)));
    expect(await world.has('long', concatBytes(content(size), content(5, 2)))).toBe(true);
    expect(await storedLengths((await world.item('long'))!)).toEqual([CHUNK_SIZE, 15]);
    await files.addFile(files.home, 'short', content(10), { properties: { size: 20 } });
    await world.change('short', (operation, file) => overwriteSection(operation, world.ports, file, 12, content(3, 2)));
    expect(await world.has('short', concatBytes(content(10), new Uint8Array(2), content(3, 2), new Uint8Array(5)))).toBe(true);
  });
});

describe('a file of more than 1024 chunks', () => {
  it('loses the branches that a change makes stale, in the chunk that stores them (section 8.4)', async () => {
    const { files } = world;
    const { crypto } = files;
    // 5 GiB and a little, of which only what is touched exists.
    const count = 1026;
    const size = (count - 1) * CHUNK_SIZE + 100;
    const leaves = new HashTreeBuilder(crypto);
    for (let i = 0; i < count; i++) leaves.addLeaf(crypto.sha256(Uint8Array.of(i & 255, i >> 8)));
    const tree = leaves.build();
    const lists: readonly ChunkHashList[] = HashTree.fromBranches([tree.branch(0), tree.branch(1024)]).levels[0]!;
    expect(lists.map(({ length }) => length)).toEqual([1024, 2]);
    const chunkAt = async (index: number, data: Uint8Array, made?: MadeFile): Promise<MadeFile> => {
      const { file, chunks } = files.sealFile(files.home, 'huge', data, {
        properties: { size, treeHash: tree.branch(index) },
      });
      if (made === undefined) {
        await files.put(files.signer, chunks);
        await files.list(files.home, [file.entry]);
        return file;
      }
      const { sealFileChunk } = await import('@pyrgos/core/model');
      const secret = made.properties.streamSecret!;
      const location = chunkLocationAt(crypto, secret, made.capability.location, index);
      const next = chunkLocationAt(crypto, secret, made.capability.location, index + 1);
      const sealed = sealFileChunk(crypto, {
        rBaseKey: made.capability.rBaseKey,
        dataKey: made.dataKey,
        properties: FileProperties.of({ ...made.properties, treeHash: index === 1024 ? tree.branch(1024) : undefined }),
        parentLink: RelativeCapability.toParent(files.home.capability, files.home.parentKey, files.signer.publicKeyHash),
        bat: location.bat,
        next,
        data,
      });
      await files.put(files.signer, [{ location, ...sealed }]);
      return made;
    };
    const made = await chunkAt(0, content(CHUNK_SIZE));
    await chunkAt(1024, content(CHUNK_SIZE, 2), made);
    await chunkAt(1025, content(100, 3), made);
    const branches = async (): Promise<boolean[]> => {
      const view = files.view(files.newSessions());
      const places = [0, 1024].map((i) => chunkLocationAt(crypto, made.properties.streamSecret!, made.capability.location, i));
      const nodes = await loadNodes(view, files.owner, files.signer.publicKeyHash, places);
      return nodes.map((result, i) => {
        const opened = openNode(crypto, result!.node!, made.capability.withLocation(places[i]!));
        return opened.properties.treeHash !== undefined;
      });
    };
    expect(await branches()).toEqual([true, true]);
    await world.change('huge', (operation, file) => appendContent(operation, world.ports, file, content(10, 4)));
    // The last chunk was written: what covers it, and what speaks for the whole file, is gone.
    expect(await branches()).toEqual([false, false]);
    const item = (await world.item('huge'))!;
    expect(item.properties.size).toBe(size + 10);
  });
});
