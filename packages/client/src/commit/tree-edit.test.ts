import type { Cid } from '@pyrgos/core/codec';
import { FormatError } from '@pyrgos/core/errors';
import { Champ } from '@pyrgos/core/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, hex, mapKey, outcome } from '../../test/commit-world.js';
import { TreeEdit } from './index.js';

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
    });
    expect(await outcome(session.editTree('x' as unknown as typeof world.identity, () => Promise.resolve()))).toBe('argument');
    expect(await outcome(session.editTree(world.signer(9), () => Promise.resolve()))).toBe('not-found.pointer');
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
