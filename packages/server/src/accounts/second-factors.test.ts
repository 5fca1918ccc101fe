import { type MultiFactorAuthMethod, MfaType, MultiFactorAuthResponse, parseTotpKey } from '@pyrgos/core/accounts';
import { toHex } from '@pyrgos/core/bytes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, type LoginOptions, SITE, START, type TestUser } from '../../test/accounts-world.js';
import { VirtualAuthenticator } from '../../test/virtual-authenticator.js';
import { MAX_FACTORS, MAX_WRONG_CODES, WRONG_CODE_PAUSE_MILLISECONDS } from '../limits.js';
import { FactorTable } from './factor-table.js';
import { totpCode } from './totp.js';

const TOO_MANY = 'Too many multi factor auth methods. Please delete some.';
const DAY_OF_START = 19_675;

let world: AccountsWorld;
let alice: TestUser;
beforeEach(async () => {
  world = await AccountsWorld.create();
  alice = await world.addUser('alice');
});
afterEach(async () => world.close());

interface Key {
  readonly credentialId: Uint8Array;
  readonly key: Uint8Array;
}

function code({ key }: Key, secondsAgo = 0): string {
  return totpCode(key, world.clock.now() / 1000 - secondsAgo);
}

/** A code that is wrong now. */
function wrongCode({ key }: Key): string {
  const right = new Set([code({ key, credentialId: key }), code({ key, credentialId: key }, 30)]);
  return ['000000', '000001', '000002'].find((text) => !right.has(text))!;
}

async function addTotp(): Promise<Key> {
  return parseTotpKey(await world.accounts.addTotp('alice', world.request(alice, 'addTotp')));
}

async function enableTotp(key: Key, text: string = code(key)): Promise<boolean> {
  return world.accounts.enableTotp('alice', key.credentialId, text, world.request(alice, 'enableTotp'));
}

async function totp(): Promise<Key> {
  const key = await addTotp();
  await enableTotp(key);
  return key;
}

async function addMount(name = 'Drive mount - Linux 1'): Promise<Key> {
  return parseTotpKey(await world.accounts.addMount('alice', name, world.request(alice, 'addMount')));
}

async function mount(name?: string): Promise<Key> {
  const key = await addMount(name);
  await world.accounts.enableMount('alice', key.credentialId, code(key), world.request(alice, 'enableMount'));
  return key;
}

async function securityKey(id: number): Promise<VirtualAuthenticator> {
  const device = new VirtualAuthenticator('EdDSA', SITE, new Uint8Array(16).fill(id));
  const challenge = await world.accounts.registerWebauthnStart('alice', world.request(alice, 'registerWebauthnStart'));
  const auth = world.request(alice, 'registerWebauthnComplete');
  expect(await world.accounts.registerWebauthnComplete('alice', `key ${id}`, device.create(challenge), auth)).toBe(true);
  return device;
}

async function list(): Promise<readonly MultiFactorAuthMethod[]> {
  return world.accounts.listMfa('alice', world.request(alice, 'listMfa'));
}

async function types(): Promise<number[]> {
  return (await list()).map(({ type }) => type);
}

async function remove(credentialId: Uint8Array): Promise<boolean> {
  return world.accounts.deleteMfa('alice', credentialId, world.request(alice, 'deleteMfa'));
}

async function codes(): Promise<{ readonly credentialId: Uint8Array; readonly codes: readonly string[] }> {
  return world.accounts.genBackupCodes('alice', world.request(alice, 'genBackupCodes'));
}

/** "asked", "in", or the text of the error. */
async function logIn(options: LoginOptions = {}): Promise<string> {
  return world.getLogin('alice', world.password(1), options).then(
    ({ entryPoints }) => (entryPoints === undefined ? 'asked' : 'in'),
    (error: unknown) => (error instanceof Error ? error.message : 'no error'),
  );
}

async function answer({ credentialId }: Pick<Key, 'credentialId'>, text: string): Promise<string> {
  return logIn({ mfa: MultiFactorAuthResponse.of(credentialId, text) });
}

async function offered(mfaTypes?: readonly number[]): Promise<number[]> {
  const { request } = await world.getLogin('alice', world.password(1), mfaTypes === undefined ? {} : { mfaTypes });
  return request!.methods.map(({ type }) => type);
}

