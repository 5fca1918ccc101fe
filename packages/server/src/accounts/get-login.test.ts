import { MultiFactorAuthResponse } from '@pyrgos/core/accounts';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { PointerUpdate } from '@pyrgos/core/model';
import { PublicKeyHash, PublicSigningKey, SIGNED_REQUEST_WINDOW, SigningPrivateKeyAndPublicHash, signNow } from '@pyrgos/core/keys';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, START } from '../../test/accounts-world.js';

const DAY = SIGNED_REQUEST_WINDOW.day * 1000;

describe('getLogin without second factors', () => {
  let world: AccountsWorld;
  beforeEach(async () => {
    world = await AccountsWorld.create();
  });
  afterEach(async () => world.close());

  test('gives the stored entry points to the holder of the login key', async () => {
    const alice = await world.addUser('alice');
    const response = await world.getLogin('alice', world.password(1));
    expect(response.request).toBeUndefined();
    expect(response.entryPoints?.equals(world.loginData(alice, world.password(1)).entryPoints)).toBe(true);
  });

  test('answers a wrong password and an unknown name alike', async () => {
    await world.addUser('alice');
    await world.addUser('legacy', { login: false });
    const expected = 'Incorrect username or password';
    expect(await errorText(world.getLogin('alice', world.password(2)))).toBe(expected);
    expect(await errorText(world.getLogin('nobody', world.password(1)))).toBe(expected);
    expect(await errorText(world.getLogin('legacy', world.password(1)))).toBe(expected);
  });

  test('keeps the rows of users apart', async () => {
    await world.addUser('alice');
    await world.addUser('bob', { login: false });
    expect(await errorText(world.getLogin('bob', world.password(1)))).toBe('Incorrect username or password');
  });

  test('refuses a signed time of another key, before anything else', async () => {
    await world.addUser('alice');
    const auth = signNow(world.crypto, world.password(2).login.secretKey, START);
    const expected = 'the signature is not valid for this key';
    expect(await errorText(world.getLogin('alice', world.password(1), { auth }))).toBe(expected);
    expect(await errorText(world.getLogin('nobody', world.password(1), { auth }))).toBe(expected);
    expect(await errorText(world.getLogin('alice', world.password(1), { auth: new Uint8Array() }))).toBe(expected);
  });

  test('takes signed times within 24 hours in both directions', async () => {
    await world.addUser('alice');
    const password = world.password(1);
    const at = (time: number): Uint8Array => signNow(world.crypto, password.login.secretKey, time);
    for (const offset of [-DAY, 0, DAY]) {
      expect((await world.getLogin('alice', password, { auth: at(START + offset) })).entryPoints).toBeDefined();
    }
    for (const offset of [-DAY - 1, DAY + 1]) {
      expect(await errorText(world.getLogin('alice', password, { auth: at(START + offset) }))).toBe(
        'Stale auth time, is your clock accurate?',
      );
    }
  });

  test('refuses names that no account can have', async () => {
    for (const name of ['', 'a/b', 'a b', 'a\0b', 'a'.repeat(65)]) {
      expect(await errorText(world.getLogin(name, world.password(1)))).toBe('username: must be a username');
    }
  });

  test('ignores an answer to a question that was not asked', async () => {
    await world.addUser('alice');
    const mfa = MultiFactorAuthResponse.of(new Uint8Array(32), '123456');
    expect((await world.getLogin('alice', world.password(1), { mfa })).entryPoints).toBeDefined();
  });

  test('survives a restart', async () => {
    await world.addUser('alice');
    await world.reopen();
    expect((await world.getLogin('alice', world.password(1))).entryPoints).toBeDefined();
  });
});

describe('getLogin on a server that serves its own users only', () => {
  let world: AccountsWorld;
  beforeEach(async () => {
    world = await AccountsWorld.create({ allowExternalLogin: false });
  });
  afterEach(async () => world.close());

  test('serves users with space, and everybody whom another server sends', async () => {
    await world.addUser('alice');
    expect((await world.getLogin('alice', world.password(1))).entryPoints).toBeDefined();
    world.quotas.remove('alice');
    expect((await world.getLogin('alice', world.password(1), { proxy: true })).entryPoints).toBeDefined();
  });

  test('tells users without space that they must renew, but only them', async () => {
    await world.addUser('alice');
    for (const quota of [0, undefined]) {
      if (quota === undefined) world.quotas.remove('alice');
      else world.quotas.set('alice', quota);
      expect(await errorText(world.getLogin('alice', world.password(1)))).toBe('Your subscription has expired, please contact us to renew');
      expect(await errorText(world.getLogin('alice', world.password(2)))).toBe('Incorrect username or password');
    }
  });

  test('tells who has deleted an account that it is deleted, and nobody else', async () => {
    const alice = await world.addUser('alice');
    const { hash } = alice.identity.publicKey;
    const signer = SigningPrivateKeyAndPublicHash.of(hash, alice.identity.secretKey);
    const before = PointerUpdate.decodeVerifiedBefore((await world.pointers.getPointer(hash, hash))!);
    expect(await world.pointers.setPointer(hash, hash, PointerUpdate.next(before, undefined).sign(world.crypto, signer))).toBe(true);
    await world.space.settleDeletion('alice');
    expect(world.quotas.get('alice')).toBeUndefined();
    expect(await errorText(world.getLogin('alice', world.password(1)))).toBe('User has been deleted. Did you mean a different username?');
    expect(await errorText(world.getLogin('alice', world.password(2)))).toBe('Incorrect username or password');
  });

  test('sends users of other servers, and unknown ones, away', async () => {
    await world.addUser('alice', { home: 2, login: false });
    world.quotas.remove('alice');
    expect(await errorText(world.getLogin('alice', world.password(1)))).toBe('Please login on your home server');
    expect(await errorText(world.getLogin('nobody', world.password(1)))).toBe('Please login on your home server');
  });
});

