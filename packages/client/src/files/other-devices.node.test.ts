import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { ManualClock } from '../../test/commit-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;
let here: UserSession;
let elsewhere: UserSession;
let asking: UserSession;
let count = 0;

beforeAll(async () => {
  world = await ServerWorld.start();
  // Time stands still for the devices, so that nothing becomes old.
  const clock = new ManualClock();
  clock.time = Date.now();
  const server = new PyrgosServer(world.network(), { crypto: world.quick, clock });
  here = await server.signUp({ username: 'alice', password });
  elsewhere = await server.logIn({ username: 'alice', password });
  asking = await new PyrgosServer(world.network(), { crypto: world.quick, clock, pointerCacheMilliseconds: 0 }).logIn({
    username: 'alice',
    password,
  });
});
afterAll(async () => world.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = async ({ files }: UserSession, path: string): Promise<string> => new TextDecoder().decode(await files.read(path));

test('what is not found is looked for once more', async () => {
  const looks: readonly ((path: string) => Promise<unknown>)[] = [
    async (path) => here.files.read(path),
    async (path) => here.files.open(path),
    async (path) => here.files.stat(path),
    async (path) => expect(await here.files.find(path)).toBeDefined(),
    async (path) => here.files.stream(path),
    async (path) => {
      await expect(here.files.list(path).next()).rejects.toMatchObject({ code: 'conflict.file', data: { field: 'path' } });
    },
  ];
  for (const look of looks) {
    const path = `/alice/new${count++}`;
    // Seen just now: it is not there.
    expect(await here.files.find(path)).toBeUndefined();
    await elsewhere.files.write(path, bytes('new'));
    await look(path);
  }
});

test('what has changed is seen after a refresh, or when reads always ask', async () => {
  const path = '/alice/changed';
  await here.files.write(path, bytes('first'));
  await elsewhere.files.write(path, bytes('second'));
  expect(await textOf(here, path)).toBe('first');
  expect(await textOf(asking, path)).toBe('second');
  here.files.refresh();
  expect(await textOf(here, path)).toBe('second');
  await elsewhere.files.write(path, bytes('third'));
  expect(await textOf(asking, path)).toBe('third');
});

test.each(['pointerCacheMilliseconds', 'cacheBytes'])('%s must be a number from 0', async (field) => {
  for (const value of [-1, 0.5, '1', null]) {
    const server = new PyrgosServer(world.network(), { crypto: world.quick, [field]: value });
    await expect(server.logIn({ username: 'alice', password })).rejects.toMatchObject({ code: 'argument', data: { field } });
  }
});
