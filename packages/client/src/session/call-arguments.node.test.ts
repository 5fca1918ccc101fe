import { inspect } from 'node:util';
import { PaymentProperties } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import {
  type CheckedSafetyNumber,
  connect,
  type IdentityLinkProof,
  MemoryLocalStore,
  type PyrgosServer,
  SymmetricKey,
  type UserSession,
} from '../index.js';
import { ensureCurrentHost, mirrorLoginData, pendingSpaceRequests, renewClaim, safetyNumberWith, upgradeBoxingKey } from './index.js';

const password = 'violet anchor sleeps beneath copper';
let world: ServerWorld;
let server: PyrgosServer;
let session: UserSession;

beforeAll(async () => {
  world = await ServerWorld.start();
  server = await connect(world.url, { crypto: world.quick });
  session = await server.signUp({ username: 'alice', password });
});
afterAll(async () => world.close());

describe('wrong options of calls are ArgumentErrors', () => {
  const aProof = async (): Promise<IdentityLinkProof> => session.identities.signProof({ service: 'Github', username: 'alice' });
  const aNumber = async (): Promise<CheckedSafetyNumber> => session.identities.safetyNumber('alice');
  const junk = [null, 0, 'text', 5n, Symbol('s'), () => 1, { signal: 1 }, { signal: null }, { signal: {} }] as never[];

  test.each<[string, (options: never) => Promise<unknown>]>([
    ['space.quota', async (options) => session.space.quota(options)],
    ['space.usage', async (options) => session.space.usage(options)],
    ['space.payment', async (options) => session.space.payment(options)],
    ['space.request', async (options) => session.space.request({ bytes: 1 }, options)],
    ['secondFactors.list', async (options) => session.secondFactors.list(options)],
    ['secondFactors.addTotp', async (options) => session.secondFactors.addTotp(options)],
    ['secondFactors.enableTotp', async (options) => session.secondFactors.enableTotp(new Uint8Array(32), '123456', options)],
    ['secondFactors.generateBackupCodes', async (options) => session.secondFactors.generateBackupCodes(options)],
    ['secondFactors.addMount', async (options) => session.secondFactors.addMount('mount', options)],
    ['secondFactors.delete', async (options) => session.secondFactors.delete(new Uint8Array(32), options)],
    ['pendingSpaceRequests', async (options) => pendingSpaceRequests(session.account, options)],
    ['mirrorLoginData', async (options) => mirrorLoginData(session.account, options)],
    ['ensureCurrentHost', async (options) => ensureCurrentHost(session.account, options)],
    ['renewClaim', async (options) => renewClaim(session.account, options)],
    ['upgradeBoxingKey', async (options) => upgradeBoxingKey(session.account, options)],
    ['safetyNumberWith', async (options) => safetyNumberWith(session.account, 'alice', options)],
    ['identities.pinned', async (options) => session.identities.pinned(options)],
    ['identities.safetyNumber', async (options) => session.identities.safetyNumber('alice', options)],
    ['identities.setVerified', async (options) => session.identities.setVerified(await aNumber(), true, options)],
    ['identities.signProof', async (options) => session.identities.signProof(options)],
    ['identities.saveProof', async (options) => session.identities.saveProof(await aProof(), options)],
    ['identities.verifyProof', async (options) => session.identities.verifyProof(await aProof(), options)],
    ['logIn', async (options) => server.logIn(options)],
    ['signUp', async (options) => server.signUp(options)],
    ['restore', async (options) => server.restore(options)],
    ['finishDeletion', async (options) => server.finishDeletion(options)],
    ['changePassword', async (options) => session.changePassword(options)],
    ['deleteAccount', async (options) => session.deleteAccount(options)],
  ])('%s', async (_name, call) => {
    for (const options of junk) await expect(call(options)).rejects.toBeInstanceOf(ArgumentError);
  });

  test('and so are wrong fields of them', async () => {
    const user = { username: 'alice', password };
    for (const call of [
      async (bad: never) => session.space.usage({ pending: bad }),
      async (bad: never) => session.space.payment({ newClientSecret: bad }),
      async (bad: never) => session.space.request(bad),
      async (bad: never) => session.space.request({ bytes: bad }),
      async (bad: never) => session.space.request({ bytes: 1, annual: bad }),
      async (bad: never) => session.secondFactors.enableTotp(bad, '123456'),
      async (bad: never) => session.secondFactors.addMount(bad),
      async (bad: never) => session.secondFactors.delete(bad),
      async (bad: never) => session.secondFactors.addSecurityKey('key', bad),
      async (bad: never) => safetyNumberWith(session.account, bad),
      async (bad: never) => session.identities.safetyNumber(bad),
      async (bad: never) => session.identities.setVerified(bad),
      async (bad: never) => session.identities.setVerified({ ...(await aNumber()), username: bad }),
      async (bad: never) => session.identities.setVerified({ ...(await aNumber()), friend: bad }),
      async (bad: never) => session.identities.setVerified({ ...(await aNumber()), friend: { identity: bad, boxing: bad } }),
      async (bad: never) => session.identities.setVerified(await aNumber(), bad),
      async (bad: never) => session.identities.signProof({ service: bad, username: 'alice' }),
      async (bad: never) => session.identities.signProof({ service: 'Github', username: bad }),
      async (bad: never) => session.identities.signProof({ service: 'Github', username: 'alice', isEncrypted: bad }),
      async (bad: never) => session.identities.saveProof(bad),
      async (bad: never) => session.identities.verifyProof(bad),
      async (bad: never) => session.stayLoggedIn(bad),
      async (bad: never) => server.logIn({ ...user, username: bad }),
      async (bad: never) => server.logIn({ ...user, password: bad }),
      async (bad: never) => server.logIn({ ...user, onProgress: bad }),
      async (bad: never) => server.logIn({ ...user, signal: bad }),
      async (bad: never) => server.signUp({ ...user, onProgress: bad }),
      async (bad: never) => server.restore({ username: 'alice', deviceKey: bad }),
      async (bad: never) => session.changePassword({ oldPassword: bad, newPassword: password }),
      async (bad: never) => session.changePassword({ oldPassword: password, newPassword: bad }),
      async (bad: never) => session.deleteAccount({ password: bad }),
      async (bad: never) => session.changePassword({ oldPassword: password, newPassword: `new ${password}`, signal: bad }),
      async (bad: never) => session.deleteAccount({ password, signal: bad }),
      async (bad: never) => server.finishDeletion({ ...user, signal: bad }),
    ]) {
      for (const bad of [null, 1.5, {}, [], Symbol('s'), new Date(0)] as never[]) {
        await expect(call(bad), `${call.toString()} ${typeof bad}`).rejects.toBeInstanceOf(PyrgosError);
      }
    }
    // Nothing of all that has changed anything.
    expect((await server.logIn(user)).username).toBe('alice');
    expect(await session.secondFactors.list()).toEqual([]);
  });

  test('an option that is undefined is that of the connection', async () => {
    const store = new MemoryLocalStore();
    const deviceKey = SymmetricKey.generate(world.crypto);
    const keeping = await connect(world.url, { crypto: world.quick, store });
    const kept = await keeping.logIn({ username: 'alice', password, store: undefined, deviceKey });
    expect(kept.account.store).toBe(store);
    kept.close();
  });

  test('a name that no account can have is told in words', async () => {
    for (const username of ['', 'with space', 'a/b', 'grün', 'a'.repeat(300)]) {
      await expect(server.logIn({ username, password })).rejects.toMatchObject({
        code: 'argument',
        message: expect.stringMatching(/^username: cannot be that of an account: .*ASCII/) as string,
      });
    }
  });
});

