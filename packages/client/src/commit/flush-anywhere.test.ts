import type { Cid } from '@pyrgos/core/codec';
import type { Snapshot } from '@pyrgos/core/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { block, CommitWorld, mapKey } from '../../test/commit-world.js';
import type { Committer } from './committer.js';
import { TreeEdit } from './tree-edit.js';

/** What happens to one key; `undefined` removes it. */
type Change = readonly [key: number, value: number | undefined];

const change: fc.Arbitrary<Change> = fc.tuple(fc.nat(60), fc.option(fc.nat(5), { nil: undefined, freq: 4 }));

/** Makes the changes in edits of `each`, and lets `between` do something after every edit. */
async function apply(
  changes: readonly Change[],
  each: number,
  between: (committer: Committer, snapshot: Snapshot, edits: number) => Promise<void>,
): Promise<{ readonly tree: Cid; readonly found: readonly (string | undefined)[] }> {
  const world = await CommitWorld.create();
  const [signer] = await world.populate(1);
  const writer = signer!.publicKeyHash;
  const session = world.session();
  await session.update([writer], async (start, committer) => {
    let snapshot = start;
    for (let at = 0, edits = 1; at < changes.length; at += each, edits++) {
      const tree = TreeEdit.open(committer, snapshot, signer!);
      for (const [key, value] of changes.slice(at, at + each)) {
        const existing = await tree.get(mapKey(key));
        if (value !== undefined) await tree.putBlock(mapKey(key), existing, block(`value ${value}`));
        else if (existing !== undefined) await tree.remove(mapKey(key), existing);
      }
      snapshot = await tree.commit(snapshot);
      await between(committer, snapshot, edits);
      const lookups = changes.slice(0, 5).map(([key]) => ({ key: mapKey(key) }));
      const seen = await session.lookUpIn(committer, snapshot, writer, lookups);
      for (const [i, { key }] of lookups.entries()) {
        // A lookup and an edit, which keep decoded trees, agree.
        expect(seen[i]?.cid?.key).toBe((await TreeEdit.open(committer, snapshot, signer!).get(key))?.key);
      }
    }
    return snapshot;
  });
  // Another device finds every block.
  const other = world.session();
  const current = await other.read(writer);
  const keys = Array.from({ length: 61 }, (_, key) => ({ key: mapKey(key) }));
  const found = await other.lookUp(current, writer, keys);
  return { tree: current.get(writer)!.writerData!.tree!, found: found.map((one) => one?.bytes && String(one.bytes)) };
}

test('a flush after every n-th edit gives the same tree as one at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (changes, each, every) => {
        const once = await apply(changes, changes.length, async () => undefined);
        const often = await apply(changes, each, async (committer, _, edits) => {
          if (edits % every === 0) await committer.flush();
        });
        expect(often.found).toEqual(once.found);
        expect(often.tree.toString()).toBe(once.tree.toString());
      },
    ),
    { numRuns: 25 },
  );
});
