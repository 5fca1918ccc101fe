import { beforeEach, describe, expect, test } from 'vitest';
import { content } from '../../../test/file-world.js';
import { StructureWorld } from '../../../test/structure-world.js';
import type { OperationView } from '../view/index.js';
import { deleteItems, makeDirectory, moveItem, rename, rotateAllKeys } from './index.js';

const clock = { now: () => 1_700_000_000_000 };
let world: StructureWorld;

/** A directory whose chunks are full, so that the next child is listed in a new chunk, and none of the old ones changes. */
beforeEach(async () => {
  world = await StructureWorld.create();
  const { files } = world;
  files.entriesPerChunk = 2;
  const docs = await files.addDirectory(files.home, 'docs');
  await files.addFiles(
    docs,
    ['a', 'b', 'c', 'd'].map((name) => ({ name, content: content(10) })),
  );
  await files.addDirectory(files.home, 'to');
  world.wait();
});

/** Another device lists a child of `docs` in a new chunk. */
async function addInNewChunk(): Promise<void> {
  const mine = world.sessions;
  world.restart();
  await world.operate(async (operation) => makeDirectory(operation, await world.at('docs'), 'new', { clock, maxPerChunk: 2 }));
  world.sessions = mine;
}

const CHANGES: Readonly<Record<string, (operation: OperationView) => Promise<unknown>>> = {
  deleting: async (operation) => deleteItems(operation, await world.home(), [await world.at('docs')]),
  'new keys': async (operation) => rotateAllKeys(operation, await world.home(), await world.at('docs'), { rotateSigner: false }),
  'new keys and a writing space': async (operation) =>
    rotateAllKeys(operation, await world.home(), await world.at('docs'), { rotateSigner: true }),
  'moving with new keys': async (operation) => {
    const ports = { blocks: world.files.base.server.blocks, clock: world.files.base.clock };
    return moveItem(operation, ports, await world.home(), await world.at('docs'), await world.at('to'), { keepAccess: false });
  },
  'the same name for something else': async (operation) => rename(operation, await world.at('docs'), await world.at('docs/a'), 'new'),
  'a directory of the same name': async (operation) => makeDirectory(operation, await world.at('docs'), 'new', { clock, maxPerChunk: 2 }),
};

describe('a child that is listed in a new chunk meanwhile', () => {
  test.each(Object.entries(CHANGES))('%s: the change is refused, and nothing is lost', async (_, change) => {
    const failure = world.operate(async (operation) => {
      await change(operation);
      await addInNewChunk();
    });
    await expect(failure).rejects.toMatchObject({ code: expect.stringMatching(/^conflict\.(merge|champ|pointer)$/) });
    world.wait();
    const { problems, tree } = await world.inspect();
    expect(problems).toEqual([]);
    expect([...tree.keys()]).toContain('/ada/docs/new');
    // On top of it the change is as good as any.
    if (Object.keys(CHANGES).indexOf(_) < 4) await world.operate(change);
    expect((await world.inspect()).problems).toEqual([]);
  });

  test('is no obstacle for what does not depend on it', async () => {
    await world.operate(async (operation) => {
      await rename(operation, await world.home(), await world.at('docs'), 'papers');
      await addInNewChunk();
    });
    world.wait();
    const { problems, tree } = await world.inspect();
    expect(problems).toEqual([]);
    expect([...tree.keys()]).toContain('/ada/papers/new');
  });
});
