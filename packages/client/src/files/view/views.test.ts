import { describe, expect, test } from 'vitest';
import { deleteSubspace, TreeEdit } from '../../commit/index.js';
import { CommitWorld, networkError, outcome } from '../../../test/commit-world.js';
import { content, FileWorld, type MadeFile, type NodePut } from '../../../test/file-world.js';
import { CommittedView } from './committed-view.js';
import { FileReader } from './file-reader.js';
import { findChild } from './find-path.js';
import type { Item } from './item.js';
import { listEntries } from './list-children.js';
import { openItem } from './open-item.js';
import { OperationView } from './operation-view.js';
import type { View } from './view.js';

async function names(view: View, directory: Item): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const { name } of listEntries(view, directory)) found.push(name);
  return found;
}

describe('sessions', () => {
  test('are one per owner', async () => {
    const world = await FileWorld.create();
    const other = world.base.signer(9).publicKeyHash;
    expect(world.sessions.of(world.owner)).toBe(world.sessions.of(world.owner));
    expect(world.sessions.of(other)).not.toBe(world.sessions.of(world.owner));
    expect(world.sessions.of(other).owner).toBe(other);
    expect(() => world.sessions.of('ada' as never)).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});

describe('a committed view', () => {
  test('shows one version of each writer, whatever is committed meanwhile', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'before', content(1));
    const view = world.view();
    const home = await world.openHome(view);
    await world.addFile(world.home, 'after', content(1));
    expect(await names(view, await openItem(view, world.home.capability))).toEqual(['before']);
    expect(await names(view, home)).toEqual(['before']);
    const next = world.view();
    expect(await names(next, await world.openHome(next))).toEqual(['before', 'after']);
    expect(view.snapshotOf(world.owner).equals(next.snapshotOf(world.owner))).toBe(false);
  });

  test('can start from a version that is known, and asks for no pointer then', async () => {
    const world = await FileWorld.create();
    const first = world.view();
    await world.openHome(first);
    const snapshot = first.snapshotOf(world.owner);
    world.requests();
    const view = new CommittedView(world.newSessions(), { start: { owner: world.owner, snapshot } });
    await openItem(view, world.home.capability);
    expect(world.requests()).not.toContain('getPointer');
    expect(view.snapshotOf(world.owner).equals(snapshot)).toBe(true);
  });

  test('reads a writer once for all who ask at the same time; a failure is not remembered, and a cancelled one disturbs nobody', async () => {
    const world = await FileWorld.create();
    const view = world.view();
    world.requests();
    await Promise.all(Array.from({ length: 5 }, () => openItem(view, world.home.capability)));
    expect(world.requests().filter((name) => name === 'getPointer')).toHaveLength(1);
    const next = world.view();
    world.base.server.hooks.before = ({ name }) => {
      if (name === 'getPointer') throw networkError();
    };
    expect(await outcome(openItem(next, world.home.capability))).toBe('network');
    world.base.server.hooks.before = undefined;
    const controller = new AbortController();
    const cancelled = outcome(openItem(next, world.home.capability, { signal: controller.signal }));
    const other = openItem(next, world.home.capability);
    controller.abort();
    expect(await cancelled).toBe('aborted');
    expect((await other).name).toBe('ada');
  });

  test('keeps owners apart: the writer of one means nothing under the name of another', async () => {
    const world = await FileWorld.create();
    const stranger = (await CommitWorld.create()).signer(50).publicKeyHash;
    world.base.server.registerIdentity(stranger);
    const view = world.view(world.newSessions());
    const claimed = world.home.capability.withOwner(stranger);
    // The pointer is the writer's own; the blocks are not there.
    expect(await outcome(openItem(view, claimed))).toMatch(/^not-found/u);
    expect(view.snapshotOf(stranger).size).toBe(0);
    expect((await world.openHome(view)).name).toBe('ada');
  });
});

