import { loadCrypto } from '@pyrgos/core/crypto';
import { SymmetricKey } from '@pyrgos/core/keys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { PyrgosServer } from '../pyrgos-server.js';
import { MemoryLocalStore } from './local-store.js';

const password = 'violet anchor sleeps beneath copper';
const newPassword = 'seven wonders of the ancient world';
let world: ServerWorld;
let deviceKey: SymmetricKey;
const store = new MemoryLocalStore();
beforeAll(async () => {
  world = await ServerWorld.start();
  deviceKey = SymmetricKey.generate(await loadCrypto());
});
afterAll(async () => world.close());

const server = (): PyrgosServer => new PyrgosServer(world.network(), { crypto: world.quick, store });

describe('a name as people type it', () => {
  test('is the same at sign-up, log-in, restoring and changing the password', async () => {
    const made = await server().signUp({ username: ' Ada\t', password, deviceKey });
    expect(made.username).toBe('ada');
    expect(made.files.homePath).toBe('/ada');
    await expect(server().signUp({ username: 'ADA', password })).rejects.toMatchObject({
      code: 'conflict.exists',
      data: { username: 'ada' },
    });
    expect((await server().logIn({ username: 'aDa ', password })).username).toBe('ada');
    const restored = await server().restore({ username: ' ADA', deviceKey });
    expect((await restored.changePassword({ oldPassword: password, newPassword })).username).toBe('ada');
    expect((await server().logIn({ username: 'Ada', password: newPassword })).username).toBe('ada');
  });

  test('is no password, however it is written', async () => {
    const username = 'Grace-Of-The-Machines';
    await expect(server().signUp({ username, password: username.toLowerCase() })).rejects.toMatchObject({ code: 'denied.password' });
  });
});

describe('restoring says what is missing', () => {
  test('a store, a session, or the right key', async () => {
    const { crypto, quick } = { crypto: world.crypto, quick: world.quick };
    await (await server().logIn({ username: 'ada', password: newPassword, deviceKey })).files.stat('/ada');
    const storeless = new PyrgosServer(world.network(), { crypto: quick });
    await expect(storeless.restore({ username: 'ada', deviceKey })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(server().restore({ username: 'bob', deviceKey })).rejects.toMatchObject({ code: 'denied.login', data: { expired: true } });
    const other = await server()
      .restore({ username: 'ada', deviceKey: SymmetricKey.generate(crypto) })
      .catch((error: unknown) => error);
    expect(other).toMatchObject({ code: 'crypto.authentication', message: expect.stringContaining('another device key') as string });
  });

  test('a cancelled log-in names no algorithm', async () => {
    const controller = new AbortController();
    const call = server().logIn({
      username: 'ada',
      password: newPassword,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'aborted' });
    expect((error as Error).message).not.toMatch(/scrypt/u);
  });

  test('the root is no place to copy to', async () => {
    const { files } = await server().logIn({ username: 'ada', password: newPassword });
    await expect(files.copy('/ada', '/')).rejects.toMatchObject({
      code: 'argument',
      data: { field: 'directory' },
      message: expect.stringContaining('must lead below the root') as string,
    });
  });
});
