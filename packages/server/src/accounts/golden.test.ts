import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MultiFactorAuthResponse } from '@pyrgos/core/accounts';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { decodeBase64 } from '@pyrgos/core/codec';
import { decodeSecretGenerationAlgorithm, hashToKeyBytes, ScryptSecretGeneration, SigningKeyPair, SymmetricKey } from '@pyrgos/core/keys';
import { EntryPoints } from '@pyrgos/core/model';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { TOTP, Secret } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText } from '../../test/accounts-world.js';
import { AccountRecords, parseFactorRecord, parseLoginRecord } from './account-records.js';
import { BackupCodeHashes } from './backup-code-hashes.js';
import { FactorTable } from './factor-table.js';
import { totpCode } from './totp.js';

const folder = goldenFolder();

interface Inputs {
  readonly users: readonly {
    readonly username: string;
    readonly password: string;
    readonly totp?: { readonly base32Secret: string; readonly secretHex: string; readonly credentialIdHex: string };
  }[];
}

interface Expected {
  readonly users: Readonly<Record<string, { readonly loginAlgorithmCbor: string; readonly identity: string }>>;
}

async function read<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;
}

describe.skipIf(folder === undefined)(`login data of a real server (${goldenMissing})`, () => {
  let world: AccountsWorld;
  let inputs: Inputs;
  beforeEach(async () => {
    world = await AccountsWorld.create();
    inputs = await read<Inputs>('inputs.json');
    const state = await read<{ readonly login: readonly unknown[]; readonly mfa: readonly unknown[] }>('state.json');
    new AccountRecords(world.db).importRows({
      login: state.login.map((record, i) => parseLoginRecord(record, `login[${i}]`)),
      staged: [],
      factors: state.mfa.map((record, i) => parseFactorRecord(record, `mfa[${i}]`)),
    });
    expect([...new AccountRecords(world.db).loginRecords()]).toEqual(state.login);
    expect([...new AccountRecords(world.db).factorRecords()]).toEqual(state.mfa);
  });
  afterEach(async () => world.close());

  test('opens with the password, and asks for the code of an authenticator app', async () => {
    const erin = inputs.users.find(({ username }) => username === 'erin')!;
    const account = (await read<Expected>('expect.json')).users['erin']!;
    const algorithm = decodeSecretGenerationAlgorithm(decodeBase64(account.loginAlgorithmCbor));
    if (!(algorithm instanceof ScryptSecretGeneration)) throw new Error('erin has a password');
    const bytes = await hashToKeyBytes(world.crypto, erin.username + algorithm.extraSalt, erin.password, algorithm);
    const password = {
      login: SigningKeyPair.fromSeed(world.crypto, bytes.slice(0, 32)),
      root: SymmetricKey.of(bytes.slice(32, 64)),
      algorithm,
    };

    expect(await errorText(world.getLogin('erin', world.password(1)))).toBe('Incorrect username or password');
    expect(await errorText(world.getLogin('alice', password))).toBe('Incorrect username or password');
    const { request } = await world.getLogin('erin', password, { mfaTypes: [1, 2, 3, 4] });
    const { credentialIdHex, base32Secret, secretHex } = erin.totp!;
    expect(request?.methods.map((method) => [method.type, toHex(method.credentialId)])).toEqual([[1, credentialIdHex]]);

    const code = new TOTP({ secret: Secret.fromBase32(base32Secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate({
      timestamp: world.clock.now(),
    });
    expect(totpCode(fromHex(secretHex), world.clock.now() / 1000)).toBe(code);
    const answer = (text: string): { readonly mfa: MultiFactorAuthResponse } => ({
      mfa: MultiFactorAuthResponse.of(fromHex(credentialIdHex), text),
    });
    const wrong = code === '000000' ? '000001' : '000000';
    expect(await errorText(world.getLogin('erin', password, answer(wrong)))).toBe(`Invalid TOTP code for credId ${credentialIdHex}`);
    const { entryPoints } = await world.getLogin('erin', password, answer(code));
    const opened = EntryPoints.open(world.crypto, password.root, entryPoints!);
    expect(opened.entries.map(({ ownerName }) => ownerName)).toEqual(['erin']);
    expect(opened.identity?.publicKey.hash.toString()).toBe(account.identity);
  });

  test('takes backup codes in the form of the reference', () => {
    const value = fromHex('a161688158203086648fdc0279facc324b088915b4d12873a819b514535640e5368337f6ed04');
    const credentialId = new Uint8Array(32).fill(0xaa);
    const factors = new FactorTable(world.db);
    expect(factors.insert({ username: 'erin', name: '1', credentialId, type: 3, enabled: true, createdDay: 20_779, value })).toBe(true);
    expect(BackupCodeHashes.decode(value).without(world.crypto, 'A3F5B-2XQZ7')?.remaining).toBe(0);
  });
});
