import { HashTreeBuilder } from '@pyrgos/core/containers';
import { CHUNK_SIZE, Timestamp, withProperties } from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { chunksOf, ContentWorld, CountedSource, locationsOf, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { loadNodes } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { overwriteSection } from './edit-content.js';
import { setContent, type SetContentOptions } from './set-content.js';
import type { UploadResult } from './upload-options.js';

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

const replace = (name: string, source: ByteSource, options: SetContentOptions = {}): Promise<UploadResult> =>
  world.change(name, (operation, file) => setContent(operation, world.ports, file, source, options));

describe('replacing the content of a file', () => {
  it('leaves no old bytes and no old chunks, however the sizes differ', async () => {
    const empty = await world.chunkCount();
    await world.upload('f', chunksOf(1));
    const before = (await world.item('f'))!;
    const sizes = [chunksOf(3, 2), content(5, 3), new Uint8Array(), content(CHUNK_SIZE, 4), chunksOf(2, 5, 0), chunksOf(1, 6, 1)];
    for (const [i, bytes] of sizes.entries()) {
      world.files.base.clock.time += 1000;
      const { outcome, item } = await replace('f', i % 2 === 0 ? streamOf(bytes) : bytes);
      expect(outcome).toBe('replaced');
      expect(item.properties.size).toBe(bytes.length);
      expect(await world.has('f', bytes)).toBe(true);
      expect(await world.chunkCount()).toBe(empty + Math.max(1, Math.ceil(bytes.length / CHUNK_SIZE)));
      const { properties, capability } = (await world.item('f'))!;
      expect(capability.equals(before.capability)).toBe(true);
      expect(properties.created.equals(before.properties.created)).toBe(true);
      expect(properties.modified.compare(before.properties.modified)).toBeGreaterThan(0);
      // The hash of the new content takes the place of the old one.
      const tree = new HashTreeBuilder(world.files.crypto);
      for (let start = 0; start === 0 || start < bytes.length; start += CHUNK_SIZE)
        tree.addChunk(bytes.subarray(start, start + CHUNK_SIZE));
      expect(properties.treeHash?.equals(tree.build().branch(0))).toBe(true);
    }
  });

  it('happens in one commit, however large it is', async () => {
    await world.upload('f', chunksOf(6));
    world.files.requests();
    await replace('f', new CountedSource(chunksOf(7, 2)));
    expect(world.files.requests().filter((name) => name === 'setPointers')).toHaveLength(1);
    expect(await world.has('f', chunksOf(7, 2))).toBe(true);
  });

  it('is skipped when the file stores the hash of the content', async () => {
    const bytes = chunksOf(1);
    await world.upload('f', bytes);
    const before = await world.item('f');
    expect((await replace('f', bytes)).outcome).toBe('unchanged');
    expect((await world.item('f'))!.cid.equals(before!.cid)).toBe(true);
    // A stream is known only when it was written.
    expect((await replace('f', streamOf(bytes))).outcome).toBe('replaced');
    expect(await world.has('f', bytes)).toBe(true);
  });

  it('is done when the hash that the file stores is not to be trusted', async () => {
    const bytes = chunksOf(2);
    await world.upload('f', bytes);
    const { treeHash } = (await world.item('f'))!.properties;
    await world.change('f', async (operation, file) => overwriteSection(operation, world.ports, file, CHUNK_SIZE + 5, content(10)));
    // Other clients forget to remove the hash after such a change.
    await world.change('f', async (operation, file) => {
      const changes = new ChunkChanges(operation);
      const node = withProperties(operation.crypto, file.node, file.opened, file.opened.properties.with({ treeHash }));
      changes.put(file.requireSigner(), file.capability.mapKey, file.cid, { node, fragments: [] });
      await changes.commit();
    });
    const trusting = await world.upload('f', bytes, { onExisting: 'replace', trustsHash: true });
    expect([trusting.outcome, (await replace('f', bytes, { trustsHash: true })).outcome]).toEqual(['unchanged', 'unchanged']);
    expect(await world.has('f', bytes)).toBe(false);
    let asked = 0;
    const onExisting = async (): Promise<'skip'> => {
      asked++;
      return 'skip';
    };
    expect((await world.upload('f', bytes, { onExisting })).outcome).toBe('skipped');
    expect(asked).toBe(1);
    expect((await replace('f', bytes)).outcome).toBe('replaced');
    expect(await world.has('f', bytes)).toBe(true);
    expect((await world.upload('f', bytes, { onExisting: 'replace', trustsHash: false })).outcome).toBe('replaced');
  });

  it('of many chunks writes nothing when the file has it, and repairs what is lost', async () => {
    const bytes = chunksOf(3);
    await world.upload('f', bytes);
    world.files.requests();
    const source = new CountedSource(bytes);
    expect((await world.upload('f', source, { onExisting: 'replace', sessions: world.files.newSessions() })).outcome).toBe('unchanged');
    expect(world.files.requests().filter((name) => /^(?:put|set)/u.test(name))).toEqual([]);
    world.files.loseBlock((await world.item('f'))!.node.data.fragments[0]!.cid);
    const sessions = world.files.newSessions();
    expect((await world.upload('f', source, { onExisting: 'replace', sessions })).outcome).toBe('replaced');
    expect(await world.has('f', bytes)).toBe(true);
  });

  it('of one chunk is compared with what can be read: a claimed hash is not believed, and what is lost is written again', async () => {
    const bytes = content(200_000);
    await world.upload('f', bytes);
    const other = content(200_000, 7);
    const treeHash = new HashTreeBuilder(world.files.crypto).addLeaf(world.files.crypto.sha256(other)).build().branch(0);
    await world.change('f', async (operation, file) => {
      const changes = new ChunkChanges(operation);
      const node = withProperties(operation.crypto, file.node, file.opened, file.opened.properties.with({ treeHash }));
      changes.put(file.requireSigner(), file.capability.mapKey, file.cid, { node, fragments: [] });
      await changes.commit();
    });
    expect((await replace('f', other, { trustsHash: true })).outcome).toBe('unchanged');
    expect((await replace('f', other)).outcome).toBe('replaced');
    expect(await world.has('f', other)).toBe(true);
    expect((await world.upload('f', other, { onExisting: 'replace' })).outcome).toBe('unchanged');
    world.files.loseBlock((await world.item('f'))!.node.data.fragments[0]!.cid);
    const sessions = world.files.newSessions();
    expect((await world.upload('f', other, { onExisting: 'replace', sessions })).outcome).toBe('replaced');
    expect(await world.has('f', other)).toBe(true);
  });

  it('keeps the thumbnail and the type when they are given', async () => {
    await world.upload('f', content(10));
    const modified = Timestamp.of(1_234_567_890, 1);
    const { item } = await replace('f', content(11), { modified, mimeType: 'a/b' });
    expect(item.properties.mimeType).toBe('a/b');
    expect(item.properties.modified.equals(modified)).toBe(true);
  });
});

describe('replacing the changed chunks only', () => {
  it('writes those whose hash differs, and stores the new hash', async () => {
    const bytes = chunksOf(4);
    const { item } = await world.upload('f', bytes);
    const cids = async (): Promise<(string | undefined)[]> =>
      (await loadNodes(world.files.view(), item.owner, item.writer, locationsOf(world, item, 5))).map((node) => node?.cid?.toString());
    for (const edit of [
      (copy: Uint8Array) => copy.fill(1, 2 * CHUNK_SIZE + 5, 2 * CHUNK_SIZE + 6),
      (copy: Uint8Array) => copy.fill(2, 5, 6),
    ]) {
      const before = await cids();
      edit(bytes);
      const result = await replace('f', new CountedSource(bytes), { changedChunksOnly: true });
      expect(result.outcome).toBe('replaced');
      expect(await world.has('f', bytes)).toBe(true);
      const after = await cids();
      // Chunk 0 holds the properties.
      expect(after.filter((cid, i) => cid !== before[i])).toHaveLength(edit.toString().includes('CHUNK_SIZE') ? 2 : 1);
      expect((await replace('f', bytes)).outcome).toBe('unchanged');
    }
    const shorter = bytes.slice(0, 2 * CHUNK_SIZE);
    await replace('f', shorter, { changedChunksOnly: true });
    expect(await world.has('f', shorter)).toBe(true);
    const longer = chunksOf(3, 1, 12);
    longer.set(shorter);
    await replace('f', longer, { changedChunksOnly: true });
    expect(await world.has('f', longer)).toBe(true);
    expect((await replace('f', longer)).outcome).toBe('unchanged');
  });

  it('writes everything when the stored hash cannot be trusted', async () => {
    const bytes = chunksOf(1);
    const { item } = await world.upload('f', bytes);
    // Without a hash.
    await world.change('f', async (operation, file) => {
      const changes = new ChunkChanges(operation);
      const properties = file.opened.properties.with({ treeHash: undefined });
      const node = withProperties(operation.crypto, file.node, file.opened, properties);
      changes.put(file.requireSigner(), file.capability.mapKey, file.cid, { node, fragments: [] });
      await changes.commit();
    });
    bytes[3] = 7;
    await replace('f', bytes, { changedChunksOnly: true });
    expect(await world.has('f', bytes)).toBe(true);
    // A stream has no tree beforehand.
    bytes[4] = 7;
    await replace('f', streamOf(bytes), { changedChunksOnly: true });
    expect(await world.has('f', bytes)).toBe(true);
    expect((await world.item('f'))!.capability.equals(item.capability)).toBe(true);
  });
});
