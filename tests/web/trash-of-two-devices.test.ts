import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { trashService } from '../../packages/web/src/engine/services/trash-service.js';
import { PASSWORD } from './web-world.js';

const HOUR = 3_600_000;
const context = { signal: new AbortController().signal, emit: () => undefined, ask: async () => Promise.resolve(undefined) };

let daemon: DaemonProcess;
const sessions: UserSession[] = [];
/** Milliseconds since 1970. */
let now = Date.UTC(2026, 0, 1);
/** The trash as two devices of one person see it. */
let trashes: readonly ReturnType<typeof trashService>[];

beforeAll(async () => {
  daemon = await startDaemonProcess({ 'max-users': '10' });
  // Each device looks at the server each time.
  const device = async (): ReturnType<typeof connect> => connect(daemon.url, { pointerCacheMilliseconds: 0 });
  sessions.push(await (await device()).signUp({ username: 'ada', password: PASSWORD, token: '' }));
  sessions.push(await (await device()).logIn({ username: 'ada', password: PASSWORD }));
  trashes = sessions.map((session) => trashService({ session }, () => now));
});
afterAll(async () => {
  for (const session of sessions) session.close();
  await daemon?.stop();
});
beforeEach(async () => {
  const { files } = sessions[0]!;
  if ((await files.find('/ada/.trash')) !== undefined) await files.remove('/ada/.trash');
  for (const path of ['/ada/docs', '/ada/long']) if ((await files.find(path)) !== undefined) await files.remove(path);
  await files.makeDirectory('/ada/docs', { parents: true });
  for (const name of ['a', 'b', 'c', 'd']) await files.write(`/ada/docs/${name}`, name);
  now += 24 * HOUR;
});

const put = async (device: number, ...names: readonly string[]): Promise<void> => {
  const { problems } = await trashes[device]!['trash.put']({ paths: names.map((name) => `/ada/docs/${name}`) }, context);
  expect(problems).toEqual([]);
};
const list = async (device: number): Promise<readonly string[]> =>
  (await trashes[device]!['trash.list'](undefined, context)).map(({ path }) => path);
const names = async (device: number): Promise<readonly (string | undefined)[]> =>
  (await list(device)).map((path) => path.split('/').at(-1)).sort((a = '', b = '') => a.localeCompare(b));

test.each([
  ['at another moment', 60_000],
  ['at the same moment', 0],
])('emptying the trash leaves what another device has put there since it was looked at: %s', async (_, later) => {
  await put(0, 'a', 'b');
  const seen = await list(0);
  now += later;
  // The place that another device chooses may be the same.
  await put(1, 'c');
  now += 1000;
  expect(await trashes[0]!['trash.empty']({ paths: seen }, context)).toEqual([]);
  expect(await names(1)).toEqual(['c']);
});

test('… and also when everything seen is old enough to go at once', async () => {
  await put(0, 'a', 'b');
  now += 2 * HOUR;
  await put(0, 'd');
  const seen = await list(0);
  await put(1, 'c');
  expect(await trashes[0]!['trash.empty']({ paths: seen }, context)).toEqual([]);
  expect(await names(1)).toEqual(['c']);
  expect(await trashes[1]!['trash.empty']({ paths: await list(1) }, context)).toEqual([]);
  // No empty folders are left over.
  for await (const { name } of sessions[0]!.files.names('/ada/.trash')) expect.fail(name);
});

test('what another device has deleted or restored already is no problem', async () => {
  await put(0, 'a', 'b');
  now += 1000;
  await put(0, 'c');
  const seen = await list(1);
  expect(await trashes[0]!['trash.restore']({ paths: seen.filter((path) => path.endsWith('/c')) }, context)).toEqual([]);
  expect(await trashes[0]!['trash.remove']({ paths: seen.filter((path) => path.endsWith('/a')) }, context)).toEqual([]);
  expect(await trashes[1]!['trash.empty']({ paths: seen }, context)).toEqual([]);
  expect(await names(0)).toEqual([]);
  expect(await sessions[0]!.files.readText('/ada/docs/c')).toBe('c');
});

test('what one restores after the other has deleted it for good is not there, and nothing else is made of it', async () => {
  await sessions[0]!.files.makeDirectory('/ada/docs/sub');
  await sessions[0]!.files.write('/ada/docs/sub/e', 'e');
  await put(0, 'a', 'sub/e');
  await sessions[0]!.files.remove('/ada/docs/sub');
  const seen = await list(1);
  expect(await trashes[0]!['trash.remove']({ paths: await list(0) }, context)).toEqual([]);
  const problems = await trashes[1]!['trash.restore']({ paths: seen }, context);
  expect(problems.map(({ path, fault }) => [path, fault.code])).toEqual(seen.map((path) => [path, 'not-found.file']));
  expect(await sessions[1]!.files.find('/ada/docs/a')).toBeUndefined();
  // The folder of what does not come back stays gone.
  expect(await sessions[1]!.files.find('/ada/docs/sub')).toBeUndefined();
  expect(await names(1)).toEqual([]);
});

