import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
