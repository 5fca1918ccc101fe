import { CidCodec } from '@pyrgos/core/codec';
import { HashTreeBuilder } from '@pyrgos/core/containers';
import { type ErrorCode, PyrgosError } from '@pyrgos/core/errors';
import { CHUNK_SIZE, Timestamp } from '@pyrgos/core/model';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, CountedSource, locationsOf, progressLog, streamOf } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { findChild, loadNode, openItem, pathOf } from '../view/index.js';
import type { ByteSource } from './byte-source.js';
import { uploadFile } from './upload-file.js';

/** A moment that a test waits for or brings about. */
function moment(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

const text = new TextEncoder();

describe('uploading a file of one chunk', () => {
  it('stores its bytes, whatever the size and the kind of source', async () => {
    for (const size of [0, 1, 4000, 4093, 4094, 4096, 4099, 4100, 1_048_573, 1_048_576, 1_048_579, 5_242_876, 5_242_880]) {
      const bytes = content(size, size + 1);
      const sources: ByteSource[] = [bytes, new Blob([bytes as Uint8Array<ArrayBuffer>]), new CountedSource(bytes), streamOf(bytes)];
      for (const [i, source] of (size < 5000 ? sources : sources.slice(size % 4, (size % 4) + 1)).entries()) {
        const { item, outcome } = await world.upload(`${size}-${i}`, source);
        expect(outcome).toBe('created');
        expect(item.properties.size).toBe(size);
        expect(item.node.data.fragments).toHaveLength(size <= 4099 ? 0 : Math.ceil(size / 1_048_576));
        expect(await world.has(`${size}-${i}`, bytes)).toBe(true);
      }
    }
  });

  it('describes it: type, times, hidden, hash, secrets (section 14)', async () => {
    const now = Timestamp.fromMilliseconds(world.files.base.clock.now());
    const { item } = await world.upload('a.txt', text.encode("G'day Peergos!"));
    const { properties } = item.opened;
    expect(properties).toMatchObject({
      name: 'a.txt',
      mimeType: 'text/plain',
      size: 14,
      isHidden: false,
      isDirectory: false,
      isLink: false,
    });
    expect(properties.modified.equals(now) && properties.created.equals(now)).toBe(true);
    expect(properties.thumbnail).toBeUndefined();
    const tree = new HashTreeBuilder(world.files.crypto).addChunk(text.encode("G'day Peergos!")).build();
    expect(properties.treeHash?.equals(tree.branch(0))).toBe(true);
    expect(properties.streamSecret).toHaveLength(32);
    expect(item.opened.dataKey?.equals(item.capability.rBaseKey)).toBe(false);
    expect(item.opened.base?.signerLink).toBeUndefined();

    const modified = Timestamp.of(1_600_000_000, 123_456_789);
    const other = await world.upload('b', text.encode('<html>'), { modified, isHidden: true, mimeType: 'x/y' });
    expect(other.item.opened.properties).toMatchObject({ isHidden: true, mimeType: 'x/y' });
    expect(other.item.opened.properties.modified.equals(modified) && other.item.opened.properties.created.equals(modified)).toBe(true);
    const created = Timestamp.of(1_500_000_000);
    const third = await world.upload('c', new Uint8Array(), { modified, created });
    expect(third.item.opened.properties.created.equals(created)).toBe(true);
    const again = await world.item('b');
    expect(again?.opened.properties.equals(other.item.opened.properties)).toBe(true);
  });

  it('links up and down as section 27 demands', async () => {
    await world.upload('a.txt', text.encode('a'));
    const view = world.files.view();
    const home = await world.files.openHome(view);
    const item = (await findChild(view, home, 'a.txt'))!;
    const link = item.entry!.link!;
    expect(link).toMatchObject({ name: 'a.txt', isDirectory: false, mimeType: 'text/plain' });
    const relative = 'capability' in link ? link.capability : link;
    expect(relative.writer).toBeUndefined();
    expect(relative.writeKeyLink).toBeDefined();
    expect(item.isWritable).toBe(true);
    const up = item.opened.parentLink!;
    expect(up.writer).toBeUndefined();
    expect(up.writeKeyLink).toBeUndefined();
    expect(up.key.equals(home.opened.parentKey)).toBe(true);
    const parent = await openItem(view, up.toAbsolute(view.crypto, item.capability));
    expect([parent.isWritable, parent.isReadable, parent.name]).toEqual([false, false, 'ada']);
    expect(await pathOf(view, item)).toBe('/ada/a.txt');
    expect(item.node.mirrorBatId?.equals(world.files.mirrorBatId)).toBe(true);
  });

  it('takes at most six requests, the update of the directory included', async () => {
    // A directory whose list does not fit into its node.
    for (let i = 0; i < 30; i++) await world.upload(`first-${i}`, content(10, i));
    await world.home();
    world.files.requests();
    await world.run((operation, home) => {
      world.files.requests();
      return uploadFile(operation, world.ports, home, 'one more', content(5000));
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    const requests = world.files.requests().filter((name) => name !== 'commitPointers');
    expect(requests).toEqual(['putBlocks', 'putBlocks', 'setPointers', 'closeTransaction']);
  });

  it('counts nothing but the content in its progress', async () => {
    const { listener, done, totals } = progressLog();
    await world.upload('a', content(1000), { onProgress: listener });
    expect(done).toEqual([1000]);
    expect([...totals]).toEqual([1000]);
  });
});

describe('uploading a file of several chunks', () => {
  it('stores its bytes, whatever the kind of source', async () => {
    const cases: [Uint8Array, (bytes: Uint8Array) => ByteSource][] = [
      [chunksOf(1, 2, 1), (bytes) => bytes],
      [chunksOf(2, 3, 0), (bytes) => new CountedSource(bytes)],
      [chunksOf(3, 4, -1), (bytes) => streamOf(bytes)],
      [chunksOf(6, 5), (bytes) => new Blob([bytes as Uint8Array<ArrayBuffer>])],
    ];
    for (const [i, [bytes, sourceOf]] of cases.entries()) {
      const { item } = await world.upload(`${i}`, sourceOf(bytes));
      expect(item.properties.size).toBe(bytes.length);
      const builder = new HashTreeBuilder(world.files.crypto);
      for (let start = 0; start < bytes.length; start += CHUNK_SIZE) builder.addChunk(bytes.subarray(start, start + CHUNK_SIZE));
      expect(item.opened.properties.treeHash?.equals(builder.build().branch(0))).toBe(true);
      expect(await world.has(`${i}`, bytes)).toBe(true);
    }
    expect(await world.openRecords()).toBe(0);
  });

  it('derives the places of chunks, whose BATs differ and are needed (section 27)', async () => {
    const { item } = await world.upload('a', chunksOf(1));
    const [first, second] = locationsOf(world, item, 2);
    expect(first!.bat!.equals(second!.bat)).toBe(false);
    const { owner, signer, base } = world.files;
    const cid = (await loadNode(world.files.view(), owner, signer.publicKeyHash, second!))!.cid!;
    expect(await outcome(base.server.blocks.getBlock(cid, { owner }))).toBe('denied.block');
    expect(await outcome(base.server.blocks.getBlock(cid, { owner, bat: second!.batWithId(base.crypto)! }))).toBe('resolved');
    const [fragment] = item.node.data.fragments;
    expect(await outcome(base.server.blocks.getBlock(fragment!.cid, { owner }))).toBe('denied.block');
    expect(await outcome(base.server.blocks.getBlock(fragment!.cid, { owner, bat: fragment!.bat! }))).toBe('resolved');
  });

  it('opens its record before its chunks, and closes it with the link', async () => {
    const states: [number, number, string][] = [];
    const { base } = world.files;
    base.server.hooks.after = async ({ name }) => {
      if (name !== 'setPointers') return;
      const { after } = base.server.hooks;
      base.server.hooks.after = undefined;
      states.push([await world.openRecords(), await world.chunkCount(), (await world.names()).join()]);
      base.server.hooks.after = after;
    };
    const before = await world.chunkCount();
    await world.upload('large', chunksOf(9), {});
    base.server.hooks.after = undefined;
    expect(states).toEqual([
      // The record, which others must see; four chunks; four more; then the last two, the link in place of the record.
      [1, before + 1, ''],
      [1, before + 5, ''],
      [1, before + 9, ''],
      [0, before + 10, 'large'],
    ]);
  });

  it('becomes visible in one commit without records, or from a stream', async () => {
    const before = await world.chunkCount();
    world.files.requests();
    await world.upload('a', chunksOf(5), { transactions: undefined });
    expect(world.files.requests().filter((name) => name === 'setPointers')).toHaveLength(1);
    await world.upload('b', streamOf(chunksOf(5)));
    expect(world.files.requests().filter((name) => name === 'setPointers')).toHaveLength(1);
    expect(await world.chunkCount()).toBe(before + 12);
  });

  it('leaves reads, lists and other uploads alone while it runs', async () => {
    await world.upload('old', text.encode('old'));
    const started = moment();
    const goOn = moment();
    world.files.base.server.hooks.before = async ({ name, cids = [] }) => {
      if (name !== 'putBlocks' || !cids.some(({ codec }) => codec === CidCodec.raw)) return;
      started.reach();
      await goOn.reached;
    };
    const first = world.upload('first', chunksOf(2));
    await started.reached;
    await world.upload('second', text.encode('2'));
    const view = world.files.view();
    expect(await findChild(view, await world.files.openHome(view), 'old')).toBeDefined();
    expect(await world.has('old', text.encode('old'))).toBe(true);
    expect(await world.names()).toEqual(['old', 'second']);
    goOn.reach();
    await first;
    expect(await world.names()).toEqual(['first', 'old', 'second']);
  });

  it('reports every chunk, and the thumbnail', async () => {
    const { listener, done } = progressLog();
    await world.upload('a', chunksOf(2), { onProgress: listener });
    expect(done).toEqual([CHUNK_SIZE, 2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 7]);
    const streamed = progressLog();
    await world.upload('b', streamOf(chunksOf(1)), { onProgress: streamed.listener });
    expect(streamed.done).toEqual([CHUNK_SIZE, CHUNK_SIZE + 7]);
    expect([...streamed.totals]).toEqual([undefined]);
  });

  it('reads a source once, besides its first bytes, and notices when the tree that it is given is wrong', async () => {
    const bytes = chunksOf(1);
    const source = new CountedSource(bytes);
    const tree = new HashTreeBuilder(world.files.crypto)
      .addChunk(bytes.subarray(0, CHUNK_SIZE))
      .addChunk(bytes.subarray(CHUNK_SIZE))
      .build();
    await world.upload('a', source, { hashTree: tree });
    expect(source.opened).toBe(2);
    const unknown = new CountedSource(bytes);
    await world.upload('without tree', unknown);
    expect(unknown.opened).toBe(2);
    const other = chunksOf(1, 99);
    expect(await outcome(world.upload('b', other, { hashTree: tree }))).toBe('conflict.source');
    expect(await outcome(world.upload('b', chunksOf(2), { hashTree: tree }))).toBe('argument');
    expect(await world.names()).toEqual(['a', 'without tree']);
  });
});

describe('a name in use', () => {
  beforeEach(async () => {
    await world.files.addDirectory(world.files.home, 'folder');
    await world.upload('file', text.encode('old'));
  });

  it('is an error, or skipped without reading the source', async () => {
    expect(await outcome(world.upload('file', text.encode('new')))).toBe('conflict.exists');
    expect(await outcome(world.upload('folder', text.encode('new')))).toBe('conflict.exists');
    expect(await outcome(world.upload('folder', text.encode('new'), { onExisting: 'replace' }))).toBe('conflict.file');
    const source = new CountedSource(text.encode('new'));
    const { outcome: result, item } = await world.upload('file', source, { onExisting: 'skip' });
    expect([result, item.name, source.opened]).toEqual(['skipped', 'file', 0]);
    expect(await world.has('file', text.encode('old'))).toBe(true);
  });

  it('is replaced under the same capability, and left alone when it has the content already', async () => {
    const before = (await world.item('file'))!;
    const { item, outcome: result } = await world.upload('file', text.encode('<html>new'), { onExisting: 'replace' });
    expect(result).toBe('replaced');
    expect(item.capability.equals(before.capability)).toBe(true);
    expect(item.opened.properties.created.equals(before.opened.properties.created)).toBe(true);
    expect(item.opened.properties.mimeType).toBe('text/html');
    expect(await world.has('file', text.encode('<html>new'))).toBe(true);
    // The list names the type, too.
    expect((await world.item('file'))!.entry!.link).toMatchObject({ mimeType: 'text/html' });
    world.files.requests();
    const { listener, done } = progressLog();
    const again = await world.upload('file', text.encode('<html>new'), { onExisting: 'replace', onProgress: listener });
    expect(again.outcome).toBe('unchanged');
    expect(world.files.requests()).not.toContain('putBlocks');
    expect(done.at(-1)).toBe(9);
  });

  it('is decided by the caller when the content differs', async () => {
    const asked: string[] = [];
    const answer = (decision: 'replace' | 'skip') => async (item: { readonly name: string }) => {
      asked.push(item.name);
      return decision;
    };
    expect((await world.upload('file', text.encode('old'), { onExisting: answer('skip') })).outcome).toBe('unchanged');
    expect(asked).toEqual([]);
    expect((await world.upload('file', text.encode('new'), { onExisting: answer('skip') })).outcome).toBe('skipped');
    expect((await world.upload('file', text.encode('new'), { onExisting: answer('replace') })).outcome).toBe('replaced');
    expect(asked).toEqual(['file', 'file']);
  });

  it('is found in any chunk of the directory', async () => {
    world.files.entriesPerChunk = 2;
    const folder = await world.files.addDirectory(world.files.home, 'many');
    await world.files.addFiles(
      folder,
      Array.from({ length: 7 }, (_, i) => ({ name: `f${i}`, content: content(i) })),
    );
    const upload = (name: string): Promise<unknown> =>
      world.run(async (operation, home) =>
        uploadFile(operation, world.ports, (await findChild(operation, home, 'many'))!, name, content(3)),
      );
    for (const name of ['f0', 'f3', 'f6']) expect(await outcome(upload(name))).toBe('conflict.exists');
    expect(await outcome(upload('f7'))).toBe('resolved');
  });
});

describe('what is refused', () => {
  it('are illegal names, files as directories and directories without write access', async () => {
    for (const name of ['', '.', '..', 'a/b', `x\ud800`]) expect(await outcome(world.upload(name, content(1)))).toBe('argument');
    expect(await outcome(world.upload('n'.repeat(256), content(1)))).toBe('limit');
    await world.upload('n'.repeat(255), content(1));
    const file = (await world.item('n'.repeat(255)))!;
    expect(await outcome(world.run((operation) => uploadFile(operation, world.ports, file, 'a', content(1))))).toBe('format.cryptree');
    const view = world.files.view();
    const readOnly = await openItem(view, world.files.home.capability.toReadOnly());
    expect(await outcome(world.run((operation) => uploadFile(operation, world.ports, readOnly, 'a', content(1))))).toBe('denied.file');
    expect(await outcome(world.upload('a', {} as ByteSource))).toBe('argument');
  });

  it('are sources that are not what they say', async () => {
    const liar = (size: number, actual: number): ByteSource => ({ size, open: (offset) => streamOf(content(actual).subarray(offset)) });
    for (const [size, actual] of [
      [10, 9],
      [10, 11],
      [0, 1],
      [CHUNK_SIZE + 5, CHUNK_SIZE + 4],
      [CHUNK_SIZE + 5, CHUNK_SIZE + 6],
      [CHUNK_SIZE + 5, 3 * CHUNK_SIZE],
      [2 * CHUNK_SIZE, CHUNK_SIZE],
    ] as const) {
      expect(await outcome(world.upload('a', liar(size, actual)))).toBe('conflict.source');
    }
    expect(await world.names()).toEqual([]);
  });

  it('passes on the error of a source, and shows nothing of the file', async () => {
    const failing = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      yield* streamOf(bytes);
      throw new Error('the disk is gone');
    };
    await expect(world.upload('a', failing(content(10)))).rejects.toThrow('the disk is gone');
    await expect(world.upload('a', failing(chunksOf(3)))).rejects.toThrow('the disk is gone');
    const sized: ByteSource = { size: 2 * CHUNK_SIZE, open: () => failing(content(CHUNK_SIZE + 5)) };
    await expect(world.upload('a', sized)).rejects.toThrow('the disk is gone');
    expect(await world.names()).toEqual([]);
  });

  it('names no content, keys or paths in its errors', async () => {
    const error: unknown = await world
      .upload('secret-name', content(1))
      .then(() => world.upload('secret-name', content(1)))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PyrgosError);
    expect((error as PyrgosError).code satisfies ErrorCode).toBe('conflict.exists');
    expect(JSON.stringify([(error as PyrgosError).message, (error as PyrgosError).data])).not.toContain('secret-name');
  });
});

describe('cancelling an upload', () => {
  let plain: ContentWorld;
  beforeAll(async () => {
    plain = await ContentWorld.create();
  });

  it('is obeyed at every step, and leaves nothing to be seen', async () => {
    // First count the events of an upload, then cancel at each.
    const events = async (cancelAt: number): Promise<{ count: number; result: string }> => {
      const controller = new AbortController();
      let count = 0;
      const step = (): void => {
        if (++count === cancelAt) controller.abort();
      };
      const source: ByteSource = {
        size: CHUNK_SIZE + 7,
        async *open(offset) {
          for await (const piece of streamOf(chunksOf(1).subarray(offset), CHUNK_SIZE)) {
            step();
            yield piece;
          }
        },
      };
      plain.files.base.server.hooks.before = ({ name }) => {
        if (name !== 'closeTransaction' && name !== 'setPointers' && name !== 'commitPointers') step();
      };
      const result = await outcome(plain.upload('a', source, { signal: controller.signal, onProgress: step }));
      plain.files.base.server.hooks.before = undefined;
      return { count, result };
    };
    for (let cancelAt = 1; ; cancelAt++) {
      const { result, count } = await events(cancelAt);
      if (count < cancelAt) {
        expect(result).toBe('resolved');
        break;
      }
      const names = await plain.names();
      // After the commit point an upload is not cancelled any more.
      if (result === 'resolved') expect(names).toEqual(['a']);
      else expect([result, names]).toEqual(['aborted', []]);
      if (result === 'resolved') break;
    }
    expect(await plain.has('a', chunksOf(1))).toBe(true);
  });
});
