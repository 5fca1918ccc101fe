import { loadCrypto } from '@pyrgos/core/crypto';
import { withParentLink } from '@pyrgos/core/model';
import { connect, type UserSession } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spaceOf } from '../../packages/client/test/received-world.js';
import { ChunkChanges } from '../../packages/client/src/files/structure/chunk-changes.js';
import { directoryAt } from '../../packages/client/src/social/own-files.js';
import type { Row } from '../../packages/web/src/engine/calls.js';
import { driveService } from '../../packages/web/src/engine/services/drive-service.js';
import { socialService } from '../../packages/web/src/engine/services/social-service.js';
import { PASSWORD } from './web-world.js';

const { signal } = new AbortController();
const context = { signal, emit: () => undefined, ask: async () => Promise.resolve(undefined) };

let daemon: DaemonProcess;
let ada: UserSession;
let bob: UserSession;
let eve: UserSession;

beforeAll(async () => {
  daemon = await startDaemonProcess({ 'max-users': '10' });
  const crypto = await loadCrypto();
  const join = async (username: string): Promise<UserSession> =>
    (await connect(daemon.url, { crypto, pointerCacheMilliseconds: 0 })).signUp({ username, password: PASSWORD, token: '' });
  ada = await join('ada');
  bob = await join('bob');
  eve = await join('eve');
  for (const friend of [bob, eve]) {
    await friend.friends.follow('ada');
    await ada.friends.accept(friend.username);
    await friend.friends.state();
  }
});
afterAll(async () => {
  for (const session of [ada, bob, eve]) session?.close();
  await daemon?.stop();
});

function drive(): ReturnType<typeof driveService> {
  return driveService({ session: ada, files: ada.files, isAtHome: true });
}

/** What the page shows at a path, and whether something can be put there. */
async function list(path: string): Promise<{ readonly rows: ReadonlyMap<string, Row>; readonly isWritable: boolean }> {
  const rows = new Map<string, Row>();
  const emit = (part: readonly Row[]): void => {
    for (const row of part) if (!row.isHidden) rows.set(row.name, row);
  };
  const { isWritable } = await drive()['drive.list']({ path }, { ...context, emit });
  return { rows, isWritable };
}

test('rows say what can be done where: in one’s own files, at the top, and in what others share', async () => {
  await ada.files.write('/ada/own', 'x');
  await bob.files.write('/bob/read/file', 'r', { parents: true });
  await bob.files.write('/bob/write/file', 'w', { parents: true });
  await bob.shares.share('/bob/read', [{ user: 'ada' }]);
  await bob.shares.share('/bob/write', [{ user: 'ada' }], { access: 'write' });
  const rights = async (path: string): Promise<unknown> => {
    const { rows, isWritable } = await list(path);
    return { isWritable, rows: [...rows.values()].map(({ name, isWritable: w, isFixed }) => `${name} ${w} ${isFixed}`).toSorted() };
  };
  expect(await rights('/ada')).toEqual({ isWritable: true, rows: ['own true false'] });
  expect(await rights('/')).toEqual({ isWritable: false, rows: ['ada true true', 'bob false true', 'eve false true'] });
  expect(await rights('/bob')).toEqual({ isWritable: false, rows: ['read false true', 'write true true'] });
  expect(await rights('/bob/read')).toEqual({ isWritable: false, rows: ['file false true'] });
  expect(await rights('/bob/write')).toEqual({ isWritable: true, rows: ['file true false'] });
});

test('moving between people copies, and deletes only what was copied and may be deleted', async () => {
  const move = async (path: string, directory: string): Promise<readonly string[]> =>
    (await drive()['drive.transfer']({ paths: [path], directory, how: 'move' }, context)).map(({ fault }) => fault.code);
  expect(await move('/bob/read/file', '/ada')).toEqual(['denied.file']);
  expect(await ada.files.find('/ada/file')).toBeUndefined();
  expect(await move('/bob/write/file', '/ada')).toEqual([]);
  expect(await ada.files.readText('/ada/file')).toBe('w');
  expect(await ada.files.find('/bob/write/file')).toBeUndefined();
  await bob.files.write('/bob/write/file', 'new');
  // What has the name already stays as it is.
  expect(await move('/bob/write/file', '/ada')).toEqual([]);
  expect(await ada.files.readText('/ada/file')).toBe('w');
  expect(await ada.files.readText('/ada/file (copy)')).toBe('new');
});

test('a friend whose space is damaged is marked, and the others are there', async () => {
  await spaceOf(eve).changeHome(undefined, async (operation, home) => {
    const directory = await directoryAt(operation, home, ['shared', 'ada']);
    if (directory === undefined) throw new Error('ada follows eve');
    const changes = new ChunkChanges(operation);
    const { node, opened, capability, cid } = directory;
    changes.put(directory.requireSigner(), capability.mapKey, cid, {
      node: withParentLink(operation.crypto, node, opened, undefined),
      fragments: [],
    });
    await changes.commit();
  });
  const { rows } = await list('/');
  expect([...rows.values()].map(({ name, kind }) => `${name} ${kind}`).toSorted()).toEqual([
    'ada directory',
    'bob directory',
    'eve damaged',
  ]);
  expect((await list('/bob')).rows.size).toBe(2);
  await expect(list('/eve')).rejects.toMatchObject({ code: 'not-found.file' });
});

test('what is asked in vain is said as what it is', async () => {
  const social = socialService({ session: ada });
  const follow = async (username: string): Promise<unknown> => social['social.follow']({ username, again: false }, context);
  expect(await follow(' ADA ')).toBe('self');
  expect(await follow('a b')).toBe('no-name');
  expect(await follow('bob')).toBe('known');
  await expect(follow('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
  expect(await social['social.answer']({ username: 'bob', answer: 'accept' }, context)).toBe(false);
  const { digits } = await social['social.safetyNumber']({ username: 'bob' }, context);
  const wrong = digits.replace(/\d/u, (digit) => String((Number(digit) + 1) % 10));
  expect(await social['social.compareNumber']({ username: 'bob', shown: wrong }, context)).toBe(false);
  await expect(social['social.setVerified']({ username: 'bob', digits: wrong, isVerified: true }, context)).rejects.toMatchObject({
    code: 'conflict.changed',
  });
  expect((await social['social.people'](undefined, context)).known.map(({ verification }) => verification)).toEqual([
    'unverified',
    'unverified',
  ]);
});
