import type { PyrgosError } from '@pyrgos/core/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcome } from '../test/commit-world.js';
import { ServerWorld } from '../test/server-world.js';
import type { RequestCounter } from './network/index.js';
import { PyrgosServer } from './pyrgos-server.js';
import type { UserSession } from './user-session.js';

const password = 'violet anchor sleeps beneath copper';
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

test('what replaces a file needs room beside it: old and new content are both there until the commit', async () => {
  const { session, counter } = await newUser('twice');
  const { files } = session;
  await files.write('/twice/film', bytes(12_000_000));
  const sent = counter.count('blocks', 'block/put/bulk');
  const error = await caught(files.write('/twice/film', bytes(12_000_000).fill(8)));
  expect(error).toMatchObject({ code: 'quota', data: { quota: QUOTA, size: 12_000_000 } });
  expect(counter.count('blocks', 'block/put/bulk')).toBe(sent);
  await files.write('/twice/film', bytes(4_000_000).fill(8));
  expect((await files.stat('/twice/film')).size).toBe(4_000_000);
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
      for (let i = 0; i < 7; i++) await files.write('/endless/more', bytes(4_000_000 + i));
    })(),
  );
  expect(error).toMatchObject({ code: 'rate' });
  expect(error.data['retryAfterSeconds']).toBeGreaterThan(3600);
});

test('a copy that cannot fit is refused before anything of it is sent, and the account goes on', async () => {
  const { session, counter } = await newUser('copies');
  const { files } = session;
  const blocks = (): number => counter.count('blocks', 'block/put/bulk');
  await files.write('/copies/film', bytes(6_000_000));
  const small = Array.from({ length: 60 }, (_, i) => ({ path: [`${i % 3}`, `${i}`], source: bytes(75_000 + i) }));
  for await (const { outcome: what } of files.writeTree('/copies/many', small)) expect(what).toBe('created');
  // What fits is copied.
  await files.copy('/copies/film', '/copies');
  const before = blocks();
  for (let i = 0; i < 3; i++) {
    expect(await caught(files.copy('/copies/film', '/copies'))).toMatchObject({ code: 'quota', data: { quota: QUOTA } });
    expect(await caught(files.copy('/copies/many', '/copies'))).toMatchObject({ code: 'quota', data: { quota: QUOTA } });
  }
  expect(blocks()).toBe(before);
  await files.remove('/copies/film');
  await files.copy('/copies/many/1', '/copies');
});

test('a tree that cannot fit is refused before anything of it is sent; what is there already needs no room', async () => {
  const { session, counter } = await newUser('trees');
  const { files } = session;
  const blocks = (): number => counter.count('blocks', 'block/put/bulk');
  const tree = (count: number, size: number) =>
    Array.from({ length: count }, (_, i) => ({ path: [`d${i % 7}`, `${i}`], source: bytes(size + i) }));
  const write = async (entries: Parameters<typeof files.writeTree>[1]): Promise<string[]> => {
    const outcomes: string[] = [];
    for await (const { outcome: what } of files.writeTree('/trees/t', entries)) outcomes.push(what);
    return outcomes;
  };
  await files.write('/trees/kept', bytes(1000));
  const before = blocks();
  for (let i = 0; i < 3; i++) {
    expect(await caught(write(tree(300, 100_000)))).toMatchObject({ code: 'quota', data: { quota: QUOTA } });
    // Each of them takes a block of 4 KiB at least.
    expect(await caught(write(tree(6000, 10)))).toMatchObject({ code: 'quota', data: { quota: QUOTA } });
    expect(await caught(write([...tree(100, 100_000), { path: ['film'], source: bytes(15_000_000) }]))).toMatchObject({ code: 'quota' });
  }
  expect(blocks()).toBe(before);
  expect(await files.find('/trees/t')).toBeUndefined();
  expect(new Set(await write(tree(90, 100_000)))).toEqual(new Set(['created']));
  // Twice that would not fit.
  expect(new Set(await write(tree(91, 100_000)))).toEqual(new Set(['unchanged', 'created']));
  // Where nobody knows how many come, each part is looked at before it is sent.
  const sent = blocks();
  async function* unknown(): AsyncGenerator<ReturnType<typeof tree>[number]> {
    yield* tree(300, 100_000).map((entry) => ({ ...entry, path: ['more', ...entry.path] }));
  }
  for (let i = 0; i < 3; i++) expect(await caught(write(unknown()))).toMatchObject({ code: 'quota', data: { quota: QUOTA } });
  // The first part, of 8 MiB, did fit; the second one did not, three times.
  expect(blocks() - sent).toBeLessThan(150);
  await files.remove('/trees/t');
  await files.write('/trees/kept', bytes(2000));
});

test('who has saved a file until nothing may be uploaded any more today still renames, empties and removes', async () => {
  const { session } = await newUser('saver');
  const { files } = session;
  const paths = Array.from({ length: 30 }, (_, i) => `/saver/f${i}`);
  for (const path of paths) await files.write(path, bytes(100_000));
  const save = async (): Promise<void> => {
    for (let i = 0; i < 400; i++) await files.write('/saver/note', bytes(90_000 + i));
  };
  expect((await caught(save())).code).toBe('rate');
  expect((await caught(save())).code).toBe('rate');
  await files.rename('/saver/f0', 'g0');
  await files.truncate('/saver/f1', 0);
  await files.makeDirectory('/saver/made');
  await files.remove('/saver/g0');
  for (const path of paths.slice(1)) await files.remove(path);
  const left = [];
  for await (const { name } of files.list('/saver')) left.push(name);
  expect(left).not.toContain('f29');
});
