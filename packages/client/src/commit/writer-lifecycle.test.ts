import { PyrgosError } from '@pyrgos/core/errors';
import { OwnerProof } from '@pyrgos/core/keys';
import { OwnedKeys, walkOwnedWriters } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, mapKey, outcome } from '../../test/commit-world.js';
import { createChildWriter, deleteSubspace, delistWriter, writerDataOf } from './writer-lifecycle.js';

/** The writers that the server's data proves to belong to the identity. */
async function owned(world: CommitWorld): Promise<string[]> {
  const view = world.view();
  const walk = walkOwnedWriters(world.crypto, world.owner, {
    readWriterData: (writer) => world.writerData(writer, view),
    lookup: { hasher: world.crypto, blocks: view.blocks, context: { owner: world.owner } },
  });
  const out: string[] = [];
  for await (const { writer } of walk) out.push(writer.toString());
  return out;
}

describe('the life cycle of a writer', () => {
  test('a child is authorised by its parent, grandchildren by the child, all in one operation', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    await world.populate(0, session);
    const [child, grandchild] = [world.signer(100), world.signer(101)];
    const snapshot = await session.update([world.owner], async (start, committer) => {
      const next = await createChildWriter(committer, start, world.identity, child);
      return createChildWriter(committer, next, child, grandchild);
    });
    expect(snapshot.size).toBe(3);
    expect(await owned(world)).toEqual([world.owner, child.publicKeyHash, grandchild.publicKeyHash].map(String));
    expect(snapshot.get(child.publicKeyHash)?.sequence).toBe(1);
    expect(world.server.registrationErrors).toEqual([]);
  });

  test('an existing writer, the parent itself and a parent without version are refused', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const create = (parent: typeof a, child: typeof a): Promise<string> =>
      outcome(session.update([world.owner], (start, committer) => createChildWriter(committer, start, parent!, child!)));
    expect(await create(world.identity, a)).toBe('conflict.pointer');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(1);
    expect(await create(world.identity, world.identity)).toBe('argument');
    expect(await create(world.signer(7), a)).toBe('not-found.pointer');
    expect(await create('x' as unknown as typeof a, a)).toBe('argument');
  });

  test.each(['setPointers', 'setPointer'])('a creation that was cut off after %s can be repeated with the same key', async (name) => {
    const world = await CommitWorld.create();
    await world.populate(0);
    const child = world.signer(100);
    world.server.hooks.after = (operation) => {
      if (operation.name === name) throw new PyrgosError('internal', 'the client died');
    };
    const create = (parent = world.identity): Promise<string> =>
      outcome(world.session().update([world.owner], (start, committer) => createChildWriter(committer, start, parent, child)));
    expect(await create()).toBe('internal');
    world.server.hooks.after = undefined;
    expect(await create()).toBe('resolved');
    expect(await owned(world)).toEqual([world.owner, child.publicKeyHash].map(String));
    // As long as it is as it was created nothing is lost by repeating it; then it is refused.
    expect(await create()).toBe('resolved');
    await world.session().editTree(child, async (tree) => void (await tree.putBlock(mapKey(1), undefined, block('x'))));
    expect(await create()).toBe('conflict.pointer');
    expect((await world.tree(child.publicKeyHash)).size).toBe(1);
  });

  test('a key that is listed with another proof, or exists without being listed, is refused', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const stranger = world.signer(100 + 7);
    // Listed by the parent, but its proof is for somebody else.
    await session.update([world.owner], async (start, committer) => {
      const data = writerDataOf(start, world.owner);
      const keys = OwnedKeys.open(data.owned, committer.blocks, committer.context);
      const sink = committer.blocks.sinkFor(world.owner);
      await keys.add(OwnerProof.create(world.crypto, stranger, a!.publicKeyHash), sink);
      return committer.commit(start, world.identity, data.with({ owned: keys.flush(sink) }));
    });
    const create = (child: typeof stranger): Promise<string> =>
      outcome(
        session.update([world.owner, child.publicKeyHash], (start, committer) =>
          createChildWriter(committer, start, world.identity, child),
        ),
      );
    expect(await create(stranger)).toBe('conflict.champ');
    await session.update([world.owner], (start, committer) => delistWriter(committer, start, world.identity, a!.publicKeyHash));
    expect(await create(a!)).toBe('conflict.pointer');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(1);
  });

  test('de-listing: once, and then nothing more to commit', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const delist = (): Promise<unknown> =>
      session.update([world.owner], (start, committer) => delistWriter(committer, start, world.identity, a!.publicKeyHash));
    await delist();
    expect(await owned(world)).toEqual([world.owner.toString()]);
    // The child's own pointer is not touched.
    expect(await world.target(a!.publicKeyHash)).toBeDefined();
    world.log.length = 0;
    await delist();
    expect(world.log.some(({ name }) => name.startsWith('set'))).toBe(false);
  });

  test('deleting a subspace empties the pointer and de-lists, atomically', async () => {
    const world = await CommitWorld.create();
    const session = world.session({ flushSize: 1 });
    const [a, b] = await world.populate(2, session);
    const remove = (signer: typeof a): Promise<string> =>
      outcome(
        session.update([world.owner, signer!.publicKeyHash], (start, committer) =>
          deleteSubspace(committer, start, world.identity, signer!),
        ),
      );
    world.log.length = 0;
    expect(await remove(a)).toBe('resolved');
    expect(world.log.filter(({ name }) => name.startsWith('set')).map(({ writers }) => writers!.length)).toEqual([2]);
    expect(await world.target(a!.publicKeyHash)).toBe(undefined);
    expect(await owned(world)).toEqual([world.owner, b!.publicKeyHash].map(String));
    expect((await session.read(a!.publicKeyHash)).size).toBe(0);
    // Once more: nothing left to do.
    world.log.length = 0;
    expect(await remove(a)).toBe('resolved');
    expect(world.log.some(({ name }) => name.startsWith('set'))).toBe(false);
    expect(await remove(world.identity)).toBe('resolved');
    const unknown = session.update([world.owner], (start, committer) => deleteSubspace(committer, start, world.identity, b!));
    expect(await outcome(unknown)).toBe('argument');
  });
});
