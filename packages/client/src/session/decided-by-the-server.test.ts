import { PyrgosError } from '@pyrgos/core/errors';
import type { PointerStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { FileWorld } from '../../test/file-world.js';
import type { FileSystem } from '../files/file-system.js';
import { MemoryLocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { rememberedPointers } from './remembered-pointers.js';

type State = 'well' | 'slow' | 'unreachable';

interface TwoDevices {
  readonly world: FileWorld;
  /** Remembers pointers. */
  readonly here: FileSystem;
  readonly there: FileSystem;
  /** How the server is for the first one from now on. */
  readonly set: (state: State) => void;
  /** How often the first one has asked where a pointer stands. */
  readonly questions: () => number;
}

/** A device that remembers pointers, and reuses them for some milliseconds without a question, and a second one that does neither. */
async function twoDevices(pointerCacheMilliseconds = 0): Promise<TwoDevices> {
  const world = await FileWorld.create();
  const { server, clock, crypto } = world.base;
  let state: State = 'well';
  let questions = 0;
  const pointers: PointerStore = {
    getPointer: async (...call) => {
      questions++;
      if (state === 'unreachable') throw new PyrgosError('network', 'gone', { retry: 'safe', data: { reason: 'unreachable' } });
      // Long enough for the patience below to end before it.
      if (state === 'slow') await new Promise((resolve) => setTimeout(resolve, 20));
      return server.pointers.getPointer(...call);
    },
    setPointer: server.pointers.setPointer.bind(server.pointers),
    setPointers: server.pointers.setPointers.bind(server.pointers),
  };
  const online = new OnlineState(clock, (_milliseconds, run) => {
    const timer = setTimeout(run, 1);
    return () => clearTimeout(timer);
  });
  const remembering = rememberedPointers({ pointers, store: new MemoryLocalStore(), crypto, online });
  const sessions = world.newSessions({ stores: { blocks: server.blocks, pointers: remembering }, pointerCacheMilliseconds });
  return { world, here: world.device(sessions), there: world.device(), set: (next) => (state = next), questions: () => questions };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const said = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'made',
    (error: unknown) => (error instanceof PyrgosError ? error.code : 'unknown'),
  );

describe.each(['slow', 'unreachable'] as const)('while the server is %s, and another device has changed everything', (state) => {
  const expected = state === 'slow' ? 'made' : 'network';
  const kept = (made: string): string => (state === 'slow' ? made : 'theirs');

  test('a write that seems to change nothing is made, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.write('/ada/f', 'mine');
    await there.write('/ada/f', 'theirs');
    set(state);
    expect(await said(here.write('/ada/f', 'mine'))).toBe(expected);
    expect(text(await world.device().read('/ada/f'))).toBe(kept('mine'));
  });

  test('a file that would be skipped is written when it is gone, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.write('/ada/f', 'first');
    await there.remove('/ada/f');
    set(state);
    expect(await said(here.write('/ada/f', 'mine', { onExisting: 'skip' }))).toBe(expected);
    expect((await world.device().find('/ada/f')) !== undefined).toBe(state === 'slow');
  });

  test('directories that seem to exist are made, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/d/e', { parents: true });
    await there.remove('/ada/d');
    set(state);
    expect(await said(here.makeDirectory('/ada/d/e', { parents: true }))).toBe(expected);
    expect((await world.device().find('/ada/d/e'))?.isDirectory === true).toBe(state === 'slow');
  });

  test('a tree of which everything seems to be there is written, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    const write = async (): Promise<void> => {
      for await (const _ of here.writeTree('/ada/d', [{ path: ['g'], source: 'mine' }])) continue;
    };
    await write();
    await there.remove('/ada/d');
    set(state);
    expect(await said(write())).toBe(expected);
    expect((await world.device().find('/ada/d/g')) !== undefined).toBe(state === 'slow');
  });

  test('properties that seem to be set already are set, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    const [mine, theirs] = [new Date(86_400_000), new Date(172_800_000)];
    await here.write('/ada/f', 'x', { modified: mine });
    await there.setProperties('/ada/f', { modified: theirs });
    set(state);
    expect(await said(here.setProperties('/ada/f', { modified: mine }))).toBe(expected);
    expect((await world.device().stat('/ada/f')).modified).toEqual(state === 'slow' ? mine : theirs);
  });

  test('a file that seems to have its length is truncated, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.write('/ada/f', 'four');
    await there.write('/ada/f', 'theirs');
    set(state);
    expect(await said(here.truncate('/ada/f', 4))).toBe(expected);
    expect(text(await world.device().read('/ada/f'))).toBe(kept('thei'));
  });

  test('a copy is one of what the server has, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/backup');
    await here.write('/ada/f', 'old');
    await here.read('/ada/f');
    await there.write('/ada/f', 'theirs');
    set(state);
    expect(await said(here.copy('/ada/f', '/ada/backup'))).toBe(expected);
    const copy = await world.device().find('/ada/backup/f');
    expect(copy === undefined ? undefined : text(await world.device().read('/ada/backup/f'))).toBe(state === 'slow' ? 'theirs' : undefined);
  });

  test('a copy from another writing space is one of what the server has, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await world.addFile(await world.addLinkedDirectory(world.home, 'space', 200), 'f', new TextEncoder().encode('old'));
    await here.makeDirectory('/ada/backup');
    await here.read('/ada/space/f');
    await there.write('/ada/space/f', 'theirs');
    set(state);
    expect(await said(here.copy('/ada/space', '/ada/backup'))).toBe(expected);
    const copy = await world.device().find('/ada/backup/space/f');
    expect(copy === undefined ? undefined : text(await world.device().read(copy.path))).toBe(state === 'slow' ? 'theirs' : undefined);
  });

  test('a move whose content is made anew is one of what the server has, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/backup');
    await here.write('/ada/f', 'old');
    await here.read('/ada/f');
    await there.write('/ada/f', 'theirs');
    set(state);
    expect(await said(here.move('/ada/f', '/ada/backup', { keepAccess: false }))).toBe(expected);
    expect(text(await world.device().read(state === 'slow' ? '/ada/backup/f' : '/ada/f'))).toBe('theirs');
  });

  test('a directory is made although one is remembered, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/d');
    await there.remove('/ada/d');
    set(state);
    expect(await said(here.makeDirectory('/ada/d'))).toBe(expected);
    expect((await world.device().find('/ada/d')) !== undefined).toBe(state === 'slow');
  });

  test('what is gone is not renamed to the name that it has', async () => {
    const { here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/d');
    await there.remove('/ada/d');
    set(state);
    expect(await said(here.rename('/ada/d', 'd'))).toBe(state === 'slow' ? 'not-found.file' : 'network');
  });

  test('a removal of what seems to be gone removes it, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.list('/ada').next();
    await there.write('/ada/f', 'theirs');
    set(state);
    expect(await said(here.remove('/ada/f'))).toBe(expected);
    expect((await world.device().find('/ada/f')) === undefined).toBe(state === 'slow');
  });

  test('a directory that seems to be there is made for a tree without entries, or it fails', async () => {
    const { world, here, there, set } = await twoDevices();
    await here.makeDirectory('/ada/d');
    await there.remove('/ada/d');
    set(state);
    const write = async (): Promise<void> => {
      for await (const _ of here.writeTree('/ada/d', [])) continue;
    };
    expect(await said(write())).toBe(expected);
    expect((await world.device().find('/ada/d')) !== undefined).toBe(state === 'slow');
  });

  test.each(['/ada/d', '/ada/d/f'])('content of %s that seems to have its keys already is encrypted anew, or it fails', async (path) => {
    const { world, here, there, set } = await twoDevices();
    await here.write('/ada/d/f', 'x', { parents: true });
    await here.read('/ada/d/f');
    await there.rotateKeys('/ada/d');
    set(state);
    const count = await here.reencrypt(path).catch((error: unknown) => (error instanceof PyrgosError ? error.code : 'unknown'));
    expect(count).toBe(state === 'slow' ? 1 : 'network');
    expect(await world.device().reencrypt(path)).toBe(state === 'slow' ? 0 : 1);
  });
});

