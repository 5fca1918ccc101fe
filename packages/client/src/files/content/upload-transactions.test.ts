import { type HashTree, HashTreeBuilder } from '@pyrgos/core/containers';
import { PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import {
  CHUNK_SIZE,
  chunkLocationAt,
  type ResumeUploadProps,
  transactionFileName,
  UploadTransaction,
  type UploadTransactionParts,
} from '@pyrgos/core/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { chunksOf, ContentWorld, CountedSource, progressLog } from '../../../test/content-world.js';
import { content } from '../../../test/file-world.js';
import { deleteItems } from '../structure/delete-items.js';
import { listEntries, OperationView } from '../view/index.js';
import { newFileSecrets } from './file-target.js';
import { type OpenUpload, UploadTransactions } from './upload-transactions.js';
import type { UploadOptions } from './upload-options.js';

let world: ContentWorld;
beforeEach(async () => {
  world = await ContentWorld.create();
});

/** Uploads with a commit after every chunk, and cuts it off when `chunks` of them are committed. */
async function interrupted(name: string, bytes: Uint8Array, chunks: number, options: UploadOptions = {}): Promise<void> {
  const { hooks } = world.files.base.server;
  // The first commit is the record, when it is a new one.
  let commits = options.resume === undefined && (await open()).length === 0 ? -1 : 0;
  hooks.before = ({ name: request }) => {
    if (commits >= chunks && request !== 'closeTransaction') throw new PyrgosError('storage', 'the power is gone');
  };
  hooks.after = ({ name: request }) => {
    if (request === 'setPointers') commits++;
  };
  const ports = { chunksPerCommit: 1, chunksInFlight: 1 };
  expect(await outcome(world.upload(name, new CountedSource(bytes), { sessions: world.files.newSessions(), ...options }, ports))).toBe(
    'storage',
  );
  hooks.before = undefined;
  hooks.after = undefined;
}

async function open(): Promise<readonly OpenUpload[]> {
  const view = world.files.view(world.files.newSessions());
  return new UploadTransactions(await world.files.openHome(view)).list(view);
}

function treeOf(bytes: Uint8Array): HashTree {
  const builder = new HashTreeBuilder(world.files.crypto);
  for (let start = 0; start < bytes.length; start += CHUNK_SIZE) builder.addChunk(bytes.subarray(start, start + CHUNK_SIZE));
  return builder.build();
}

/** Number of raw blocks of a MiB or so that were uploaded while `work` ran. */
async function fragmentsOf(work: () => Promise<unknown>): Promise<number> {
  const { base } = world.files;
  base.log.length = 0;
  const { before } = base.server.hooks;
  base.server.hooks.before = (operation) => void base.log.push(operation);
  await work();
  base.server.hooks.before = before;
  return base.log.filter(({ name }) => name === 'putBlocks').flatMap(({ cids }) => cids!.filter((cid) => cid.codec === 0x55)).length;
}

describe('an interrupted upload', () => {
  it('leaves an open record and nothing to be seen (section 16.2)', async () => {
    const bytes = chunksOf(4);
    const before = await world.chunkCount();
    await interrupted('large', bytes, 2);
    expect(await world.names()).toEqual([]);
    const [upload, ...others] = await open();
    expect(others).toEqual([]);
    const { record, file } = upload!;
    expect(record).toMatchObject({ path: 'ada/large', size: bytes.length, isLegacy: false });
    expect(file.name).toBe(transactionFileName(world.files.crypto, 'ada/large'));
    expect(record.owner.equals(world.files.owner)).toBe(true);
    expect(record.writer.publicKeyHash.equals(world.files.signer.publicKeyHash)).toBe(true);
    expect(record.hashTree).toBeUndefined();
    expect(record.keys?.properties).toMatchObject({ name: 'large', size: bytes.length });
    // Two chunks and the record.
    expect(await world.chunkCount()).toBe(before + 3);
  });

  it('is resumed by the next upload of the same content: what is there is not sent again (section 16.3)', async () => {
    const bytes = chunksOf(4);
    const before = await world.chunkCount();
    await interrupted('large', bytes, 3);
    const [upload] = await open();
    const { listener, done } = progressLog();
    const sent = await fragmentsOf(() => world.upload('large', new CountedSource(bytes), { onProgress: listener }));
    // One chunk of 5 MiB; the last one of 7 bytes is in its node.
    expect(sent).toBe(5);
    expect(done).toEqual([3 * CHUNK_SIZE, 4 * CHUNK_SIZE, bytes.length]);
    expect(await world.has('large', bytes)).toBe(true);
    expect(await open()).toEqual([]);
    expect(await world.chunkCount()).toBe(before + 5);
    const item = (await world.item('large'))!;
    // The keys and properties are those of the record.
    expect(item.capability.location.equals(upload!.record.first)).toBe(true);
    expect(item.opened.properties.modified.equals(upload!.record.keys!.properties.modified)).toBe(true);
    expect(item.opened.properties.treeHash!.equals(treeOf(bytes).branch(0))).toBe(true);
    expect(item.opened.properties.size).toBe(bytes.length);
    expect(item.entry!.name).toBe('large');
  });

  it('is resumed as often as it takes, also when only the link is missing', async () => {
    const bytes = chunksOf(3);
    for (const chunks of [1, 1, 1]) await interrupted('large', bytes, chunks);
    const { hooks } = world.files.base.server;
    const commits: string[] = [];
    hooks.before = ({ name }) => {
      // All chunks are committed by now.
      if (name === 'setPointers' && commits.push(name) === 2) throw new PyrgosError('storage', 'gone');
    };
    expect(await outcome(world.upload('large', bytes, {}, { chunksPerCommit: 1 }))).toBe('storage');
    hooks.before = undefined;
    expect(await fragmentsOf(() => world.upload('large', bytes))).toBe(0);
    expect(await world.has('large', bytes)).toBe(true);
    expect(await open()).toEqual([]);
  });

  it('is started anew for other content, and its chunks are removed', async () => {
    const before = await world.chunkCount();
    await interrupted('large', chunksOf(3, 1), 2);
    await world.upload('large', chunksOf(3, 2));
    expect(await world.has('large', chunksOf(3, 2))).toBe(true);
    expect(await open()).toEqual([]);
    expect(await world.chunkCount()).toBe(before + 4);
    // Content that differs where nothing was uploaded yet goes on.
    await interrupted('later', chunksOf(3, 1), 2);
    const later = chunksOf(3, 1);
    later[2 * CHUNK_SIZE + 5]! ^= 1;
    expect(await fragmentsOf(() => world.upload('later', new CountedSource(later)))).toBe(5);
    expect(await world.has('later', later)).toBe(true);
    // Content that differs by one bit in the last chunk that was uploaded does not.
    await interrupted('bit', chunksOf(3, 1), 2);
    const bit = chunksOf(3, 1);
    bit[2 * CHUNK_SIZE - 1]! ^= 1;
    expect(await fragmentsOf(() => world.upload('bit', new CountedSource(bit)))).toBe(15);
    expect(await world.has('bit', bit)).toBe(true);
    // Content of another size.
    await interrupted('other', chunksOf(3, 1), 2);
    await world.upload('other', chunksOf(1, 1));
    expect(await world.has('other', chunksOf(1, 1))).toBe(true);
    expect(await world.chunkCount()).toBe(before + 14);
  });

  it('is cleared with all its chunks (section 16.4)', async () => {
    const before = await world.chunkCount();
    await interrupted('a', chunksOf(3), 3);
    await interrupted('b', chunksOf(2), 1);
    expect(await open()).toHaveLength(2);
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      for (const upload of await transactions.list(operation)) await transactions.clear(operation, upload);
    });
    expect(await open()).toEqual([]);
    expect(await world.chunkCount()).toBe(before);
    expect(await world.names()).toEqual([]);
  });

  it('costs the space of a record when it was cleared (section 27)', async () => {
    const { base, owner } = world.files;
    const used = async (): Promise<number> => {
      await base.server.collectGarbage(owner);
      let bytes = 0;
      for (const { cid } of base.server.saveState().blocks.get(owner.key)!.values()) {
        bytes += base.server.saveState().block(owner, cid)!.length;
      }
      return bytes;
    };
    // A first one, for what stays: a larger directory.
    const before = await used();
    await interrupted('a', chunksOf(3), 3);
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      for (const upload of await transactions.list(operation)) await transactions.clear(operation, upload);
    });
    base.clock.time += 25 * 60 * 60 * 1000;
    expect(Math.abs((await used()) - before)).toBeLessThan(100_000);
  });
});