describe('a view of an operation', () => {
  /** Puts nodes as an operation does, before anything is sent. */
  async function put(world: FileWorld, view: OperationView, puts: readonly NodePut[]): Promise<void> {
    const { committer } = view;
    const tree = TreeEdit.open(committer, view.snapshot, world.signer);
    for (const { location, node, fragments } of puts) {
      for (const { bytes } of fragments) committer.blocks.putRaw(world.signer.publicKeyHash, bytes);
      await tree.putBlock(location.mapKey, await tree.get(location.mapKey), node.encode());
    }
    view.advance(await tree.commit(view.snapshot));
  }

  test('shows what the operation has done, before it is sent; others see it afterwards', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'old', content(10_000));
    const data = content(6_000_000);
    const { file, chunks } = world.sealFile(world.home, 'new', data);
    const session = world.sessions.of(world.owner);
    const before = world.view();
    const homeBefore = await world.openHome(before);
    await session.compute([world.signer.publicKeyHash], async (start, committer) => {
      const view = new OperationView(world.sessions, committer, start);
      expect(view.owner).toBe(session.owner);
      const home = await openItem(view, world.home.capability);
      expect(await names(view, home)).toEqual(['old']);
      world.home.chunks[0]!.push(file.entry);
      await put(world, view, [...chunks, world.sealDirectory(world.home, 0)]);
      expect(world.base.log.some(({ name }) => name === 'putBlocks')).toBe(false);
      const changed = await openItem(view, world.home.capability);
      expect(await names(view, changed)).toEqual(['old', 'new']);
      // The item of before shows what it was.
      expect(await names(view, home)).toEqual(['old']);
      const read = await findChild(view, changed, 'new');
      expect(await new FileReader(view, read!).read(5_999_000, 6_000_000)).toEqual(data.slice(5_999_000));
      expect((await findChild(view, changed, 'old'))?.isWritable).toBe(true);
      expect(await names(before, homeBefore)).toEqual(['old']);
      return { snapshot: view.snapshot, result: undefined };
    });
    const after = world.view();
    expect(await names(after, await world.openHome(after))).toEqual(['old', 'new']);
  });

  test('shows writers that the operation does not have as they are committed', async () => {
    const world = await FileWorld.create();
    const shared = await world.addLinkedDirectory(world.home, 'shared', 200);
    await world.addFile(shared, 'inside', content(1));
    const session = world.sessions.of(world.owner);
    await session.update([world.signer.publicKeyHash], async (start, committer) => {
      const view = new OperationView(world.sessions, committer, start);
      const item = await findChild(view, await openItem(view, world.home.capability), 'shared');
      expect(await names(view, item!)).toEqual(['inside']);
      expect(view.snapshotOf(world.owner).has(shared.signer.publicKeyHash)).toBe(false);
      expect(() => view.advance(undefined as never)).toThrow(expect.objectContaining({ code: 'argument' }));
      return start;
    });
  });

  test('knows no tree of a writer that the operation has deleted or not yet filled', async () => {
    const world = await FileWorld.create();
    const signer = await world.addWriter(world.signer, 200);
    let file: MadeFile | undefined;
    const session = world.sessions.of(world.owner);
    await session.update([signer.publicKeyHash], async (start, committer) => {
      const view = new OperationView(world.sessions, committer, start);
      file = world.sealFile(world.home, 'x', content(1), {}, signer).file;
      expect(await outcome(openItem(view, file.capability))).toBe('not-found.file');
      view.advance(await committer.delete(start, signer));
      expect(await outcome(openItem(view, file.capability))).toBe('not-found.file');
      expect(await view.treeOf(world.owner, signer.publicKeyHash)).toBeUndefined();
      return start;
    });
  });

  test('includes a writer as it is committed; one that has no version is not waited for, reserved or not', async () => {
    const world = await FileWorld.create();
    const known = await world.addWriter(world.signer, 200);
    const unknown = world.base.signer(201).publicKeyHash;
    const deleted = await world.addWriter(world.signer, 202);
    const reserved = [world.signer, deleted].map(({ publicKeyHash }) => publicKeyHash);
    await world.sessions.of(world.owner).update([...reserved, unknown], async (start, committer) => {
      // Another device is faster than this operation.
      await world
        .newSessions()
        .of(world.owner)
        .update(reserved, (snapshot, other) => deleteSubspace(other, snapshot, world.signer, deleted));
      const view = new OperationView(world.sessions, committer, start.remove(deleted.publicKeyHash));
      for (const writer of [known.publicKeyHash, unknown, deleted.publicKeyHash]) await view.include(writer);
      expect(view.snapshot.has(known.publicKeyHash)).toBe(true);
      expect(view.snapshot.isReadOnly).toBe(false);
      for (const writer of [unknown, deleted.publicKeyHash]) {
        expect(view.snapshot.has(writer)).toBe(false);
        // Nor does a look at it wait for the end of the operation that looks.
        expect(await view.treeOf(world.owner, writer)).toBeUndefined();
      }
      return start;
    });
  });

  test('is cancelled with the operation', async () => {
    const world = await FileWorld.create();
    const controller = new AbortController();
    const code = await outcome(
      world.sessions.of(world.owner).update(
        [world.signer.publicKeyHash],
        async (start, committer) => {
          const view = new OperationView(world.sessions, committer, start);
          controller.abort();
          await openItem(view, world.home.capability);
          return start;
        },
        { signal: controller.signal },
      ),
    );
    expect(code).toBe('aborted');
  });
});
