import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changedNetwork } from '../../test/changed-network.js';
import { HeldClock, Heard, ScriptedLive } from '../../test/live-world.js';
import { befriend, People } from '../../test/people-world.js';
import { ServerWorld } from '../../test/server-world.js';
import type { RequestCounter } from '../network/index.js';
import { signUp } from '../session/index.js';
import { UserSession } from '../user-session.js';

// What a server may answer to those who wait, of which the real one says little in a test.

let world: ServerWorld;
let people: People;

beforeAll(async () => {
  world = await ServerWorld.start();
  people = new People(world);
});
afterAll(async () => world.close());

const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await pause(5);
};
const nothing = { account: false, requests: false, friends: [], chats: [] };
const password = 'nine copper kettles in the rain';

interface Scripted {
  readonly session: UserSession;
  readonly live: ScriptedLive;
  readonly clock: HeldClock;
  readonly counter: RequestCounter;
  readonly heard: Heard;
}

async function scripted(name: string): Promise<Scripted> {
  const { network, counter } = world.counted();
  const [live, clock] = [new ScriptedLive(), new HeldClock()];
  const account = await signUp(changedNetwork(network, { live }), { crypto: world.quick, username: name, password, clock });
  return { session: new UserSession(account), live, clock, counter, heard: new Heard() };
}

/** What the server would answer to the first request: where everything stands. */
async function stand({ session, live }: Scripted): Promise<readonly { readonly index: number; readonly signed: Uint8Array }[]> {
  await eventually(() => live.isWaiting);
  const { pointers = [] } = live.calls.at(-1) ?? {};
  return Promise.all(
    pointers.map(async ({ owner, writer }, index) => ({
      index,
      signed: (await session.account.network.pointers.getPointer(owner, writer)) ?? new Uint8Array(),
    })),
  );
}

test('where there is no room it is looked, and tried again when the server has said so', async () => {
  const here = await scripted('aada');
  const { session, live, clock, counter, heard } = here;
  const watch = session.watch(heard.listener);
  await eventually(() => live.isWaiting);
  counter.reset();
  live.answer({ pauseSeconds: 120 });
  expect(await heard.next()).toMatchObject({ account: true });
  await eventually(() => counter.count('social') === 1 && clock.isAsleep);
  expect(live.calls).toHaveLength(1);
  clock.pass(120_000);
  clock.wake();
  await eventually(() => live.calls.length === 2 || clock.isAsleep);
  clock.wake();
  await eventually(() => live.isWaiting);
  watch.close();
});

test('what the server does not watch is looked for beside the waiting, and left out of the next request', async () => {
  const here = await scripted('abob');
  const { session, live, clock, heard } = here;
  const friend = await people.join('afriend');
  await befriend(session, friend);
  const watch = session.watch(heard.listener);
  const pointers = await stand(here);
  expect(pointers).toHaveLength(2);
  live.answer({ pointers: [pointers[0]!], elsewhere: [1], requests: new Uint8Array(32) });
  expect(await heard.next()).toMatchObject({ account: true, friends: ['afriend'] });
  // Where the friend stands was asked for.
  expect(await heard.next()).toEqual({ ...nothing, friends: ['afriend'] });
  await eventually(() => live.isWaiting || clock.isAsleep);
  clock.wake();
  await eventually(() => live.isWaiting);
  expect(live.calls.at(-1)?.pointers).toHaveLength(1);
  await friend.files.write('/afriend/a.txt', new Uint8Array(3));
  clock.pass(20_000);
  live.answer({});
  expect(await heard.next()).toEqual({ ...nothing, friends: ['afriend'] });
  watch.close();
});

test('requests that cannot be asked for keep nothing else from being watched', async () => {
  const here = await scripted('acarl');
  const { session, live, clock, heard } = here;
  const watch = session.watch(heard.listener);
  const pointers = await stand(here);
  expect(live.calls[0]?.requests).toBeDefined();
  live.fail(new DeniedError('denied.stale', 'The clocks differ.'));
  await eventually(() => live.isWaiting);
  expect(live.calls[1]).toMatchObject({ pointers: [{ mark: undefined }] });
  expect(live.calls[1]?.requests).toBeUndefined();
  live.answer({ pointers });
  expect(await heard.next()).toMatchObject({ account: true });
  await eventually(() => live.isWaiting || clock.isAsleep);
  clock.wake();
  await eventually(() => live.isWaiting);
  clock.pass(600_000);
  live.answer({});
  await eventually(() => live.isWaiting);
  expect(live.calls.at(-1)?.requests).toBeDefined();
  watch.close();
});

test('failures are repeated later and later, then it is looked instead; a network that is back is tried at once', async () => {
  const here = await scripted('adora');
  const { session, live, clock, counter, heard } = here;
  const watch = session.watch(heard.listener);
  await eventually(() => live.isWaiting);
  clock.naps.length = 0;
  counter.reset();
  for (let i = 0; i < 4; i++) {
    await eventually(() => live.isWaiting);
    live.fail(new PyrgosError('network', 'The server cannot be reached.', { retry: 'safe', data: { reason: 'unreachable' } }));
    await eventually(() => clock.isAsleep);
    if (i < 3) clock.wake();
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = clock.naps;
  for (const [nap, most] of [
    [first, 1000],
    [second, 2000],
    [third, 4000],
    [fourth, 8000],
  ] as const) {
    expect(nap).toBeLessThanOrEqual(most);
    expect(nap).toBeGreaterThanOrEqual(most / 2);
  }
  clock.wake();
  expect(await heard.next()).toMatchObject({ account: true, requests: true });
  expect(counter.count('pointers')).toBeGreaterThan(0);
  expect(live.calls).toHaveLength(4);
  await eventually(() => clock.isAsleep);
  watch.look();
  await eventually(() => live.isWaiting || clock.isAsleep);
  clock.wake();
  await eventually(() => live.isWaiting);
  expect(live.calls).toHaveLength(5);
  watch.close();
});