describe('a record that cannot be resumed', () => {
  /** Puts a record of an upload to `ada/f` whose chunks do not exist. */
  async function plant(changes: Partial<UploadTransactionParts>, bytes: Uint8Array): Promise<UploadTransaction> {
    const { crypto, owner, signer } = world.files;
    const secrets = newFileSecrets(crypto);
    const properties = (await world.upload(`template-${crypto.randomBytes(4).join('')}`, content(1))).item.opened.properties;
    const record = UploadTransaction.of({
      path: 'ada/f',
      size: bytes.length,
      owner,
      writer: signer,
      first: secrets.first,
      streamSecret: secrets.streamSecret,
      startTime: 5,
      hashTree: treeOf(bytes),
      keys: { ...secrets, properties: properties.with({ name: 'f', size: bytes.length, streamSecret: secrets.streamSecret }) },
      ...changes,
    });
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      await transactions.open(operation, (await transactions.directory(operation))!, record);
    });
    return record;
  }

  it('is replaced: a legacy one, one of another writer, one that contradicts itself', async () => {
    const bytes = chunksOf(1);
    const other = SigningKeyPair.fromSeed(world.files.crypto, new Uint8Array(32).fill(77)).signer;
    const cases: [string, Partial<UploadTransactionParts>][] = [
      ['legacy', { keys: undefined }],
      ['another writer', { writer: other }],
      ['another owner', { owner: other.publicKeyHash }],
      ['another size', { size: bytes.length + 1 }],
      ['another stream secret', { streamSecret: new Uint8Array(32).fill(9) }],
    ];
    for (const [name, changes] of cases) {
      const planted = await plant(changes, bytes);
      const { item } = await world.upload('f', bytes);
      expect([name, item.capability.location.equals(planted.first)]).toEqual([name, false]);
      expect([name, await world.has('f', bytes), (await open()).length]).toEqual([name, true, 0]);
      await world.run((operation, home) => deleteItems(operation, home, [item]));
    }
    // A sound one is used.
    const planted = await plant({}, bytes);
    const { item } = await world.upload('f', bytes);
    expect(item.capability.location.equals(planted.first)).toBe(true);
  });

  it('is one whose hash is known not to be that of the content', async () => {
    const bytes = chunksOf(1);
    const other = await plant({ hashTree: treeOf(chunksOf(1, 2)) }, bytes);
    const { item } = await world.upload('f', bytes, { hashTree: treeOf(bytes) });
    expect(item.capability.location.equals(other.first)).toBe(false);
    await world.run((operation, home) => deleteItems(operation, home, [item]));
    // Both are known and equal: nothing else is looked at.
    await interrupted('g', bytes, 1, { hashTree: treeOf(bytes) });
    expect((await open())[0]!.record.hashTree!.equals(treeOf(bytes))).toBe(true);
    const source = new CountedSource(bytes);
    await world.upload('g', source, { hashTree: treeOf(bytes) });
    expect(await world.has('g', bytes)).toBe(true);
  });

  it('is ignored when it cannot be read, and replaced by a new one (section 16.1)', async () => {
    const name = transactionFileName(world.files.crypto, 'ada/f');
    for (const junk of [new Uint8Array(), content(100), new Uint8Array(6 * 1024 * 1024)]) {
      await world.files.addFile(world.records, name, junk);
      expect(await open()).toEqual([]);
      const bytes = chunksOf(1);
      const { item } = await world.upload('f', bytes, { sessions: world.files.newSessions() });
      expect(await world.has('f', bytes)).toBe(true);
      await world.run((operation, home) => deleteItems(operation, home, [item]));
      world.records.chunks[0] = [];
    }
  });

  it('is cleared although its writing space is gone (section 27)', async () => {
    const gone = SigningKeyPair.fromSeed(world.files.crypto, new Uint8Array(32).fill(78)).signer;
    await plant({ writer: gone }, chunksOf(1));
    const chunks = await world.chunkCount();
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      for (const upload of await transactions.list(operation)) await transactions.clear(operation, upload);
    });
    expect(await open()).toEqual([]);
    expect(await world.chunkCount()).toBe(chunks - 1);
  });

  it('of a writing space that the operation has not reserved stays, and the upload does without a record', async () => {
    const other = await world.files.addWriter(world.files.signer, 55);
    const { sessions, owner } = world.files;
    await sessions
      .of(owner)
      .editTree(other, async (tree) => void (await tree.putBlock(new Uint8Array(32).fill(1), undefined, Uint8Array.of(0x80))));
    await plant({ writer: other }, chunksOf(1));
    await world.upload('f', chunksOf(1));
    expect(await world.has('f', chunksOf(1))).toBe(true);
    const [upload, ...rest] = await open();
    expect(rest).toEqual([]);
    const clear = (writers: readonly (typeof other)[]): Promise<unknown> =>
      sessions.of(owner).compute(
        writers.map(({ publicKeyHash }) => publicKeyHash),
        async (snapshot, committer) => {
          const operation = new OperationView(sessions, committer, snapshot);
          await new UploadTransactions(await world.home()).clear(operation, upload!);
          return { snapshot: operation.snapshot, result: undefined };
        },
      );
    expect(await outcome(clear([world.files.signer, other]))).toBe('resolved');
    expect(await open()).toEqual([]);
  });

  it.each(['ada/f', 'ada\\f'])('does not cost the file when that was finished after all: %s', async (path) => {
    const bytes = chunksOf(1);
    const { item } = await world.upload('f', bytes);
    const { streamSecret } = item.opened.properties;
    await plant({ path, first: item.capability.location, streamSecret: streamSecret! }, bytes);
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      for (const upload of await transactions.list(operation)) await transactions.clear(operation, upload);
    });
    expect(await open()).toEqual([]);
    expect(await world.has('f', bytes)).toBe(true);
  });

  it('may claim any size without costing more than what is there', async () => {
    await plant({ size: 5_629_499_534_213_120 }, chunksOf(1));
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      for (const upload of await transactions.list(operation)) await transactions.clear(operation, upload);
    });
    expect(await open()).toEqual([]);
  });

  it('with a hole in its chunks loses all of them when it is cleared', async () => {
    const before = await world.chunkCount();
    await interrupted('a', chunksOf(3), 3);
    const [upload] = await open();
    const { record } = upload!;
    // As a clean-up that was cut off would leave it.
    await world.files.remove(world.files.signer, [record.first, chunkLocationAt(world.files.crypto, record.streamSecret, record.first, 1)]);
    await world.run(
      async (operation, home) => {
        const transactions = new UploadTransactions(home);
        for (const open of await transactions.list(operation)) await transactions.clear(operation, open);
      },
      { sessions: world.files.newSessions() },
    );
    expect(await world.chunkCount()).toBe(before);
  });
});

