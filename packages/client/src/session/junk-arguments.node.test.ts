import { loadCrypto } from '@pyrgos/core/crypto';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { HttpNetwork } from '../network/index.js';
import { connect } from '../pyrgos-server.js';
import * as session from './index.js';

const crypto = await loadCrypto();
// Nothing is sent: every call is refused before.
const network = new HttpNetwork({ server: 'http://localhost:9', crypto });
const username = 'alice';
const password = 'violet anchor sleeps beneath copper';

describe('arguments that callers in plain JavaScript can get wrong', () => {
  const junk = [undefined, null, 1, 'text', [], {}] as never[];

  test.each([
    ['logIn', async (value: never) => session.logIn(value, { username, password })],
    ['logIn options', async (value: never) => session.logIn(network, value)],
    ['signUp', async (value: never) => session.signUp(value, { username, password })],
    ['restoreSession', async (value: never) => session.restoreSession(network, value)],
    ['changePassword', async (value: never) => session.changePassword(value, { oldPassword: 'a', newPassword: 'b' })],
    ['deleteAccount', async (value: never) => session.deleteAccount(value, { password })],
    ['secondFactors', async (value: never) => session.secondFactors(value)],
    ['space', async (value: never) => session.space(value)],
    ['keyStoreOf', async (value: never) => session.keyStoreOf(value)],
    ['renewClaim', async (value: never) => session.renewClaim(value)],
    ['connect blockCache', async (value: never) => connect('http://localhost:9', { blockCache: value ?? (1 as never) })],
    ['connect store', async (value: never) => connect('http://localhost:9', { store: value ?? (1 as never) })],
    [
      'connect http',
      async (value: never) =>
        connect('http://localhost:9', { http: typeof value === 'object' ? (null as never) : (value ?? (1 as never)) }),
    ],
    ['generatePassphrase', async (value: never) => session.generatePassphrase(value)],
    ['fingerprintKeys', async (value: never) => session.fingerprintKeys(value, value)],
    ['fingerprintOf', async (value: never) => session.fingerprintOf(value, value, value)],
    ['fingerprintOf own', async (value: never) => session.fingerprintOf(crypto, value, value)],
    ['encodeFriendAnnotations', async (value: never) => session.encodeFriendAnnotations([value])],
    ['publicProofUrl', async (value: never) => session.publicProofUrl('https://localhost', value)],
    ['mirrorLoginData', async (value: never) => session.mirrorLoginData(value)],
    ['upgradeBoxingKey', async (value: never) => session.upgradeBoxingKey(value)],
    ['answerWithCode', async (value: never) => session.answerWithCode(value, '1')],
    ['answerAsMount', async (value: never) => session.answerAsMount(value)],
    ['answerWithSecurityKey', async (value: never) => session.answerWithSecurityKey(value, value)],
    ['sealSession', async (value: never) => session.sealSession(value, value)],
  ])('%s', async (_name, call) => {
    for (const value of junk) await expect(call(value)).rejects.toBeInstanceOf(PyrgosError);
  });

  test('a sign-up', async () => {
    for (const value of [undefined, null, 1, 'text', []] as never[])
      await expect(session.signUp(network, value)).rejects.toBeInstanceOf(PyrgosError);
    for (const bad of [1, null, undefined, {}] as never[]) {
      await expect(session.signUp(network, { username, password: bad })).rejects.toThrow(ArgumentError);
      await expect(session.logIn(network, { username, password: bad })).rejects.toThrow(ArgumentError);
      await expect(session.logIn(network, { username: bad, password })).rejects.toThrow(ArgumentError);
    }
  });

  test('staying logged in needs a store, and a key', async () => {
    const deviceKey = 'a key' as never;
    await expect(session.logIn(network, { username, password, deviceKey })).rejects.toThrow(ArgumentError);
    await expect(session.logIn(network, { username, password, store: {} as never })).rejects.toThrow(ArgumentError);
  });
});