describe('TOTP', () => {
  test('asks for a code as soon as it is enabled, not before', async () => {
    const key = await addTotp();
    expect(await list()).toEqual([]);
    expect(await logIn()).toBe('in');
    expect(await enableTotp(key)).toBe(true);
    expect(await logIn()).toBe('asked');
    expect(await answer(key, code(key))).toBe('in');
    const [method] = await list();
    expect(method).toMatchObject({ name: '', type: MfaType.totp, enabled: true, createdDay: DAY_OF_START });
    expect(method?.credentialId).toEqual(key.credentialId);
  });

  test('takes the code of the current and of the last step, as often as clients send it', async () => {
    const key = await totp();
    for (const [ago, result] of [
      [0, 'in'],
      [0, 'in'],
      [30, 'in'],
      [60, `Invalid TOTP code for credId ${toHex(key.credentialId)}`],
      [-30, `Invalid TOTP code for credId ${toHex(key.credentialId)}`],
    ] as const) {
      expect(await answer(key, code(key, ago))).toBe(result);
    }
    expect(await answer(key, '')).toBe(`Invalid TOTP code for credId ${toHex(key.credentialId)}`);
  });

  test('is not enabled by a wrong code, by another user or by another kind of factor', async () => {
    const key = await addTotp();
    expect(await errorText(enableTotp(key, wrongCode(key)))).toBe(`Invalid TOTP code for credId ${toHex(key.credentialId)}`);
    const bob = await world.addUser('bob');
    const asBob = world.accounts.enableTotp('bob', key.credentialId, code(key), world.request(bob, 'enableTotp'));
    expect(await errorText(asBob)).toBe('Unknown credential id for user bob');
    const drive = await addMount();
    expect(await errorText(enableTotp(drive))).toBe('Not a TOTP credential!');
    const asMount = world.accounts.enableMount('alice', key.credentialId, code(key), world.request(alice, 'enableMount'));
    expect(await errorText(asMount)).toBe('Not a mount credential!');
    expect(await logIn()).toBe('in');
  });

  test('has one active key: a new one replaces it once it is enabled', async () => {
    const first = await totp();
    const abandoned = await addTotp();
    const second = await addTotp();
    expect(await errorText(enableTotp(abandoned))).toBe('Unknown credential id for user alice');
    expect(await answer(first, code(first))).toBe('in');
    await enableTotp(second);
    expect(await types()).toEqual([MfaType.totp]);
    expect(await answer(first, code(first))).toBe('Unknown credential id for user alice');
    expect(await answer(second, code(second))).toBe('in');
    expect(await enableTotp(second)).toBe(true);
  });

  test('that was never enabled proves nothing', async () => {
    const active = await totp();
    const waiting = await addTotp();
    expect(await answer(waiting, code(waiting))).toBe('Unknown credential id for user alice');
    expect(await answer(active, code(active))).toBe('in');
  });
});

describe('guessing', () => {
  test('ends after some wrong codes and goes on slowly', async () => {
    const key = await totp();
    for (let i = 0; i < MAX_WRONG_CODES; i++) expect(await answer(key, wrongCode(key))).toContain('Invalid TOTP code');
    expect(await answer(key, code(key))).toBe('Too many wrong codes. Please try again in 5 minutes.');
    expect(await logIn()).toBe('asked');
    world.clock.time += WRONG_CODE_PAUSE_MILLISECONDS;
    expect(await answer(key, wrongCode(key))).toContain('Invalid TOTP code');
    expect(await answer(key, code(key))).toContain('Too many wrong codes');
    world.clock.time += WRONG_CODE_PAUSE_MILLISECONDS;
    expect(await answer(key, code(key))).toBe('in');
    expect(await answer(key, wrongCode(key))).toContain('Invalid TOTP code');
  });

  test('in parallel gets no further', async () => {
    const key = await totp();
    const texts = await Promise.all(Array.from({ length: 50 }, async () => answer(key, wrongCode(key))));
    expect(texts.filter((text) => text.startsWith('Invalid TOTP code'))).toHaveLength(MAX_WRONG_CODES);
  });

  test('needs the password, and does not touch other factors', async () => {
    const key = await totp();
    const { credentialId, codes: backup } = await codes();
    const drive = await mount();
    const mfa = MultiFactorAuthResponse.of(key.credentialId, wrongCode(key));
    for (let i = 0; i <= MAX_WRONG_CODES; i++) {
      expect(await errorText(world.getLogin('alice', world.password(2), { mfa }))).toBe('Incorrect username or password');
    }
    expect(await answer(key, code(key))).toBe('in');
    for (let i = 0; i <= MAX_WRONG_CODES; i++) await answer(drive, wrongCode(drive));
    expect(await answer(drive, code(drive))).toContain('Too many wrong codes');
    expect(await answer(key, code(key))).toBe('in');
    expect(await answer({ credentialId }, backup[0]!)).toBe('in');
  });
});

