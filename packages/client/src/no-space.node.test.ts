import type { PyrgosError } from '@pyrgos/core/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcome } from '../test/commit-world.js';
import { ServerWorld } from '../test/server-world.js';
import type { RequestCounter } from './network/index.js';
import { PyrgosServer } from './pyrgos-server.js';
import type { UserSession } from './user-session.js';

const password = 'correct horse battery staple';
const QUOTA = 20_000_000;
let world: ServerWorld;

beforeAll(async () => {
  world = await ServerWorld.start({ flags: { 'default-quota': `${QUOTA}` } });
});
afterAll(async () => world.close());

async function newUser(username: string): Promise<{ readonly session: UserSession; readonly counter: RequestCounter }> {
  const { network, counter } = world.counted();
  return { session: await new PyrgosServer(network, { crypto: world.quick }).signUp({ username, password }), counter };
}

const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);
const caught = async (promise: Promise<unknown>): Promise<PyrgosError> =>
  promise.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as PyrgosError,
  );

test('what cannot fit is refused before anything of it is sent, and the account goes on', async () => {
  const { session, counter } = await newUser('large');
  const { files } = session;
  await files.write('/large/kept', bytes(1000));
  const blocks = (): number => counter.count('blocks', 'block/put/bulk');
  const before = blocks();
  for (const source of [bytes(30_000_000), new Blob([bytes(30_000_000) as Uint8Array<ArrayBuffer>])]) {
    const error = await caught(files.write('/large/film', source));
    expect(error).toMatchObject({ code: 'quota', data: { quota: QUOTA, size: 30_000_000 } });
    expect(error.data['used']).toBeGreaterThan(0);
  }
  expect((await caught(files.append('/large/kept', bytes(30_000_000)))).code).toBe('quota');
  expect((await caught(files.write('/large/kept', bytes(30_000_000)))).code).toBe('quota');
  const entries = [{ path: ['film'], source: bytes(30_000_000) }];
  expect(await outcome(files.writeTree('/large/new', entries).next())).toBe('quota');
  expect(blocks()).toBe(before);
  expect(await files.clearUnfinishedUploads()).toBe(0);
  expect(await files.find('/large/new')).toBeUndefined();
  // Nothing of it counts, neither as space nor as what may be uploaded in a day.
  await files.write('/large/fits', bytes(12_000_000));
  await files.remove('/large/fits');
  await files.write('/large/kept', bytes(2000));
});

test('a stream that turns out to be too long ends with quota, and the account goes on', async () => {
  const { session } = await newUser('endless');
  const { files, space } = session;
  const used = await space.usage();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield bytes(1_000_000);
  }
  expect((await caught(files.write('/endless/stream', endless()))).code).toBe('quota');
  expect(await files.find('/endless/stream')).toBeUndefined();
  await files.write('/endless/small', bytes(1000));
  await files.remove('/endless/small');
  // What it has stored is not counted any more.
  expect(await space.usage({ pending: true })).toBeLessThan(used + 200_000);
  // It has used up what may be uploaded in a day: the server says until when.
  const error = await caught(
    (async () => {
      for (let i = 0; i < 5; i++) await files.write('/endless/more', bytes(4_000_000 + i));
    })(),
  );
  expect(error).toMatchObject({ code: 'rate' });
  expect(error.data['retryAfterSeconds']).toBeGreaterThan(3600);
});