describe('secrets that the caller keeps (section 16.5)', () => {
  it('resume an upload without a record', async () => {
    const bytes = chunksOf(3);
    const resume: ResumeUploadProps = newFileSecrets(world.files.crypto);
    await interrupted('large', bytes, 2, { resume });
    expect(await open()).toEqual([]);
    expect(await world.names()).toEqual([]);
    const sent = await fragmentsOf(() => world.upload('large', bytes, { resume }));
    expect(sent).toBe(5);
    const item = (await world.item('large'))!;
    expect(item.capability.location.equals(resume.first)).toBe(true);
    expect(item.capability.rBaseKey.equals(resume.rBaseKey)).toBe(true);
    expect(item.opened.dataKey!.equals(resume.dataKey)).toBe(true);
    expect(await world.has('large', bytes)).toBe(true);
  });

  it('write over what is there of other content, and leave nothing of it', async () => {
    const before = await world.chunkCount();
    const resume = newFileSecrets(world.files.crypto);
    await interrupted('large', chunksOf(5, 1), 4, { resume });
    expect(await world.chunkCount()).toBe(before + 4);
    await world.upload('large', chunksOf(1, 2), { resume });
    expect(await world.has('large', chunksOf(1, 2))).toBe(true);
    expect(await world.chunkCount()).toBe(before + 2);
  });

  it('also of a file of one chunk', async () => {
    const resume = newFileSecrets(world.files.crypto);
    await world.upload('small', content(10), { resume });
    const item = (await world.item('small'))!;
    expect(item.capability.location.equals(resume.first)).toBe(true);
    expect(SymmetricKey.of(resume.wBaseKey.bytes).equals(item.capability.wBaseKey)).toBe(true);
  });
});

