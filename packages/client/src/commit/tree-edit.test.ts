import type { Cid } from '@pyrgos/core/codec';
import { ConflictError, FormatError } from '@pyrgos/core/errors';
import { Champ, type CommittedWriterData } from '@pyrgos/core/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, outcome } from '../../test/commit-world.js';
import { TreeEdit } from './tree-edit.js';

describe('TreeEdit', () => {
  test('compares with what is expected, also for absent keys', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.editTree(a!, async (tree) => {
      const one = await tree.putBlock(mapKey(1), undefined, block('1'));
      expect(await outcome(tree.putBlock(mapKey(1), undefined, block('2')))).toBe('conflict.champ');
      expect(await outcome(tree.putBlock(mapKey(2), one, block('2')))).toBe('conflict.champ');
      expect(await outcome(tree.remove(mapKey(2), one))).toBe('conflict.champ');
      expect(await outcome(tree.remove(mapKey(255), one))).toBe('conflict.champ');
      expect(await outcome(tree.put(mapKey(1), one, one))).toBe('resolved');
      expect(await tree.get(mapKey(1))).toEqual(one);
    });
    expect((await world.tree(a!.publicKeyHash)).size).toBe(2);
  });

  test('relies on keys that it leaves alone: the change of one by others is a conflict, that of another is merged', async () => {
    for (const [theirs, expected] of [
      [255, 'conflict.merge'],
      [3, 'conflict.merge'],
      [4, 'resolved'],
    ] as const) {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const edit = world.session().editTree(a!, async (tree) => {
        const first = await tree.get(mapKey(255));
        expect(await outcome(tree.rely(mapKey(255), undefined))).toBe('conflict.champ');
        expect(await outcome(tree.rely(mapKey(3), first))).toBe('conflict.champ');
        expect(await outcome(tree.rely(new Uint8Array(31), undefined))).toBe('argument');
        await tree.rely(mapKey(255), first);
        await tree.rely(mapKey(3), undefined);
        await tree.putBlock(mapKey(1), undefined, block('ours'));
        await world.session().editTree(a!, async (other) => {
          await other.putBlock(mapKey(theirs), await other.get(mapKey(theirs)), block('theirs'));
        });
      });
      expect(await outcome(edit), String(theirs)).toBe(expected);
      expect((await world.tree(a!.publicKeyHash)).has(hex(mapKey(1)))).toBe(expected === 'resolved');
    }
  });

  test('relies on a check of the operation, which sees what others have committed: only what it lets pass is merged', async () => {
    for (const isAllowed of [true, false]) {
      const world = await CommitWorld.create();
      const [a] = await world.populate(1);
      const writer = a!.publicKeyHash;
      let theirs: CommittedWriterData | undefined;
      const seen: (CommittedWriterData | undefined)[] = [];
      const edit = world.session().update([writer], async (start, committer) => {
        expect(() => committer.relyOn('x' as never)).toThrow(expect.objectContaining({ code: 'argument' }));
        committer.relyOn(async (asked, remote) => {
          expect(asked).toEqual(writer);
          seen.push(remote);
          if (!isAllowed) throw new ConflictError('conflict.merge', 'no');
        });
        let snapshot = start;
        for (const key of [1, 2]) {
          const tree = TreeEdit.open(committer, snapshot, a!);
          await tree.putBlock(mapKey(key), undefined, block('ours'));
          snapshot = await tree.commit(snapshot);
        }
        theirs = (
          await world.session().editTree(a!, async (other) => void (await other.putBlock(mapKey(4), undefined, block('theirs'))))
        ).get(writer);
        return snapshot;
      });
      expect(await outcome(edit)).toBe(isAllowed ? 'resolved' : 'conflict.merge');
      // Once, although two commits were condensed.
      expect(seen).toEqual([theirs]);
      expect((await world.tree(writer)).has(hex(mapKey(2)))).toBe(isAllowed);
    }
  });

  test('refuses wrong arguments', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.editTree(a!, async (tree) => {
      const short = new Uint8Array(31);
      const cid = (await tree.get(mapKey(255)))!;
      expect(await outcome(tree.get(short))).toBe('argument');
      expect(await outcome(tree.put(short, undefined, cid))).toBe('argument');
      expect(await outcome(tree.put(mapKey(1), undefined, 'x' as unknown as Cid))).toBe('argument');
      expect(await outcome(tree.remove(mapKey(1), undefined as unknown as Cid))).toBe('argument');
      expect(await outcome(tree.removeAll([short]))).toBe('argument');
      expect(await outcome(tree.removeAll('x' as unknown as Uint8Array[]))).toBe('argument');
    });
    expect(await outcome(session.editTree('x' as unknown as typeof world.identity, () => Promise.resolve()))).toBe('argument');
    expect(await outcome(session.editTree(world.signer(9), () => Promise.resolve()))).toBe('not-found.pointer');
  });

  test('commits on the version that it was opened at only, and once: nothing in between is undone', async () => {
    const world = await CommitWorld.create();
    const [a] = await world.populate(1);
    const writer = a!.publicKeyHash;
    const two = world.session().update([writer], async (start, committer) => {
      const [first, second] = [TreeEdit.open(committer, start, a!), TreeEdit.open(committer, start, a!)];
      await first.putBlock(mapKey(1), undefined, block('first'));
      await second.putBlock(mapKey(2), undefined, block('second'));
      return second.commit(await first.commit(start));
    });
    expect(await outcome(two)).toBe('conflict.snapshot');
    expect((await world.tree(writer)).size).toBe(1);

    await world.session().update([writer], async (start, committer) => {
      const tree = TreeEdit.open(committer, start, a!);
      // Without a change there is nothing to undo.
      expect(await tree.commit(start)).toBe(start);
      await tree.putBlock(mapKey(1), undefined, block('one'));
      const next = await tree.commit(start);
      expect(await outcome(tree.commit(next))).toBe('conflict.snapshot');
      expect(await outcome(tree.commit(start))).toBe('conflict.snapshot');
      return next;
    });
    expect((await world.tree(writer)).size).toBe(2);
  });

  test('edits of one writer twice in one call are refused', async () => {
    const world = await CommitWorld.create();
    const [a, b] = await world.populate(2);
    const twice = world.session().editTrees([a!, b!, a!], async ([first, , third]) => {
      await first!.putBlock(mapKey(1), undefined, block('first'));
      await third!.putBlock(mapKey(2), undefined, block('third'));
    });
    expect(await outcome(twice)).toBe('argument');
    expect((await world.tree(a!.publicKeyHash)).size).toBe(1);
  });

  test('a tree that holds anything but links is malformed', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    await session.update([a!.publicKeyHash], async (start, committer) => {
      const champ = Champ.empty(committer.blocks, committer.context);
      await champ.put(mapKey(1), undefined, 'no link');
      const data = start.get(a!.publicKeyHash)!.writerData!.with({ tree: champ.flush(committer.blocks.sinkFor(a!.publicKeyHash)) });
      const next = await committer.commit(start, a!, data);
      await expect(TreeEdit.open(committer, next, a!).get(mapKey(1))).rejects.toThrow(FormatError);
      return next;
    });
  });

  test('behaves like a Map over any sequence of edits and commits', async () => {
    const world = await CommitWorld.create();
    const session = world.session();
    const [a] = await world.populate(1, session);
    const model = new Map(await world.tree(a!.publicKeyHash));
    const edits = fc.array(fc.record({ key: fc.nat(30), value: fc.nat(5), isRemoval: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        await session.editTree(a!, async (tree) => {
          for (const { key, value, isRemoval } of list) {
            const before = await tree.get(mapKey(key));
            expect(before?.toString()).toBe(model.get(hex(mapKey(key))));
            if (isRemoval) {
              if (before !== undefined) await tree.remove(mapKey(key), before);
              model.delete(hex(mapKey(key)));
            } else {
              model.set(hex(mapKey(key)), (await tree.putBlock(mapKey(key), before, block(String(value)))).toString());
            }
          }
        });
        expect(await world.tree(a!.publicKeyHash)).toEqual(new Map([...model].toSorted(([x], [y]) => (x < y ? -1 : 1))));
      }),
      { numRuns: 40 },
    );
  });
});
