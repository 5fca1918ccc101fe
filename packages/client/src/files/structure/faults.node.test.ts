import { describe, expect, test } from 'vitest';
import { content } from '../../../test/file-world.js';
import { byPath, CutOff, type CutKind, type Inspection, StructureWorld } from '../../../test/structure-world.js';
import type { SessionsOptions } from '../view/index.js';
import { copyItem, type CopyPorts, deleteItems, getOrMakeDirectories, moveItem, rename, rotateAllKeys, setProperties } from './index.js';

/** An account with a writing space in a writing space, files, with `isLarge` one of two chunks, and a directory of several chunks. */
async function populated(options: Partial<SessionsOptions>, isLarge: boolean): Promise<StructureWorld> {
  const world = await StructureWorld.create(options);
  const { files } = world;
  files.entriesPerChunk = 2;
  const docs = await files.addDirectory(files.home, 'docs');
  await files.addFiles(docs, [
    { name: 'a', content: content(10) },
    { name: 'b', content: content(isLarge ? 5_300_000 : 20, 2) },
    { name: 'c', content: content(5000, 3) },
  ]);
  const space = await files.addLinkedDirectory(docs, 'space', 150);
  await files.addFile(space, 'd', content(30, 4));
  const inner = await files.addLinkedDirectory(space, 'inner', 151);
  await files.addFile(inner, 'e', content(40, 5));
  await files.addDirectory(files.home, 'to');
  world.wait();
  return world;
}

/** Directories are made at one time, so that trees can be compared. */
const clock = { now: () => 1_700_000_000_000, sleep: async () => undefined };

function portsOf(world: StructureWorld): CopyPorts {
  return { blocks: world.files.base.server.blocks, clock };
}

type Operation = (world: StructureWorld) => Promise<unknown>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'making directories': (world) =>
    world.operate(async (operation) => getOrMakeDirectories(operation, await world.at('docs'), ['x', 'y'], { clock })),
  renaming: (world) => world.operate(async (operation) => rename(operation, await world.at('docs'), await world.at('docs/space'), 'z')),
  'setting properties': (world) =>
    world.operate(async (operation) => setProperties(operation, await world.at('docs/a'), { isHidden: true })),
  moving: (world) =>
    world.operate(async (operation) =>
      moveItem(operation, portsOf(world), await world.at('docs'), await world.at('docs/space'), await world.at('to'), {
        keepAccess: true,
      }),
    ),
  'moving with new keys': (world) =>
    world.operate(async (operation) =>
      moveItem(operation, portsOf(world), await world.home(), await world.at('docs'), await world.at('to'), {
        keepAccess: false,
      }),
    ),
  copying: (world) =>
    world.operate(async (operation) =>
      copyItem(operation, portsOf(world), { view: operation, item: await world.at('docs') }, await world.at('to'), {
        name: 'copy',
      }),
    ),
  deleting: (world) => world.operate(async (operation) => deleteItems(operation, await world.home(), [await world.at('docs')])),
  'revoking read access': (world) =>
    world.operate(async (operation) => rotateAllKeys(operation, await world.home(), await world.at('docs'), { rotateSigner: false })),
  'granting write access': (world) =>
    world.operate(async (operation) => rotateAllKeys(operation, await world.home(), await world.at('docs'), { rotateSigner: true })),
  'revoking write access': (world) =>
    world.operate(async (operation) =>
      rotateAllKeys(operation, await world.at('docs'), await world.at('docs/space'), { rotateSigner: true }),
    ),
};

/** What can be told apart of two states: trees, and where each item's keys are from. */
function shapeOf({ tree, chunks, items }: Inspection): unknown {
  const writers = [...new Set([...items.values()].map(({ writer }) => writer.key))];
  return [byPath(tree), byPath(chunks), byPath([...items].map(([path, { writer }]) => [path, writers.indexOf(writer.key)] as const))];
}

const WRITES = new Set(['startTransaction', 'putBlocks', 'setPointer', 'setPointers', 'closeTransaction']);

