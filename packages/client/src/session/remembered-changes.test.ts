import { PyrgosError } from '@pyrgos/core/errors';
import type { PointerStore } from '@pyrgos/core/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from '../files/file-system.js';
import { MemoryLocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { rememberedPointers } from './remembered-pointers.js';

/** `slow`: the server answers, but only after the device has lost patience and gone by what it remembers. */
type Condition = 'well' | 'slow' | 'unreachable';

let world: FileWorld;
let condition: Condition;
let questions: number;
/** Remembers pointers. */
let here: FileSystem;
let there: FileSystem;

beforeEach(async () => {
  world = await FileWorld.create();
  condition = 'well';
  questions = 0;
  here = remembering(0);
  there = world.device();
});

/** A device that remembers pointers, and reuses them for some milliseconds without a question. */
function remembering(pointerCacheMilliseconds: number): FileSystem {
  const { server, clock, crypto } = world.base;
  const pointers: PointerStore = {
    getPointer: async (...parameters) => {
      questions++;
      if (condition === 'unreachable') throw new PyrgosError('network', 'gone', { retry: 'safe', data: { reason: 'unreachable' } });
      if (condition === 'slow') await new Promise((resolve) => setTimeout(resolve, 20));
      return server.pointers.getPointer(...parameters);
    },
    setPointer: server.pointers.setPointer.bind(server.pointers),
    setPointers: server.pointers.setPointers.bind(server.pointers),
  };
  const online = new OnlineState(clock, (_, giveUp) => {
    if (condition === 'slow') giveUp();
    return () => undefined;
  });
  const remembered = rememberedPointers({ pointers, store: new MemoryLocalStore(), crypto, online });
  return world.device(world.newSessions({ stores: { blocks: server.blocks, pointers: remembered }, pointerCacheMilliseconds }));
}

async function textOf(path: string): Promise<string> {
  return new TextDecoder().decode(await world.device().read(path));
}

/** What comes of a call: the outcome of a write, `done`, or the code of an error. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    const result = await call;
    return typeof result === 'object' && result !== null && 'outcome' in result ? String(result.outcome) : 'done';
  } catch (error) {
    return error instanceof PyrgosError ? error.code : String(error);
  }
}

async function treeOutcomes(files: FileSystem, directory: string, ...names: string[]): Promise<string[]> {
  const outcomes: string[] = [];
  const entries = names.map((name) => ({ path: [name], source: 'mine' }));
  for await (const { outcome: said } of files.writeTree(directory, entries)) outcomes.push(said);
  return outcomes;
}

/** Both devices see the same; then the other one changes something, and the server gets into a condition. */
async function behindTheBack(change: () => Promise<unknown>, then: Condition): Promise<void> {
  there.refresh();
  await change();
  world.base.clock.time += 48 * 3_600_000;
  condition = then;
}

describe('a change that finds nothing to do in what this device remembers', () => {
  beforeEach(async () => {
    await here.write('/ada/f', 'mine');
    await here.makeDirectory('/ada/d/e', { parents: true });
    await here.write('/ada/d/g', 'mine');
    await here.read('/ada/f');
  });

  const modified = new Date(1_600_000_000_000);

  test.each<Condition>(['slow', 'well'])('is made on what the server has, which is %s', async (how) => {
    await here.setProperties('/ada/f', { modified });
    await behindTheBack(async () => {
      await there.write('/ada/f', 'theirs, and longer');
      await there.remove('/ada/d');
    }, how);
    expect(await outcome(here.write('/ada/f', 'mine'))).toBe('replaced');
    expect(await outcome(here.write('/ada/d/g', 'mine', { onExisting: 'skip' }))).toBe('not-found.file');
    expect(await outcome(here.makeDirectory('/ada/d/e', { parents: true }))).toBe('done');
    expect(await textOf('/ada/f')).toBe('mine');
    expect((await world.device().find('/ada/d/e'))?.isDirectory).toBe(true);
  });

  test('so are properties, sizes, names and trees', async () => {
    await here.setProperties('/ada/f', { modified });
    await behindTheBack(async () => {
      await there.write('/ada/f', 'theirs, and longer');
      await there.remove('/ada/d');
    }, 'slow');
    await here.truncate('/ada/f', 4);
    expect(await textOf('/ada/f')).toBe('thei');
    await here.setProperties('/ada/f', { modified });
    expect((await world.device().find('/ada/f'))?.modified).toEqual(modified);
    expect(await outcome(here.rename('/ada/d', 'd'))).toBe('not-found.file');
    expect(await treeOutcomes(here, '/ada/d', 'g')).toEqual(['created']);
    expect(await textOf('/ada/d/g')).toBe('mine');
  });

  test('an empty tree makes the directory that is only remembered', async () => {
    await behindTheBack(async () => there.remove('/ada/d'), 'slow');
    await treeOutcomes(here, '/ada/d');
    expect((await world.device().find('/ada/d'))?.isDirectory).toBe(true);
  });

  test('a refusal because of what is only remembered is none', async () => {
    await behindTheBack(async () => {
      await there.remove('/ada/d');
      await there.write('/ada/new', 'theirs');
    }, 'slow');
    expect(await outcome(here.makeDirectory('/ada/d'))).toBe('done');
    expect(await outcome(here.remove('/ada/new'))).toBe('done');
    expect(await world.device().find('/ada/new')).toBeUndefined();
  });

  test('ends with `network` when the server is unreachable', async () => {
    await behindTheBack(async () => undefined, 'unreachable');
    const calls: readonly (() => Promise<unknown>)[] = [
      async () => here.write('/ada/f', 'mine'),
      async () => here.write('/ada/f', 'other', { onExisting: 'skip' }),
      async () => here.write('/ada/f', 'other', { onExisting: 'error' }),
      async () => here.makeDirectory('/ada/d/e', { parents: true }),
      async () => here.makeDirectory('/ada/d'),
      async () => treeOutcomes(here, '/ada/d'),
      async () => here.truncate('/ada/f', 4),
      async () => here.setProperties('/ada/f', {}),
      async () => here.rename('/ada/f', 'f'),
      async () => here.remove('/ada/nothing'),
      async () => here.copy('/ada/f', '/ada/d'),
      async () => here.append('/ada/f', ''),
    ];
    for (const call of calls) expect.soft(await outcome(call()), String(call)).toBe('network');
    // Reading is another matter.
    expect(new TextDecoder().decode(await here.read('/ada/f'))).toBe('mine');
  });

  test('costs one question more at most', async () => {
    const device = remembering(7000);
    await device.read('/ada/f');
    questions = 0;
    expect(await outcome(device.write('/ada/f', 'mine'))).toBe('unchanged');
    expect(questions).toBe(1);
    device.refresh();
    questions = 0;
    expect(await outcome(device.write('/ada/f', 'mine'))).toBe('unchanged');
    expect(questions).toBe(2);
    device.refresh();
    questions = 0;
    await device.makeDirectory('/ada/d/e', { parents: true });
    expect(questions).toBe(2);
  });
});

describe('what is taken from the tree', () => {
  test.each<Condition>(['slow', 'well'])('is what the server has, which is %s, in a copy', async (how) => {
    await here.makeDirectory('/ada/backup');
    await here.write('/ada/f', 'old');
    await here.read('/ada/f');
    await behindTheBack(async () => there.write('/ada/f', 'new content of another device'), how);
    await here.copy('/ada/f', '/ada/backup');
    expect(await textOf('/ada/backup/f')).toBe('new content of another device');
  });

  test('is what the server has in a move whose content is made anew', async () => {
    await here.makeDirectory('/ada/backup');
    await here.write('/ada/f', 'old');
    await here.read('/ada/f');
    await behindTheBack(async () => there.write('/ada/f', 'new content of another device'), 'slow');
    await here.move('/ada/f', '/ada/backup', { keepAccess: false });
    expect(await textOf('/ada/backup/f')).toBe('new content of another device');
  });

  test('a copy from another writing space is of what the server has', async () => {
    const space = await world.addLinkedDirectory(world.home, 'space', 200);
    await world.addFile(space, 'f', new TextEncoder().encode('old'));
    here.refresh();
    await here.makeDirectory('/ada/backup');
    await here.read('/ada/space/f');
    there.refresh();
    await behindTheBack(async () => there.write('/ada/space/f', 'new content of another device'), 'slow');
    await here.copy('/ada/space', '/ada/backup');
    expect(await textOf('/ada/backup/space/f')).toBe('new content of another device');
  });
});