describe('the question for a second factor', () => {
  test('offers what the client can present, and no mounts', async () => {
    await totp();
    await securityKey(1);
    await codes();
    await mount();
    expect(await types()).toEqual([MfaType.totp, MfaType.webauthn, MfaType.backupCodes, MfaType.mount]);
    expect(await offered()).toEqual([MfaType.totp, MfaType.webauthn]);
    expect(await offered([1, 2, 3, 4])).toEqual([MfaType.totp, MfaType.webauthn, MfaType.backupCodes]);
    expect(await offered([3])).toEqual([MfaType.backupCodes]);
    expect(await offered([])).toEqual([]);
    expect(await offered([4, 99])).toEqual([]);
  });

  test('has a fresh challenge each time', async () => {
    await totp();
    const challenges = new Set<string>();
    for (let i = 0; i < 5; i++) challenges.add(toHex((await world.getLogin('alice', world.password(1))).request!.challenge));
    expect(challenges.size).toBe(5);
    expect([...challenges][0]).toHaveLength(64);
  });

  test('is put to nobody without the login key', async () => {
    await totp();
    expect(await errorText(world.getLogin('alice', world.password(2)))).toBe('Incorrect username or password');
    expect(await logIn()).toBe('asked');
  });
});

describe('backup codes', () => {
  const NEEDS_FACTOR = 'Please set up an authenticator app or security key before generating backup codes.';

  test('need something to stand in for', async () => {
    expect(await errorText(codes())).toBe(NEEDS_FACTOR);
    await mount();
    await addTotp();
    expect(await errorText(codes())).toBe(NEEDS_FACTOR);
    const device = await securityKey(1);
    expect((await codes()).codes).toHaveLength(10);
    await remove(device.credentialId);
    expect(await types()).toEqual([MfaType.mount]);
    expect(await logIn()).toBe('in');
  });

  test('are good once each, and counted in their name', async () => {
    await totp();
    const set = await codes();
    const invalid = `Invalid backup code for credId ${toHex(set.credentialId)}`;
    for (const [i, text] of set.codes.entries()) {
      expect((await list()).map(({ name }) => name)).toEqual(['', String(10 - i)]);
      expect(await answer(set, i % 2 === 0 ? text : `${text.slice(0, 5)}-${text.slice(5)}`.toUpperCase())).toBe('in');
      expect(await answer(set, text)).toBe(invalid);
    }
    expect(await types()).toEqual([MfaType.totp]);
    expect(await offered([1, 2, 3, 4])).toEqual([MfaType.totp]);
    expect(await answer(set, set.codes[0]!)).toBe(invalid);
  });

  test('are burned by one of two redemptions at the same time', async () => {
    await totp();
    const set = await codes();
    const same = await Promise.all([answer(set, set.codes[0]!), answer(set, set.codes[0]!), answer(set, set.codes[0]!)]);
    expect(same.filter((result) => result === 'in')).toHaveLength(1);
    const different = await Promise.all([answer(set, set.codes[1]!), answer(set, set.codes[2]!)]);
    expect(different).toEqual(['in', 'in']);
    expect((await list()).at(-1)?.name).toBe('7');
  });

  test('stay burned after a restart, and are never stored', async () => {
    await totp();
    const set = await codes();
    expect(await answer(set, set.codes[3]!)).toBe('in');
    await world.reopen();
    expect(await answer(set, set.codes[3]!)).toContain('Invalid backup code');
    const { value } = new FactorTable(world.db).find('alice', set.credentialId)!;
    expect(set.codes.some((text) => Buffer.from(value).includes(text))).toBe(false);
  });

  test('are burned by compare-and-swap: of two that read the same row one fails', async () => {
    await totp();
    const { credentialId } = await codes();
    const table = new FactorTable(world.db);
    const row = table.find('alice', credentialId)!;
    expect(table.replaceValue(row, Uint8Array.of(1), '9')).toBe(true);
    expect(table.replaceValue(row, Uint8Array.of(2), '9')).toBe(false);
    expect(table.find('alice', credentialId)?.value).toEqual(Uint8Array.of(1));
  });

  test('replace older ones', async () => {
    await totp();
    const [first, second] = [await codes(), await codes()];
    expect(await answer(first, first.codes[0]!)).toBe('Unknown credential id for user alice');
    expect(await answer(second, second.codes[0]!)).toBe('in');
    expect(await types()).toEqual([MfaType.totp, MfaType.backupCodes]);
  });

  test('are not burned without the password', async () => {
    await totp();
    const set = await codes();
    const mfa = MultiFactorAuthResponse.of(set.credentialId, set.codes[0]!);
    expect(await errorText(world.getLogin('alice', world.password(2), { mfa }))).toBe('Incorrect username or password');
    expect(await logIn({ mfa })).toBe('in');
  });
});