test('what one deletes for good after the other has restored it stays, and it is told', async () => {
  await put(0, 'a', 'b');
  const seen = await list(1);
  expect(await trashes[0]!['trash.restore']({ paths: await list(0) }, context)).toEqual([]);
  const problems = await trashes[1]!['trash.remove']({ paths: seen }, context);
  expect(problems.map(({ fault }) => fault.code)).toEqual(['not-found.file', 'not-found.file']);
  for (const name of ['a', 'b', 'c', 'd']) expect(await sessions[1]!.files.readText(`/ada/docs/${name}`)).toBe(name);
});

test.each([
  ['restore', 'remove'],
  ['restore', 'restore'],
  ['remove', 'remove'],
] as const)('%s in one and %s in the other at the same time: one of them, and never half', async (first, second) => {
  const all = ['a', 'b', 'c', 'd'];
  await put(0, ...all);
  const seen = await list(1);
  const [one, two] = await Promise.all([
    trashes[0]![`trash.${first}`]({ paths: seen }, context),
    trashes[1]![`trash.${second}`]({ paths: seen }, context),
  ]);
  // Each is done by one of the two, and the other is told that it is not there any more.
  expect([...one, ...two].map(({ fault }) => fault.code).filter((code) => code !== 'not-found.file')).toEqual([]);
  expect([...one, ...two].map(({ path }) => path).sort()).toEqual([...seen].sort());
  sessions[0]!.files.refresh();
  const restored: string[] = [];
  for await (const { name } of sessions[0]!.files.names('/ada/docs')) restored.push(name ?? 'damaged');
  const byRestore = seen.filter((path) => !one.some((problem) => problem.path === path)).map((path) => path.split('/').at(-1) ?? '');
  if (first === 'remove') expect(restored).toEqual([]);
  else if (second === 'restore') expect(restored.sort()).toEqual(all);
  else expect(restored.sort()).toEqual(byRestore.sort());
  expect(await names(0)).toEqual([]);
  for await (const { name } of sessions[0]!.files.names('/ada/.trash')) expect.fail(name);
});

describe('paths that are nearly as long as they can be', () => {
  const folder = ['long', ...Array.from({ length: 15 }, (_, n) => `${n}`.padEnd(250, 'x')), 'y'.repeat(60)];
  const path = `/ada/${folder.join('/')}`;
  const file = `${path}/${'f'.repeat(250)}`;
  beforeEach(async () => {
    await sessions[0]!.files.makeDirectory(path, { parents: true });
    await sessions[0]!.files.write(file, 'far down');
  });

  test('what lies there is deleted, listed and restored', async () => {
    expect(file.length).toBeGreaterThan(4080);
    expect((await trashes[0]!['trash.put']({ paths: [file] }, context)).problems).toEqual([]);
    expect(await sessions[0]!.files.find(file)).toBeUndefined();
    const [row] = await trashes[1]!['trash.list'](undefined, context);
    // As near to where it was as the trash can tell.
    expect(`${path}/`.startsWith(`${row!.origin}/`)).toBe(true);
    expect(row!.origin.length).toBeGreaterThan(3000);
    expect(await trashes[1]!['trash.restore']({ paths: [row!.path] }, context)).toEqual([]);
    expect(await sessions[1]!.files.readText(`${row!.origin}/${'f'.repeat(250)}`)).toBe('far down');
    for await (const { name } of sessions[1]!.files.names('/ada/.trash')) expect.fail(name);
  });

  test('… with the folders above it, which come back as they were, or go for good', async () => {
    expect((await trashes[0]!['trash.put']({ paths: ['/ada/long'] }, context)).problems).toEqual([]);
    expect(await trashes[1]!['trash.restore']({ paths: await list(1) }, context)).toEqual([]);
    expect(await sessions[1]!.files.readText(file)).toBe('far down');
    expect((await trashes[1]!['trash.put']({ paths: ['/ada/long'] }, context)).problems).toEqual([]);
    expect(await trashes[0]!['trash.empty']({ paths: await list(0) }, context)).toEqual([]);
    expect(await names(1)).toEqual([]);
    expect(await sessions[0]!.files.find('/ada/long')).toBeUndefined();
  });
});