test('every change ends with `network` when the server is unreachable, and reading goes on', async () => {
  const { here, set } = await twoDevices();
  await here.write('/ada/f', 'mine');
  await here.makeDirectory('/ada/d/e', { parents: true });
  await here.read('/ada/f');
  set('unreachable');
  const calls: readonly (() => Promise<unknown>)[] = [
    async () => here.write('/ada/f', 'other', { onExisting: 'error' }),
    async () => here.truncate('/ada/f', 4),
    async () => here.setProperties('/ada/f', {}),
    async () => here.rename('/ada/f', 'f'),
    async () => here.remove('/ada/nothing'),
    async () => here.append('/ada/f', ''),
  ];
  for (const call of calls) expect.soft(await said(call()), String(call)).toBe('network');
  expect(text(await here.read('/ada/f'))).toBe('mine');
});

test('a change that finds nothing to do costs one question more', async () => {
  const { here, questions } = await twoDevices(7000);
  await here.write('/ada/f', 'mine');
  await here.makeDirectory('/ada/d/e', { parents: true });
  const cost = async (call: () => Promise<unknown>): Promise<number> => {
    const before = questions();
    await call();
    return questions() - before;
  };
  expect(await cost(async () => here.write('/ada/f', 'mine'))).toBe(1);
  expect(await cost(async () => here.makeDirectory('/ada/d/e', { parents: true }))).toBe(1);
  here.refresh();
  expect(await cost(async () => here.write('/ada/f', 'mine'))).toBe(2);
});
