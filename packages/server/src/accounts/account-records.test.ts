import { MfaType } from '@pyrgos/core/accounts';
import { encodeBase64 } from '@pyrgos/core/codec';
import { FormatError } from '@pyrgos/core/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, SITE, START, type TestUser } from '../../test/accounts-world.js';
import { VirtualAuthenticator } from '../../test/virtual-authenticator.js';
import { AccountRecords, parseFactorRecord, parseLoginRecord, parseStagedLoginRecord } from './account-records.js';
import { FactorTable } from './factor-table.js';

let world: AccountsWorld;
let alice: TestUser;
beforeEach(async () => {
  world = await AccountsWorld.create();
  alice = await world.addUser('alice');
});
afterEach(async () => world.close());

/** Everything, as it would be read from a backup file. */
function exported(records: AccountRecords): { readonly login: unknown[]; readonly staged: unknown[]; readonly factors: unknown[] } {
  const all = { login: [...records.loginRecords()], staged: [...records.stagedLoginRecords()], factors: [...records.factorRecords()] };
  return JSON.parse(JSON.stringify(all)) as ReturnType<typeof exported>;
}

function importInto(records: AccountRecords, { login, staged, factors }: ReturnType<typeof exported>): void {
  records.importRows({
    login: login.map((record, i) => parseLoginRecord(record, `login[${i}]`)),
    staged: staged.map((record, i) => parseStagedLoginRecord(record, `pendingLogin[${i}]`)),
    factors: factors.map((record, i) => parseFactorRecord(record, `mfa[${i}]`)),
  });
}

async function stageChange(): Promise<void> {
  const pointers = {
    getPointer: world.pointers.getPointer.bind(world.pointers),
    setPointers: async () => false,
    setPointer: async () => false,
  };
  await world.setLogin(await world.passwordChange(alice, world.password(2)), alice, world.build({ pointers }));
}

describe('records of a backup', () => {
  test('bring everything to another server', async () => {
    await world.addUser('bob');
    await world.accounts.addTotp('bob', world.request(world.users.get('bob')!, 'addTotp'));
    const device = new VirtualAuthenticator('ES256', SITE);
    const challenge = await world.accounts.registerWebauthnStart('alice', world.request(alice, 'registerWebauthnStart'));
    const auth = world.request(alice, 'registerWebauthnComplete');
    await world.accounts.registerWebauthnComplete('alice', 'Schlüssel', device.create(challenge), auth);
    const backup = await world.accounts.genBackupCodes('alice', world.request(alice, 'genBackupCodes'));
    await stageChange();
    const before = exported(new AccountRecords(world.db));
    expect(before.login.map((record) => (record as { username: string }).username)).toEqual(['alice', 'bob']);
    expect(before.staged).toHaveLength(1);
    expect(before.factors.map((record) => (record as { type: number }).type)).toEqual([
      MfaType.webauthn,
      MfaType.backupCodes,
      MfaType.totp,
    ]);

    const other = await AccountsWorld.create();
    try {
      importInto(new AccountRecords(other.db), before);
      await other.db.durable();
      expect(exported(new AccountRecords(other.db))).toEqual(before);
      const { request } = await other.getLogin('alice', other.password(1), { mfaTypes: [1, 2, 3] });
      expect(request?.methods.map(({ name }) => name)).toEqual(['Schlüssel', '10']);
      const mfa = device.get(request!.challenge);
      expect((await other.getLogin('alice', other.password(1), { mfa })).entryPoints).toBeDefined();
      expect(new FactorTable(other.db).find('alice', backup.credentialId)?.createdDay).toBe(Math.floor(START / 86_400_000));
    } finally {
      await other.close();
    }
  });

  test('are read in pages', () => {
    const [entry, reader] = [Uint8Array.of(1), Uint8Array.of(2)];
    const names = Array.from({ length: 600 }, (_, i) => `user${String(i).padStart(3, '0')}`);
    const records = new AccountRecords(world.db);
    world.db.execute('DELETE FROM login');
    records.importRows({
      login: names.map((username) => ({ username, entry, reader })),
      staged: [],
      factors: names.map((username) => ({ username, name: '', credentialId: entry, type: 1, enabled: true, createdDay: 1, value: reader })),
    });
    expect([...records.loginRecords()].map(({ username }) => username)).toEqual(names);
    expect([...records.factorRecords()].map(({ username }) => username)).toEqual(names);
    expect([...records.stagedLoginRecords()]).toEqual([]);
  });

  test('are all imported or none', async () => {
    await stageChange();
    await world.accounts.addTotp('alice', world.request(alice, 'addTotp'));
    const all = exported(new AccountRecords(world.db));
    const other = await AccountsWorld.create();
    try {
      const records = new AccountRecords(other.db);
      expect(() => importInto(records, { ...all, factors: [...all.factors, ...all.factors] })).toThrow('mfa: has a credential id twice');
      expect(() => importInto(records, { ...all, login: [...all.login, ...all.login] })).toThrow('login: has a user twice');
      expect(exported(records)).toEqual({ login: [], staged: [], factors: [] });
      expect(await errorText(other.getLogin('alice', other.password(1)))).toBe('Incorrect username or password');
    } finally {
      await other.close();
    }
  });
});