describe('the place for records', () => {
  /** Takes the directory away as a program can that does not know what it is for. */
  async function remove(): Promise<void> {
    await world.run(async (operation, home) => {
      await deleteItems(operation, home, [(await new UploadTransactions(home).directory(operation))!]);
    });
  }

  it('is not needed: where something else is in its place a large upload is one commit', async () => {
    await remove();
    await world.upload('.transactions', content(5));
    world.files.requests();
    await world.upload('f', chunksOf(5));
    expect(world.files.requests().filter((name) => name === 'setPointers')).toHaveLength(1);
    expect(await world.has('f', chunksOf(5))).toBe(true);
    expect(await world.has('.transactions', content(5))).toBe(true);
    expect(await open()).toEqual([]);
  });

  it('is made anew when somebody has deleted it (chapter 05 section 10.4)', async () => {
    const bytes = chunksOf(4);
    await remove();
    await interrupted('large', bytes, 3);
    expect(await open()).toHaveLength(1);
    expect(await fragmentsOf(() => world.upload('large', new CountedSource(bytes)))).toBe(5);
    expect(await world.has('large', bytes)).toBe(true);
    expect(await open()).toEqual([]);
    const directory = (await world.item('.transactions'))!;
    expect([directory.isDirectory, directory.properties.isHidden, directory.isWritable]).toEqual([true, true, true]);
  });

  it('is made anew when its entry leads to nothing, and there are no records until then', async () => {
    await world.files.remove(world.files.signer, [world.records.capability.location]);
    expect(await open()).toEqual([]);
    const bytes = chunksOf(2);
    await interrupted('large', bytes, 2);
    expect(await open()).toHaveLength(1);
    await world.upload('large', bytes);
    expect(await world.has('large', bytes)).toBe(true);
    const view = world.files.view(world.files.newSessions());
    const names: string[] = [];
    for await (const { name = '' } of listEntries(view, await world.files.openHome(view))) names.push(name);
    expect(names.sort()).toEqual(['.transactions', 'large']);
  });

  it('is left as it is when it is damaged: then a large upload is one commit', async () => {
    await world.files.put(world.files.signer, [
      { ...world.files.sealFile(world.files.home, 'x', content(1)).chunks[0]!, location: world.records.capability.location },
    ]);
    world.files.requests();
    await world.upload('f', chunksOf(3));
    expect(world.files.requests().filter((name) => name === 'setPointers')).toHaveLength(1);
    expect(await world.has('f', chunksOf(3))).toBe(true);
  });

  it('takes no record of an upload into itself', async () => {
    await world.run(async (operation, home) => {
      const transactions = new UploadTransactions(home);
      const { uploadFile } = await import('./upload-file.js');
      await uploadFile(operation, world.ports, (await transactions.directory(operation))!, 'x', chunksOf(1), { transactions });
    });
    expect(await open()).toEqual([]);
  });
});