describe('mount factors', () => {
  test('do not make a log-in need a second factor, but answer when it does', async () => {
    const drive = await mount();
    expect(await logIn()).toBe('in');
    expect((await list())[0]).toMatchObject({ name: 'Drive mount - Linux 1', type: MfaType.mount, enabled: true });
    await totp();
    expect(await answer(drive, code(drive))).toBe('in');
    expect(await answer(drive, wrongCode(drive))).toBe(`Invalid TOTP code for credId ${toHex(drive.credentialId)}`);
    expect(await remove(drive.credentialId)).toBe(true);
    expect(await answer(drive, code(drive))).toBe('Unknown credential id for user alice');
  });

  test('can be several; an abandoned one is dropped by the next', async () => {
    const [first, abandoned, second] = [await mount('one'), await addMount('two'), await mount('three')];
    expect((await list()).map(({ name }) => name)).toEqual(['one', 'three']);
    await totp();
    expect(await answer(first, code(first))).toBe('in');
    expect(await answer(second, code(second))).toBe('in');
    expect(await answer(abandoned, code(abandoned))).toBe('Unknown credential id for user alice');
  });
});

describe('limits', () => {
  test('on the number of factors', async () => {
    for (let i = 0; i < MAX_FACTORS - 1; i++) await mount(`mount ${i}`);
    const key = await addTotp();
    expect(await errorText(addMount())).toBe(TOO_MANY);
    // A key that was never enabled makes room for the next one.
    const next = await addTotp();
    await enableTotp(next);
    expect(await errorText(addTotp())).toBe(TOO_MANY);
    expect(await errorText(enableTotp(key))).toBe('Unknown credential id for user alice');
    // Backup codes do not count against it, but are counted by it.
    await codes();
    expect(await list()).toHaveLength(MAX_FACTORS + 1);
    const start = world.accounts.registerWebauthnStart('alice', world.request(alice, 'registerWebauthnStart'));
    expect(await errorText(start)).toBe(TOO_MANY);
  });

  test('on the number of security keys, also of those that were begun at the same time', async () => {
    for (let i = 1; i < MAX_FACTORS; i++) await securityKey(i);
    const begin = async (): Promise<Uint8Array> =>
      world.accounts.registerWebauthnStart('alice', world.request(alice, 'registerWebauthnStart'));
    const challenges = [await begin(), await begin(), await begin()];
    const texts: string[] = [];
    for (const [i, challenge] of challenges.entries()) {
      const device = new VirtualAuthenticator('ES256', SITE, new Uint8Array(8).fill(0x80 + i));
      const auth = world.request(alice, 'registerWebauthnComplete');
      texts.push(await errorText(world.accounts.registerWebauthnComplete('alice', 'x', device.create(challenge), auth)));
    }
    expect(texts).toEqual(['no error', 'no error', TOO_MANY]);
  });

  test('on names', async () => {
    const problem = 'The name of a second factor can have at most 32 characters, and no control characters.';
    expect(await errorText(addMount('x'.repeat(33)))).toBe(problem);
    for (const name of ['a\0b', 'a\nb', '\ud800', '\u{1f511}'.repeat(17)]) expect(await errorText(addMount(name))).toBe(problem);
    for (const name of ['', 'x'.repeat(32), '<b>Ä 鍵</b>', '__proto__']) await mount(name);
    expect((await list()).map(({ name }) => name)).toEqual(['', 'x'.repeat(32), '<b>Ä 鍵</b>', '__proto__']);
  });
});