describe('setLogin without a change of the identity', () => {
  let world: AccountsWorld;
  beforeEach(async () => {
    world = await AccountsWorld.create();
  });
  afterEach(async () => world.close());

  test('replaces the login data', async () => {
    const alice = await world.addUser('alice');
    expect(await world.setLogin(world.loginData(alice, world.password(2)), alice)).toBe(true);
    expect((await world.getLogin('alice', world.password(2))).entryPoints).toBeDefined();
    expect(await errorText(world.getLogin('alice', world.password(1)))).toBe('Incorrect username or password');
  });

  test('wants the signature of the identity that the directory names', async () => {
    const alice = await world.addUser('alice');
    const bob = await world.addUser('bob');
    const data = world.loginData(alice, world.password(2));
    const refusal = 'Invalid signature of the login data';
    expect(await errorText(world.setLogin(data, bob))).toBe(refusal);
    expect(await errorText(world.accounts.setLogin(data, new Uint8Array(64), false))).toBe(refusal);
    expect(await errorText(world.accounts.setLogin(data, new Uint8Array(), false))).toBe(refusal);
    // The signature of one set of data is none of another.
    const auth = data.sign(world.crypto, alice.identity.secretKey);
    expect(await errorText(world.accounts.setLogin(world.loginData(alice, world.password(3)), auth, false))).toBe(refusal);
    expect((await world.getLogin('alice', world.password(1))).entryPoints).toBeDefined();
  });

  test('refuses unknown users', async () => {
    const alice = await world.addUser('alice');
    world.users.delete('alice');
    expect(await errorText(world.setLogin(world.loginData(alice, world.password(2)), alice))).toBe("Couldn't retrieve owner key!");
  });

  test('takes login data of users of other servers only when forced to, and only with space here', async () => {
    const alice = await world.addUser('alice', { home: 2, login: false });
    const data = world.loginData(alice, world.password(1));
    expect(await errorText(world.setLogin(data, alice))).toBe('Please login on your home server');
    expect(await world.setLogin(data, alice, world.accounts, true)).toBe(true);
    expect((await world.getLogin('alice', world.password(1))).entryPoints).toBeDefined();
    world.quotas.remove('alice');
    expect(await errorText(world.setLogin(data, alice, world.accounts, true))).toBe('No space quota for alice');
    const change = await world.passwordChange(alice, world.password(2));
    expect(await errorText(world.setLogin(change, alice, world.accounts, true))).toBe('Please login on your home server');
  });

  test('resolves identity keys that are blocks (legacy)', async () => {
    const alice = await world.addUser('alice', { login: false });
    const block = alice.identity.publicKey.encode();
    const cid = Cid.ofSha256(world.crypto.sha256(block), CidCodec.dagCbor);
    const legacy = {
      identityOf: async () => PublicKeyHash.fromCid(cid),
      usernameOf: async () => undefined,
      usernames: async () => ['alice'],
    };
    const accounts = world.build({ directory: { ...legacy, chainOf: async () => alice.chain } });
    const data = world.loginData(alice, world.password(1));
    expect(await errorText(world.setLogin(data, alice, accounts))).toBe("Couldn't retrieve owner key!");
    const transaction = await world.blocks.startTransaction('alice');
    await world.blocks.put('alice', [{ cid, bytes: block }], transaction);
    expect(await world.setLogin(data, alice, accounts)).toBe(true);
    expect(PublicSigningKey.decode(block).equals(alice.identity.publicKey)).toBe(true);
  });

  test('forgets everything of a removed user', async () => {
    await world.addUser('alice');
    await world.accounts.remove('alice');
    expect(await errorText(world.getLogin('alice', world.password(1)))).toBe('Incorrect username or password');
  });
});
