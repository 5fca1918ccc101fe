import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { CommittedWriterData, OwnedKeys, type WriterData } from '@pyrgos/core/model';
import { beforeAll, describe, expect, test } from 'vitest';
import { block, CommitWorld, mapKey, outcome } from '../../test/commit-world.js';
import { mergeWriterData, type TreeEdit } from './index.js';

let world: CommitWorld;
let writer: Signer;
let base: CommittedWriterData;
/** Everything that any of the servers stored. */
const blocks = new Map<string, Uint8Array>();
const cidOf = (digest: Uint8Array): Cid => Cid.ofSha256(digest, CidCodec.dagCbor);

beforeAll(async () => {
  world = await CommitWorld.create();
  writer = (await world.populate(1))[0]!;
  const snapshot = await world.session().editTree(writer, async (tree) => {
    for (let i = 0; i < 10; i++) await tree.putBlock(mapKey(i), undefined, block(`base ${i}`));
  });
  base = snapshot.get(writer.publicKeyHash)!;
});

/** The version that an edit of `base` gives, on a copy of the server; its blocks go to the real server too. */
async function edited(edit: (tree: TreeEdit) => Promise<void>): Promise<CommittedWriterData> {
  const state = world.server.saveState();
  const version = (await world.session().editTree(writer, edit)).get(writer.publicKeyHash)!;
  const after = world.server.saveState();
  world.server.restoreState(state);
  for (const stored of after.blocks.get(world.owner.key)?.values() ?? []) blocks.set(stored.cid.key, stored.bytes);
  return version;
}

async function merge(ours: CommittedWriterData, remote: CommittedWriterData, from: CommittedWriterData = base): Promise<WriterData> {
  const source = {
    getBlock: async (cid: { readonly key: string }) => {
      const bytes = blocks.get(cid.key);
      if (bytes === undefined) throw new Error('missing');
      return bytes;
    },
  };
  const sink = {
    putCbor: (bytes: Uint8Array) => {
      const cid = cidOf(world.crypto.sha256(bytes));
      blocks.set(cid.key, bytes);
      return cid;
    },
  };
  return mergeWriterData({ writer: writer.publicKeyHash, base: from, ours, remote }, source, sink, { owner: world.owner });
}

describe('mergeWriterData', () => {
  test('takes both sides of disjoint changes, whoever is ours', async () => {
    const put = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('new'))));
    const removed = await edited(async (tree) => tree.remove(mapKey(3), (await tree.get(mapKey(3)))!));
    const both = await edited(async (tree) => {
      await tree.putBlock(mapKey(20), undefined, block('new'));
      await tree.remove(mapKey(3), (await tree.get(mapKey(3)))!);
    });
    expect((await merge(put, removed)).equals(both.writerData)).toBe(true);
    expect((await merge(removed, put)).equals(both.writerData)).toBe(true);
  });

  test('keeps what the remote side changed outside the tree', async () => {
    const put = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('new'))));
    const remote = CommittedWriterData.of(base.hash, 9, base.writerData!.with({ links: base.writerData!.owned }));
    expect((await merge(put, remote)).links).toEqual(base.writerData!.owned);
  });

  test('refuses overlapping and even identical changes', async () => {
    const one = await edited(async (tree) => void (await tree.putBlock(mapKey(1), await tree.get(mapKey(1)), block('one'))));
    const two = await edited(async (tree) => void (await tree.putBlock(mapKey(1), await tree.get(mapKey(1)), block('two'))));
    const gone = await edited(async (tree) => tree.removeAll([mapKey(1)]));
    for (const [ours, remote] of [
      [one, two],
      [one, gone],
      [gone, one],
      [one, one],
    ] as const) {
      expect(await outcome(merge(ours, remote))).toBe('conflict.merge');
    }
  });

  test('refuses to lose our change of any field but the tree', async () => {
    const data = base.writerData!;
    const owned = OwnedKeys.empty({ getBlock: () => Promise.reject(new Error('x')) }, { owner: world.owner });
    const root = owned.flush({ putCbor: (bytes) => cidOf(world.crypto.sha256(bytes)) });
    const put = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('new'))));
    for (const changed of [
      data.with({ links: root }),
      data.with({ public: root }),
      data.with({ inbound: world.owner }),
      data.with({ owned: undefined }),
      data.with({ links: root, tree: put.writerData!.tree }),
    ]) {
      const ours = CommittedWriterData.of(cidOf(world.crypto.sha256(changed.encode())), 9, changed);
      expect(await outcome(merge(ours, put))).toBe('conflict.merge');
    }
  });

  test('refuses deletions, creations and versions without tree', async () => {
    const put = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('new'))));
    const deleted = CommittedWriterData.of(undefined, 9, undefined);
    const bare = CommittedWriterData.of(base.hash, 9, base.writerData!.with({ tree: undefined }));
    expect(await outcome(merge(deleted, put))).toBe('conflict.merge');
    expect(await outcome(merge(put, deleted))).toBe('conflict.merge');
    expect(await outcome(merge(put, put, deleted))).toBe('conflict.merge');
    expect(await outcome(merge(put, bare))).toBe('conflict.merge');
    expect(await outcome(merge(put, put, bare))).toBe('conflict.merge');
  });
});
