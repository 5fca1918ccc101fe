import { BlockWrite, OpLog, PaymentProperties, PointerWrite } from '@pyrgos/core/accounts';
import { toHex, utf8Encode } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { PublicSigningKey, ScryptSecretGeneration, SigningKeyPair } from '@pyrgos/core/keys';
import { MAX_OP_LOG_SIZE } from '@pyrgos/core/limits';
import { WriterData } from '@pyrgos/core/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Progress } from '../waiting/progress.js';
import { changedNetwork, overriding } from '../../test/changed-network.js';
import { ManualClock } from '../../test/commit-world.js';
import { ServerWorld } from '../../test/server-world.js';
import { CommittedView, listChildren, openItem } from '../files/view/index.js';
import { HttpNetwork } from '../network/index.js';
import { secretsOf } from './account.js';
import { buildSignUp } from './build-sign-up.js';
import { createClientContext } from './client-context.js';
import { logIn } from './log-in.js';
import { deriveLoginKeys } from './login-keys.js';
import { PaidSignUp } from './paid-sign-up.js';
import { signUp } from './sign-up.js';
import { space } from './space.js';

const password = 'violet anchor sleeps beneath copper';

describe('a sign-up', () => {
  let world: ServerWorld;
  beforeAll(async () => {
    world = await ServerWorld.start();
  });
  afterAll(async () => world.close());

  test('takes at most 32 requests, and a log-in at most 5 for storage', async () => {
    const first = world.counted();
    const account = await signUp(first.network, { username: 'alice', password });
    expect(first.counter.count()).toBeLessThanOrEqual(32);
    expect(first.counter.count('core', 'signup')).toBe(1);
    expect(first.counter.failed).toBe(0);

    const second = world.counted();
    const again = await logIn(second.network, { username: ' Alice ', password });
    expect(second.counter.storageRequests).toBeLessThanOrEqual(5);
    expect(second.counter.count()).toBeLessThanOrEqual(8);
    expect(again.identity.equals(account.identity)).toBe(true);
    expect(again.boxing.equals(account.boxing)).toBe(true);
    expect(again.home.equals(account.home)).toBe(true);
    expect(again.mirrorBat?.equals(account.mirrorBat)).toBe(true);
    expect([again.isPostQuantum, again.isLegacy, again.isBoxingPublished]).toEqual([true, false, true]);
    expect(again.chain).toHaveLength(1);

    const view = new CommittedView(again.sessions);
    const names: string[] = [];
    for await (const child of listChildren(view, await openItem(view, again.home))) if (child.name !== undefined) names.push(child.name);
    expect(names.toSorted()).toEqual(['.capabilitycache', '.transactions', 'shared']);
  });

  test('sends what chapter 05 section 12.5 lists, and nothing else', async () => {
    const { crypto } = world;
    const network = world.network();
    const algorithm = ScryptSecretGeneration.of({ extraSalt: '00'.repeat(32) });
    const identity = SigningKeyPair.generate(crypto);
    const keys = await deriveLoginKeys(crypto, 'bob', password, algorithm);
    const parts = { username: 'bob', algorithm, keys, identity, server: await network.serverId() };
    const { link, log } = await buildSignUp(await createClientContext(network), parts);
    const writers = log.operations.map(({ writer }) => writer.key);
    const owner = identity.publicKey.hash;
    const home = log.operations.findLast((item) => !item.writer.equals(owner))?.writer;
    // Each writer's blocks, then its one pointer; the identity first.
    expect(writers.lastIndexOf(owner.key)).toBeLessThan(writers.indexOf(home?.key ?? ''));
    const pointersAt = log.operations.flatMap((item, i) => (item instanceof PointerWrite ? [i] : []));
    expect(pointersAt).toEqual([writers.lastIndexOf(owner.key), writers.lastIndexOf(home?.key ?? '')]);
    for (const item of log.operations) {
      if (item instanceof PointerWrite) expect(item.signed).toHaveLength(105);
      else expect(item.isSignedBy(crypto, PublicSigningKey.decode(item.writer.inlineKey ?? new Uint8Array()))).toBe(true);
    }
    const sizes = (of: string): number[] =>
      log.operations
        .flatMap((item) => (item instanceof BlockWrite && item.writer.key === of ? [item.block.length] : []))
        .toSorted((a, b) => a - b);
    expect(sizes(owner.key)).toEqual([94, 161, 251, 1617]);
    const [emptyChamp, writerData, champ, ...nodes] = sizes(home?.key ?? '');
    expect([emptyChamp, writerData]).toEqual([4, 150]);
    expect(champ).toBeGreaterThanOrEqual(306);
    expect(champ).toBeLessThanOrEqual(309);
    expect(nodes).toHaveLength(4);
    expect(log.encode().length).toBeLessThan(MAX_OP_LOG_SIZE);
    expect(OpLog.decode(log.encode()).equals(log)).toBe(true);
    expect(log.login?.data.isSignedBy(crypto, identity.publicKey, log.login.auth)).toBe(true);
    expect(log.mirrorBat?.bat.hasOwnId(crypto)).toBe(true);
    expect(link.claim.storageProviders).toHaveLength(1);
    const blocks = log.operations.filter((item) => item instanceof BlockWrite).map(({ block }) => block);
    const identityData = blocks.filter(({ length }) => length === 251).map((block) => WriterData.decode(block));
    expect(identityData[0]?.algorithm?.equals(algorithm)).toBe(true);
    expect(identityData[0]?.static).toBeUndefined();
    // Nobody has heard of it.
    await expect(logIn(network, { username: 'bob', password })).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('a name or password that will not do is refused before anything is asked', async () => {
    const { network, counter } = world.counted();
    for (const username of [
      '',
      '-a',
      'a-',
      'a--b',
      'A_b',
      '\u0130',
      'a.b',
      'a\nb',
      'a'.repeat(33),
      'root',
      'constructor',
      undefined as never,
    ]) {
      await expect(signUp(network, { username, password })).rejects.toMatchObject({ code: 'denied.signup', data: { reason: 'username' } });
    }
    expect(counter.count()).toBe(0);
  });

  test('a weak password is refused, and told why', async () => {
    const { network, counter } = world.counted();
    for (const [weak, problem] of [
      ['carol', 'equals-username'],
      ['short', 'too-short'],
      ['aaaaaaaaaaaaaaaaa', 'repetition'],
      ['password123456', 'common'],
    ] as const) {
      await expect(signUp(network, { username: 'carol', password: weak })).rejects.toMatchObject({
        code: 'denied.password',
        data: { reason: problem },
      });
    }
    expect(counter.count()).toBe(0);
  });

  test('a taken name is told', async () => {
    await expect(signUp(world.network(), { username: 'alice', password })).rejects.toMatchObject({
      code: 'conflict.exists',
      message: 'There is a user with this name already.',
    });
  });

  test('a lost answer is found out to be a success, and another failure is not', async () => {
    const network = world.network();
    const lost = overriding(network.core, {
      signup: async (...call) => {
        await network.core.signup(...call);
        throw new PyrgosError('network', 'the answer was lost');
      },
    });
    const account = await signUp(changedNetwork(network, { core: lost }), { username: 'dora', password });
    expect(account.username).toBe('dora');
    const never = overriding(network.core, {
      signup: async () => {
        throw new PyrgosError('network', 'the request was lost');
      },
    });
    await expect(signUp(changedNetwork(network, { core: never }), { username: 'emil', password })).rejects.toMatchObject({
      code: 'network',
    });
    await signUp(network, { username: 'emil', password });
  });

  test('whoever logs in before the end of a sign-up is not told that the account was deleted', async () => {
    const network = world.network();
    await signUp(network, { crypto: world.quick, username: 'unborn', password });
    const getPointer = async (): Promise<undefined> => Promise.resolve(undefined);
    const early = changedNetwork(network, { pointers: overriding(network.pointers, { getPointer }) });
    await expect(logIn(early, { crypto: world.quick, username: 'unborn', password })).rejects.toMatchObject({
      code: 'not-found.user',
      data: { username: 'unborn', deleted: false },
    });
  });

  test('a harder key derivation works from then on', async () => {
    const account = await signUp(world.network(), { username: 'frida', password, cost: { logN: 18 } });
    expect(secretsOf(account).algorithm.logN).toBe(18);
    expect(secretsOf(await logIn(world.network(), { username: 'frida', password })).algorithm.logN).toBe(18);
  });

  test('cancelled before it is sent, nothing exists', async () => {
    const controller = new AbortController();
    const progress: number[] = [];
    const options = { username: 'gus', password, signal: controller.signal };
    await expect(
      signUp(world.network(), {
        ...options,
        onProgress: ({ done }) => {
          progress.push(done);
          controller.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'aborted' });
    expect(progress.length).toBeGreaterThan(0);
    await expect(logIn(world.network(), { username: 'gus', password })).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('what is sent contains neither the password nor a key that opens anything', async () => {
    const sent: string[] = [];
    const network = new HttpNetwork({
      server: world.url,
      crypto: world.crypto,
      fetch: async (input, init) => {
        const { body } = init;
        const bytes = body === undefined || body === null ? new Uint8Array() : new Uint8Array(await new Response(body).arrayBuffer());
        sent.push(`${input} ${JSON.stringify(init.headers ?? {})} ${toHex(bytes)}`);
        return fetch(input, { ...init, ...(body === undefined || body === null ? {} : { body: bytes }) });
      },
    });
    const account = await signUp(network, { username: 'heidi', password });
    const again = await logIn(network, { username: 'heidi', password });
    const all = sent.join('\n');
    expect(sent.length).toBeGreaterThan(15);
    const { rootKey } = secretsOf(again);
    const secrets = [
      utf8Encode(password),
      world.crypto.sha256(utf8Encode(password)),
      rootKey.bytes,
      account.identity.secretKey.bytes.subarray(0, 32),
      account.homeWriter.secretKey.bytes.subarray(0, 32),
      account.boxing.secretKey.curve25519.bytes,
    ];
    for (const secret of secrets) expect(all).not.toContain(toHex(secret));
    expect(all).not.toContain(encodeURIComponent(password));
    expect(all).not.toContain(password);
    expect(`${String(account)}${JSON.stringify(account)}`).toBe('Account(redacted)"Account(redacted)"');
  });
});

describe('servers that are picky', () => {
  test('a token opens a closed server once', async () => {
    const world = await ServerWorld.start({ flags: { 'max-users': '0' } });
    try {
      const [invite] = await world.running.operator.createTokens(1);
      const token = invite?.token ?? '';
      const refused = async (username: string, wrong?: string): Promise<unknown> =>
        signUp(world.network(), { username, password, ...(wrong === undefined ? {} : { token: wrong }) }).catch((error: unknown) => error);
      expect(await refused('alice')).toMatchObject({ code: 'denied.signup', data: { reason: 'closed' } });
      expect(await refused('alice', 'f'.repeat(64))).toMatchObject({ code: 'denied.signup', data: { reason: 'token' } });
      expect(await refused('alice', 'x'.repeat(1025))).toMatchObject({ code: 'argument' });
      const account = await signUp(world.network(), { username: 'alice', password, token });
      expect(await space(account).quota()).toBe(2 ** 30);
      expect(await refused('bob', token)).toMatchObject({ code: 'denied.signup', data: { reason: 'token' } });
    } finally {
      await world.close();
    }
  });

  test('a server under load gets the proof of work it wants', async () => {
    const clock = new ManualClock();
    clock.time = Date.now();
    const world = await ServerWorld.start({ clock, flags: { 'max-daily-signups': '200000' } });
    try {
      await signUp(world.network({ clock }), { username: 'alice', password, clock });
      const { network, counter } = world.counted({ clock });
      const progress: Progress[] = [];
      await signUp(network, { username: 'bob', password, clock, onProgress: (now) => progress.push(now) });
      expect(counter.count('core', 'signup')).toBe(2);
      expect(progress.at(-1)).toMatchObject({ phase: 'proof-of-work', done: 1, total: 1 });
    } finally {
      await world.close();
    }
  });
});

describe('a sign-up that is paid', () => {
  let world: ServerWorld;
  beforeAll(async () => {
    world = await ServerWorld.start();
  });
  afterAll(async () => world.close());

  /** A server with a till: the account is made when it was paid for, after `looks` looks. */
  const paidServer = (looks: number, error?: string) => {
    const network = world.network();
    const orders: { readonly bytes: number; readonly annual: boolean }[] = [];
    const payment = PaymentProperties.of({
      freeQuota: 0,
      url: 'https://pay.example/plan?x=1',
      clientSecret: 'a secret',
      ...(error === undefined ? {} : { error }),
    });
    let isMade = false;
    const core = overriding(network.core, {
      startPaidSignup: async () => ({
        accepted: true as const,
        payment: PaymentProperties.of({ freeQuota: 0, url: 'https://pay.example/plan?x=1', clientSecret: 'a secret' }),
      }),
      completePaidSignup: async (username, link, log, proof, request) => {
        orders.push(request);
        if (orders.length >= looks && error === undefined && !isMade) {
          isMade = true;
          await network.core.signup(username, link, log, proof, '');
        }
        return payment;
      },
    });
    return { network: changedNetwork(network, { core }), orders };
  };

  test('reserves, shows the page, waits for the money, and logs in', async () => {
    const clock = new ManualClock();
    clock.time = Date.now();
    const { network, orders } = paidServer(3);
    const paid = await PaidSignUp.start(network, { username: 'alice', password, clock });
    expect(paid.page).toBe('https://pay.example/plan?x=1&username=alice&client_secret=a%20secret');
    const account = await paid.complete({ bytes: 10 ** 9, annual: true });
    expect(account.identity.publicKeyHash.equals(paid.identity.publicKey.hash)).toBe(true);
    expect(orders.map(({ bytes, annual }) => [bytes, annual])).toEqual(Array.from({ length: 3 }, () => [10 ** 9, true]));
    expect(clock.sleeps.filter((ms) => ms >= 1000)).toEqual([1000, 2000]);
  });

  test('a payment that fails, and one that never comes, are told', async () => {
    const clock = new ManualClock();
    clock.time = Date.now();
    const failed = await PaidSignUp.start(paidServer(1, 'Your card was declined').network, { username: 'bob', password, clock });
    await expect(failed.complete({ bytes: 1000 })).rejects.toMatchObject({ code: 'quota', data: { reason: 'Your card was declined' } });
    const never = await PaidSignUp.start(paidServer(100).network, { username: 'carol', password, clock, identity: failed.identity });
    expect(never.identity).toBe(failed.identity);
    await expect(never.complete({ bytes: 1000 })).rejects.toMatchObject({ code: 'quota' });
    expect(clock.sleeps.filter((ms) => ms >= 1000)).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });
});