describe('damaged records', () => {
  const base64 = (length: number): string => encodeBase64(new Uint8Array(length));
  const factor = {
    username: 'alice',
    name: '',
    credentialId: base64(32),
    type: 1,
    enabled: true,
    createdEpochDay: 20_779,
    value: base64(32),
  };

  test.each([
    ['mfa[0]', null],
    ['mfa[0]', 'x'],
    ['mfa[0].username', { ...factor, username: 'a/b' }],
    ['mfa[0].username', { ...factor, username: 7 }],
    ['mfa[0].name', { ...factor, name: 'x'.repeat(33) }],
    ['mfa[0].name', { ...factor, name: 'a\0' }],
    ['mfa[0].name', { ...factor, name: undefined }],
    ['mfa[0].credentialId', { ...factor, credentialId: '' }],
    ['mfa[0].credentialId', { ...factor, credentialId: base64(1024) }],
    ['mfa[0].credentialId', { ...factor, credentialId: 'AB' }],
    ['mfa[0].type', { ...factor, type: 0 }],
    ['mfa[0].type', { ...factor, type: 5 }],
    ['mfa[0].type', { ...factor, type: 1.5 }],
    ['mfa[0].enabled', { ...factor, enabled: 1 }],
    ['mfa[0].createdEpochDay', { ...factor, createdEpochDay: -1 }],
    ['mfa[0].createdEpochDay', { ...factor, createdEpochDay: '1' }],
    ['mfa[0].value', { ...factor, value: '' }],
    ['mfa[0].value', { ...factor, value: base64(65) }],
    ['mfa[0].value', { ...factor, type: 2 }],
    ['mfa[0].value', { ...factor, type: 3 }],
    ['mfa[0].value', { ...factor, type: 4, value: base64(65) }],
  ])('are refused with the field named: %s', (where, record) => {
    const call = (): unknown => parseFactorRecord(record, 'mfa[0]');
    expect(call).toThrow(FormatError);
    expect(call).toThrow(expect.objectContaining({ code: 'format.backup', data: expect.objectContaining({ where }) }));
  });

  test.each(['username', 'entryPoints', 'loginPublicKey', 'writer', 'target', 'createdMillis'])('%s of login data', async (field) => {
    await stageChange();
    const [record] = exported(new AccountRecords(world.db)).staged as Record<string, unknown>[];
    expect(parseStagedLoginRecord(record, 'x').username).toBe('alice');
    for (const value of [undefined, 'a b', '', 7.5, null]) {
      const damaged = { ...record, [field]: value };
      expect(() => parseStagedLoginRecord(damaged, 'pendingLogin[0]')).toThrow(`pendingLogin[0].${field}`);
    }
  });
});