describe('the authentication of the calls', () => {
  const id = new Uint8Array(32);
  type Call = (auth: Uint8Array, name?: string) => Promise<unknown>;
  const calls = (): Readonly<Record<string, Call>> => ({
    listMfa: async (auth, name = 'alice') => world.accounts.listMfa(name, auth),
    addTotp: async (auth, name = 'alice') => world.accounts.addTotp(name, auth),
    enableTotp: async (auth, name = 'alice') => world.accounts.enableTotp(name, id, '000000', auth),
    addMount: async (auth, name = 'alice') => world.accounts.addMount(name, 'x', auth),
    enableMount: async (auth, name = 'alice') => world.accounts.enableMount(name, id, '000000', auth),
    genBackupCodes: async (auth, name = 'alice') => world.accounts.genBackupCodes(name, auth),
    registerWebauthnStart: async (auth, name = 'alice') => world.accounts.registerWebauthnStart(name, auth),
    registerWebauthnComplete: async (auth, name = 'alice') =>
      world.accounts.registerWebauthnComplete(name, 'x', MultiFactorAuthResponse.of(id, '000000'), auth),
    deleteMfa: async (auth, name = 'alice') => world.accounts.deleteMfa(name, id, auth),
  });

  test('wants a fresh signed request of the identity for exactly this call', async () => {
    const bob = await world.addUser('bob');
    for (const [name, call] of Object.entries(calls())) {
      const other = name === 'listMfa' ? 'deleteMfa' : 'listMfa';
      expect(await errorText(call(world.request(alice, other)))).toBe(`Illegal path for signed request: peergos/v0/login/${other}`);
      expect(await errorText(call(world.request(bob, name)))).toBe('the signature is not valid for this key');
      expect(await errorText(call(new Uint8Array(3)))).toBe('the signature is not valid for this key');
      expect(await errorText(call(world.request(alice, name, START - 86_400_001)))).toBe('Stale auth time, is your clock accurate?');
      expect(await errorText(call(world.request(alice, name, START + 86_400_001)))).toBe('Stale auth time, is your clock accurate?');
      expect(await errorText(call(world.request(alice, name), 'nobody'))).toBe("Couldn't retrieve owner key!");
      expect(await errorText(call(world.request(alice, name), 'a/b'))).toBe('username: must be a username');
    }
    expect(await list()).toEqual([]);
  });

  test('takes requests up to a day old or ahead', async () => {
    for (const offset of [-86_400_000, 86_400_000]) {
      expect(await world.accounts.listMfa('alice', world.request(alice, 'listMfa', START + offset))).toEqual([]);
    }
  });

  test('sends users of other servers home', async () => {
    const carol = await world.addUser('carol', { home: 2, login: false });
    for (const [name, call] of Object.entries(calls())) {
      expect(await errorText(call(world.request(carol, name), 'carol'))).toBe('Please login on your home server');
    }
  });
});

test('deleting what is not there succeeds', async () => {
  expect(await remove(new Uint8Array(32))).toBe(true);
});

test('users do not see each other', async () => {
  const key = await totp();
  const bob = await world.addUser('bob');
  expect(await world.accounts.listMfa('bob', world.request(bob, 'listMfa'))).toEqual([]);
  expect(await world.accounts.deleteMfa('bob', key.credentialId, world.request(bob, 'deleteMfa'))).toBe(true);
  expect(await types()).toEqual([MfaType.totp]);
  expect((await world.getLogin('bob', world.password(1))).entryPoints).toBeDefined();
});

test('a removed user has no factors left', async () => {
  const key = await totp();
  await world.accounts.remove('alice');
  expect(await list()).toEqual([]);
  await world.setLogin(world.loginData(alice, world.password(1)), alice);
  expect(await logIn()).toBe('in');
  expect(new FactorTable(world.db).find('alice', key.credentialId)).toBeUndefined();
});

test('factors survive a password change and a restart', async () => {
  const key = await totp();
  await world.setLogin(await world.passwordChange(alice, world.password(2)), alice);
  await world.reopen();
  const { request } = await world.getLogin('alice', world.password(2));
  expect(request?.methods).toHaveLength(1);
  const mfa = MultiFactorAuthResponse.of(key.credentialId, code(key));
  expect((await world.getLogin('alice', world.password(2), { mfa })).entryPoints).toBeDefined();
});