/** A lost answer matters where the call decides something. */
function kindsOf(call: string): readonly CutKind[] {
  return call.startsWith('setPointer') ? ['before', 'after'] : ['before'];
}

describe.each(Object.entries(OPERATIONS))('%s', (name, operation) => {
  test('cut off at any call: the tree is before or after, and after a second attempt after', async () => {
    const world = await populated({}, !name.startsWith('copying') && !name.startsWith('moving'));
    const { server, clock: machine } = world.files.base;
    const [state, time] = [server.saveState(), machine.time];
    const reset = (): void => {
      server.restoreState(state);
      machine.time = time;
      world.restart();
    };
    const initial = await world.inspect();
    expect(initial.problems).toEqual([]);
    reset();
    const counted = new CutOff(world);
    await operation(world);
    counted.end();
    const final = await world.inspect();
    expect(final.problems).toEqual([]);
    // Keys differ from run to run, so they tell nothing about which of the two a state is.
    const isRotation = name.includes('access');
    const [before, after] = [initial, final].map(shapeOf);
    if (name !== 'revoking read access' && name !== 'revoking write access') expect(after).not.toEqual(before);
    const pointers = [...state.pointers.values()];
    for (const [n, call] of counted.calls.entries()) {
      for (const kind of kindsOf(call)) {
        reset();
        const cut = new CutOff(world, n, kind);
        const wasDone = await operation(world).then(
          () => true,
          () => false,
        );
        cut.end();
        machine.time += 3_600_000;
        world.restart();
        const where = `${call}, call ${n}, ${kind}`;
        const isUntouched = [...server.saveState().pointers.values()].every((signed, i) => signed === pointers[i]);
        // A read that fails before anything was written.
        if (isUntouched && !WRITES.has(call)) continue;
        const then = await world.inspect();
        expect(then.problems, where).toEqual([]);
        const shape = shapeOf(then);
        if (isUntouched) expect(shape, where).toEqual(before);
        else expect([before, after], where).toContainEqual(shape);
        if (wasDone) expect(shape, where).toEqual(after);
        const isOld = [...then.items].every(([path, { capability }]) => initial.items.get(path)?.capability.equals(capability));
        if (isRotation ? isOld : !wasDone && JSON.stringify(shape) === JSON.stringify(before)) await operation(world);
        const last = await world.inspect();
        expect(last.problems, `${where}, repeated`).toEqual([]);
        expect(shapeOf(last), `${where}, repeated`).toEqual(after);
        expect(last.owned.length).toBe(final.owned.length);
      }
    }
  }, 300_000);
});

describe('deleting in many commits', () => {
  test('cut off at any call: what is left is in order, and deleting goes on', async () => {
    // So little is buffered that everything is sent at once.
    const world = await populated({ flushSize: 1 }, true);
    const { server, clock: machine } = world.files.base;
    const [state, time] = [server.saveState(), machine.time];
    const remove = OPERATIONS['deleting'] as Operation;
    const counted = new CutOff(world);
    await remove(world);
    counted.end();
    const final = await world.inspect();
    const commits = counted.calls.filter((call) => call === 'setPointers').length;
    expect(commits).toBeGreaterThan(1);
    for (const [n, call] of counted.calls.entries()) {
      for (const kind of kindsOf(call)) {
        server.restoreState(state);
        machine.time = time;
        world.restart();
        const cut = new CutOff(world, n, kind);
        await remove(world).catch(() => undefined);
        cut.end();
        machine.time += 3_600_000;
        world.restart();
        const then = await world.inspect();
        expect(then.problems.filter((problem) => !problem.startsWith('dangling entry'))).toEqual([]);
        if (then.tree.has('/ada/docs')) await remove(world);
        const last = await world.inspect();
        expect(last.problems).toEqual([]);
        expect(shapeOf(last)).toEqual(shapeOf(final));
      }
    }
  }, 300_000);
});