test('what opens a payment page does not print itself', () => {
  const payment = PaymentProperties.of({ freeQuota: 1, url: 'https://pay.example/?a', clientSecret: 'opens the page' });
  for (const text of [inspect(payment, { depth: 5 }), JSON.stringify(payment), String(payment)]) expect(text).not.toContain('opens');
  expect(payment.clientSecret).toBe('opens the page');
  expect(PaymentProperties.decode(payment.encode()).equals(payment)).toBe(true);
});

test('secrets do not print themselves', async () => {
  const app = await session.secondFactors.addTotp();
  const mount = await session.secondFactors.addMount('mount');
  const seed = app.key.slice(0, 10);
  expect(app.uri).toContain('otpauth://totp/');
  expect(app.credentialId).toHaveLength(32);
  for (const value of [app, mount, session, session.account, session.files, session.secondFactors, session.space]) {
    const printed = [String(value), inspect(value, { depth: 12, maxArrayLength: 1000, maxStringLength: 1_000_000 })];
    try {
      printed.push(JSON.stringify(value));
    } catch (error) {
      // What cannot be written as JSON says nothing either.
      printed.push(String(error));
    }
    const { account } = session;
    const secrets = [seed, mount.key, account.home.rBaseKey.bytes, account.identity.secretKey.bytes.subarray(0, 32)];
    for (const text of printed) {
      expect(text).not.toContain('otpauth');
      for (const secret of secrets) {
        expect(text).not.toContain(toHex(secret));
        expect(text).not.toContain(Array.from(secret.slice(0, 10)).join(', '));
        expect(text).not.toContain(Buffer.from(secret.slice(0, 9)).toString('base64'));
      }
    }
  }
});
