import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { CommittedWriterData, OwnedKeys, type WriterData } from '@pyrgos/core/model';
import { beforeAll, describe, expect, test } from 'vitest';
import { block, CommitWorld, mapKey, outcome } from '../../test/commit-world.js';
import { isBuiltUpon, mergeWriterData } from './merge.js';
import type { TreeEdit } from './tree-edit.js';

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

const source = {
  getBlock: async (cid: { readonly key: string }) => {
    const bytes = blocks.get(cid.key);
    if (bytes === undefined) throw new Error('missing');
    return bytes;
  },
};

async function merge(
  ours: CommittedWriterData,
  remote: CommittedWriterData,
  from: CommittedWriterData = base,
  signal?: AbortSignal,
): Promise<WriterData> {
  const sink = {
    putCbor: (bytes: Uint8Array) => {
      const cid = cidOf(world.crypto.sha256(bytes));
      blocks.set(cid.key, bytes);
      return cid;
    },
  };
  const context = { owner: world.owner, ...(signal === undefined ? {} : { signal }) };
  return mergeWriterData({ writer: writer.publicKeyHash, base: from, ours, remote }, source, sink, context);
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

  test('can be cancelled', async () => {
    const one = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('one'))));
    const two = await edited(async (tree) => void (await tree.putBlock(mapKey(21), undefined, block('two'))));
    expect(await outcome(merge(one, two, base, AbortSignal.abort()))).toBe('aborted');
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

describe('isBuiltUpon', () => {
  /** Whether `remote` has what `ours` put: the block `made`. */
  const isBuilt = async (ours: CommittedWriterData, remote: CommittedWriterData, made = block('ours')): Promise<boolean> => {
    const cid = cidOf(world.crypto.sha256(made));
    const input = { writer: writer.publicKeyHash, base, ours, remote };
    return isBuiltUpon(input, (other) => other.equals(cid), source, { owner: world.owner });
  };
  const ourEdit = async (tree: TreeEdit): Promise<void> => {
    await tree.putBlock(mapKey(20), undefined, block('ours'));
    await tree.remove(mapKey(3), (await tree.get(mapKey(3)))!);
  };

  test('a version with all our changes, and others besides', async () => {
    const ours = await edited(ourEdit);
    const later = await edited(async (tree) => {
      await ourEdit(tree);
      await tree.putBlock(mapKey(21), undefined, block('theirs'));
      await tree.removeAll([mapKey(4)]);
    });
    const moreFields = CommittedWriterData.of(later.hash, 9, later.writerData!.with({ links: base.writerData!.owned }));
    expect(await isBuilt(ours, ours)).toBe(true);
    expect(await isBuilt(ours, later)).toBe(true);
    expect(await isBuilt(ours, moreFields)).toBe(true);
    const ourFields = CommittedWriterData.of(ours.hash, 9, ours.writerData!.with({ links: base.writerData!.owned }));
    expect(await isBuilt(ourFields, later)).toBe(false);
    expect(await isBuilt(ourFields, moreFields)).toBe(true);
  });

  test('no version that lacks one of them, and none without a block that only we can have made', async () => {
    const ours = await edited(ourEdit);
    const half = await edited(async (tree) => void (await tree.putBlock(mapKey(20), undefined, block('ours'))));
    const other = await edited(async (tree) => {
      await tree.removeAll([mapKey(3)]);
      await tree.putBlock(mapKey(20), undefined, block('theirs'));
    });
    const removal = await edited(async (tree) => tree.removeAll([mapKey(3)]));
    expect(await isBuilt(ours, base)).toBe(false);
    expect(await isBuilt(ours, half)).toBe(false);
    expect(await isBuilt(ours, other)).toBe(false);
    expect(await isBuilt(removal, other)).toBe(false);
    expect(await isBuilt(ours, ours, block('something else'))).toBe(false);
    expect(await isBuilt(ours, CommittedWriterData.of(undefined, 9, undefined))).toBe(false);
  });
});
