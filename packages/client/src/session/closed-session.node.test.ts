import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import type { UserSession } from '../user-session.js';
import { keyStoreOf } from './key-store-file.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;

beforeAll(async () => {
  world = await ServerWorld.start();
});
afterAll(async () => world.close());

const text = new TextEncoder().encode('text');

async function everythingIsRefused(session: UserSession): Promise<void> {
  const { account, files, space, secondFactors } = session;
  const calls: Record<string, () => Promise<unknown>> = {
    read: async () => files.read(`${files.homePath}/file`),
    stat: async () => files.stat(files.homePath),
    find: async () => files.find(`${files.homePath}/file`),
    list: async () => files.list(files.homePath).next(),
    verify: async () => files.verify(files.homePath).next(),
    verifyCached: async () => files.verify(files.homePath, { source: 'caches' }).next(),
    write: async () => files.write(`${files.homePath}/other`, text),
    append: async () => files.append(`${files.homePath}/file`, text),
    writeTree: async () => files.writeTree(files.homePath, [{ path: ['x'], source: text }]).next(),
    remove: async () => files.remove(`${files.homePath}/file`),
    usage: async () => space.usage(),
    quota: async () => space.quota(),
    request: async () => space.request({ bytes: 5 }),
    factors: async () => secondFactors.list(),
    totp: async () => secondFactors.addTotp(),
    serverId: async () => account.network.serverId(),
    pinned: async () => session.identities.pinned(),
    safetyNumber: async () => session.identities.safetyNumber(session.username),
    signProof: async () => session.identities.signProof({ service: 'Github', username: 'ada' }),
    stayLoggedIn: async () => session.stayLoggedIn(SymmetricKey.generate(world.crypto)),
    rotateKeys: async () => files.rotateKeys(`${files.homePath}/file`),
    reencrypt: async () => files.reencrypt(files.homePath),
    keyStore: async () => keyStoreOf(account),
    changePassword: async () => session.changePassword({ oldPassword: password, newPassword: 'eight lanterns over quiet water' }),
    deleteAccount: async () => session.deleteAccount({ password }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect({ name, error }).toMatchObject({ name, error: { code: 'denied.session', message: 'This session is closed. Log in again.' } });
  }
}

test.each(['close', 'logOut', 'changePassword'] as const)('after %s a session refuses everything, and sends nothing', async (how) => {
  const { network, counter } = world.counted();
  const server = new PyrgosServer(network, { crypto: world.quick });
  const session = await server.signUp({ username: `user-${how.toLowerCase()}`, password });
  await session.files.write(`${session.files.homePath}/file`, text);
  const reader = await session.files.open(`${session.files.homePath}/file`);
  let next: UserSession | undefined;
  if (how === 'close') session.close();
  else if (how === 'logOut') await session.logOut();
  else next = await session.changePassword({ oldPassword: password, newPassword: 'seven lanterns over quiet water' });
  const requests = counter.count();
  await everythingIsRefused(session);
  expect(counter.count()).toBe(requests);
  await expect(reader.read(0, 4)).rejects.toMatchObject({ code: 'denied.session' });
  // Again is fine.
  session.close();
  await session.logOut();
  // The session in its place goes on.
  if (next !== undefined) expect(await next.files.read(`${next.files.homePath}/file`)).toEqual(text);
});

test('what is under way when a session is closed ends', async () => {
  const server = new PyrgosServer(world.network(), { crypto: world.quick });
  const session = await server.signUp({ username: 'underway', password });
  let sent = 0;
  const writing = session.files.write(`${session.files.homePath}/large`, new Uint8Array(20_000_000), {
    onProgress: ({ done }) => {
      sent = done;
      if (done > 0) session.close();
    },
  });
  await expect(writing).rejects.toMatchObject({ code: 'denied.session' });
  expect(sent).toBeLessThan(20_000_000);
  const again = await server.logIn({ username: 'underway', password });
  expect(await again.files.find(`${again.files.homePath}/large`)).toBeUndefined();
});
