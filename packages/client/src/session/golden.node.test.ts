import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MfaType } from '@pyrgos/core/accounts';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { decodeBase64 } from '@pyrgos/core/codec';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { writerDataOf } from '../commit/index.js';
import { CommittedView, listChildren, openItem } from '../files/view/index.js';
import { secretsOf } from './account.js';
import { keyStoreOf } from './key-store-file.js';
import { logIn } from './log-in.js';
import { answerWithCode, type SecondFactorPrompt, type SecondFactorQuestion } from './second-factor-prompt.js';
import { secondFactors } from './second-factors.js';
import { space } from './space.js';
import { totpCode } from './totp.js';

const folder = goldenFolder();

interface User {
  readonly username: string;
  readonly password: string;
  readonly oldPassword?: string;
  readonly totp?: { readonly secretHex: string; readonly credentialIdHex: string };
}

interface ExpectedUser {
  readonly identity: string;
  readonly boxingKeyHash: string;
  readonly postQuantum: boolean;
  readonly mirrorBatId: string;
  readonly usernameClaimExpiry: string;
  readonly homeServer: string;
  readonly loginAlgorithmCbor: string;
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly home: readonly { readonly path: string; readonly writer: string }[];
}

interface Expected {
  readonly users: Readonly<Record<string, ExpectedUser>>;
  readonly legacyAccount: {
    readonly username: string;
    readonly password: string;
    readonly identity: string;
    readonly boxingKeyHash: string;
    readonly loginAlgorithmCbor: string;
  };
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;

describe.skipIf(folder === undefined)(`the accounts of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let users: ReadonlyMap<string, User>;
  let expected: Expected;
  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    users = new Map((await read<{ users: readonly User[] }>('inputs.json')).users.map((user) => [user.username, user]));
    expected = await read<Expected>('expect.json');
  });
  afterAll(async () => world.close());

  const userOf = (username: string): User => {
    const user = users.get(username);
    if (user === undefined) throw new Error(`golden-1 has no ${username}`);
    return user;
  };
  const codeOf = async ({ totp }: User): Promise<string> => totpCode(fromHex(totp?.secretHex ?? ''), Math.floor(Date.now() / 1000));
  const promptFor =
    (user: User): SecondFactorPrompt =>
    async ({ methods }) => {
      const [method] = methods;
      return method === undefined ? undefined : answerWithCode(method, await codeOf(user));
    };

  test.each(['alice', 'bob', 'carol', 'dave', 'erin'])('%s logs in and is who she was', async (username) => {
    const user = userOf(username);
    const facts = expected.users[username];
    const { network, counter } = world.counted();
    const account = await logIn(network, { username, password: user.password, secondFactor: promptFor(user) });
    expect(counter.storageRequests).toBeLessThanOrEqual(5);
    expect(account.identity.publicKeyHash.toString()).toBe(facts?.identity);
    expect(account.boxing.publicKey.hash(world.crypto).toString()).toBe(facts?.boxingKeyHash);
    expect(account.isPostQuantum).toBe(facts?.postQuantum);
    expect(account.isBoxingPublished).toBe(true);
    expect(account.isLegacy).toBe(false);
    expect(account.mirrorBat?.id.toString()).toBe(facts?.mirrorBatId);
    expect(account.claimExpiry).toBe(facts?.usernameClaimExpiry);
    expect(account.chain.at(-1)?.claim.storageProviders.map(String)).toEqual([facts?.homeServer]);
    expect(toHex(secretsOf(account).algorithm.encode())).toBe(toHex(decodeBase64(facts?.loginAlgorithmCbor ?? '')));
    expect(account.homeWriter.publicKeyHash.toString()).toBe(facts?.home[0]?.writer);
    expect(await space(account).quota()).toBe(facts?.quotaBytes);
    expect(await space(account).usage()).toBe(facts?.usedBytes);

    const home = await openItem(new CommittedView(account.sessions), account.home);
    const names: string[] = [];
    for await (const child of listChildren(new CommittedView(account.sessions), home)) if (child.name !== undefined) names.push(child.name);
    const top = facts?.home.map(({ path }) => path.split('/')).filter(({ length }) => length === 3);
    expect(names.toSorted()).toEqual(top?.map(([, , name]) => name).toSorted());
  });

  test.each(['alice', 'bob'])('the key store of %s holds the keys of friends', async (username) => {
    const account = await logIn(world.network(), { username, password: userOf(username).password });
    const keyStore = await keyStoreOf(account);
    expect(keyStore.usernames.length).toBeGreaterThan(0);
    for (const friend of keyStore.usernames) {
      if (friend !== 'peergos') expect((await keyStore.getIdentity(friend)).toString()).toBe(expected.users[friend]?.identity);
    }
  });

  test('a wrong password, and one that was changed, are refused', async () => {
    for (const [username, password] of [
      ['alice', 'another golden password'],
      ['dave', userOf('dave').oldPassword ?? ''],
    ] as const) {
      await expect(logIn(world.network(), { username, password })).rejects.toMatchObject({
        code: 'denied.login',
        data: { reason: 'password' },
      });
    }
  });

  test('erin is asked for a code; without one, and with a wrong one, she is refused', async () => {
    const { password, totp } = userOf('erin');
    const asked: SecondFactorQuestion[] = [];
    await expect(logIn(world.network(), { username: 'erin', password })).rejects.toMatchObject({
      code: 'denied.login',
      data: { needsSecondFactor: true },
    });
    const wrong: SecondFactorPrompt = async (question) => {
      asked.push(question);
      const [method] = question.methods;
      const right = await codeOf(userOf('erin'));
      return method === undefined ? undefined : answerWithCode(method, right === '000000' ? '111111' : '000000');
    };
    await expect(logIn(world.network(), { username: 'erin', password, secondFactor: wrong })).rejects.toMatchObject({
      code: 'denied.login',
      data: { reason: 'code' },
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.methods.map(({ type, enabled, credentialId }) => [type, enabled, toHex(credentialId)])).toEqual([
      [MfaType.totp, true, totp?.credentialIdHex],
    ]);
    await expect(logIn(world.network(), { username: 'erin', password, secondFactor: async () => undefined })).rejects.toMatchObject({
      code: 'aborted',
    });

    const erin = userOf('erin');
    let attempts = 0;
    const secondTry: SecondFactorPrompt = async (question) => {
      attempts++;
      expect(question.problem === undefined).toBe(question.attempt === 1);
      return question.attempt === 1 ? wrong(question) : promptFor(erin)(question);
    };
    const account = await logIn(world.network(), { username: 'erin', password, secondFactor: secondTry, secondFactorAttempts: 3 });
    expect(attempts).toBe(2);
    expect((await secondFactors(account).list()).map(({ type }) => type)).toEqual([MfaType.totp]);
  });

  test('the legacy account of the PKI owner: keys from the password, login data in its WriterData', async () => {
    const { username, password, identity, boxingKeyHash } = expected.legacyAccount;
    const { network, counter } = world.counted();
    const account = await logIn(network, { username, password });
    expect(account.isLegacy).toBe(true);
    expect(account.identity.publicKeyHash.toString()).toBe(identity);
    // Nobody has its boxing key: the reference makes it up when it makes the account, and does not keep it.
    expect(account.hasBoxing).toBe(false);
    expect(() => account.boxing).toThrow(expect.objectContaining({ code: 'unsupported' }));
    const published = writerDataOf(
      await account.sessions.of(account.identity.publicKeyHash).read(account.identity.publicKeyHash),
      account.identity.publicKeyHash,
    );
    expect(published.inbound?.toString()).toBe(boxingKeyHash);
    expect(counter.count('accounts')).toBe(0);
    await expect(logIn(world.network(), { username, password: 'another password' })).rejects.toMatchObject({
      code: 'denied.login',
      data: { reason: 'password' },
    });
  });

  test('nobody else can be logged in to', async () => {
    for (const username of ['nobody', 'constructor', 'a'.repeat(64)]) {
      await expect(logIn(world.network(), { username, password: 'some password' })).rejects.toMatchObject({ code: 'not-found.user' });
    }
    for (const username of ['', 'a b', 'a/b', 'é', 'a'.repeat(65)]) {
      await expect(logIn(world.network(), { username, password: 'some password' })).rejects.toMatchObject({ code: 'argument' });
    }
    await expect(logIn(world.network(), { username: 'alice', password: 'alice' })).rejects.toMatchObject({ code: 'denied.password' });
  });
});
