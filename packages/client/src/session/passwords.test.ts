import { fromHex, toHex, utf8Encode } from '@pyrgos/core/bytes';
import { loadCrypto, withRandomSource } from '@pyrgos/core/crypto';
import { ArgumentError } from '@pyrgos/core/errors';
import { RandomSecretGeneration, ScryptSecretGeneration } from '@pyrgos/core/keys';
import { describe, expect, test } from 'vitest';
import totp from '../../../../vectors/05/totp.json' with { type: 'json' };
import v from '../../../../vectors/05/secret-generation.json' with { type: 'json' };
import { BIP39_WORDS } from './bip39-words.js';
import { assertLoginAlgorithm, deriveLoginKeys, newLoginAlgorithm } from './login-keys.js';
import { generatePassphrase, PASSPHRASE_WORDS } from './passphrase.js';
import { PasswordPolicy } from './password-policy.js';
import { totpCode, totpUri } from './totp.js';

const crypto = await loadCrypto();

describe('keys of a password', () => {
  test('modern account: the vector', async () => {
    const keys = await deriveLoginKeys(crypto, v.username, v.password, ScryptSecretGeneration.of({ extraSalt: v.extraSalt }));
    expect(toHex(keys.login.publicKey.bytes)).toBe(v.modern.loginPublicKey);
    expect(toHex(keys.rootKey.encode())).toBe(v.modern.rootKeyCbor);
    expect(keys.boxing).toBeUndefined();
    expect(JSON.stringify(keys)).not.toContain(toHex(keys.rootKey.bytes));
  });

  test('legacy account: the vector', async () => {
    const keys = await deriveLoginKeys(crypto, v.username, v.password, ScryptSecretGeneration.of({ extraSalt: v.extraSalt, length: 96 }));
    expect(toHex(keys.login.publicKey.bytes)).toBe(v.legacy.identityPublic);
    expect(toHex(keys.rootKey.bytes)).toBe(v.legacy.rootKey);
    const boxing = keys.boxing?.publicKey;
    expect(boxing?.type === 1 ? toHex(boxing.bytes) : undefined).toBe(v.legacy.boxingPublic);
  });

  test('a password that is the username is refused before any work', async () => {
    const noWork = Object.create(crypto, { scrypt: { value: () => expect.unreachable() } }) as typeof crypto;
    await expect(deriveLoginKeys(noWork, 'alice', 'alice', ScryptSecretGeneration.of())).rejects.toMatchObject({
      code: 'denied.password',
      message: 'The password must not be the username.',
    });
  });

  test('what a server may ask for has bounds: not too cheap, and too expensive ones cannot even be read', async () => {
    const weak = [
      ScryptSecretGeneration.of({ logN: 15 }),
      ScryptSecretGeneration.of({ logN: 16 }),
      ScryptSecretGeneration.of({ logN: 18, r: 4 }),
      ScryptSecretGeneration.of({ length: 32 }),
      new RandomSecretGeneration(),
      undefined,
    ];
    for (const algorithm of weak) {
      await expect(deriveLoginKeys(crypto, 'alice', 'a password', algorithm)).rejects.toMatchObject({ code: 'denied.login' });
    }
    expect(assertLoginAlgorithm(ScryptSecretGeneration.of({ logN: 20, length: 96 })).logN).toBe(20);
    expect(() => ScryptSecretGeneration.of({ logN: 20, r: 16 })).toThrow(ArgumentError);
    expect(() => newLoginAlgorithm(crypto, { logN: 15 })).toThrow(expect.objectContaining({ code: 'denied.login' }));
  });

  test('a new algorithm is the default with a salt of its own', () => {
    const [a, b] = [newLoginAlgorithm(crypto), newLoginAlgorithm(crypto)];
    expect([a.logN, a.r, a.p, a.length]).toEqual([17, 8, 1, 64]);
    expect(a.extraSalt).toMatch(/^[0-9a-f]{64}$/);
    expect(a.extraSalt).not.toBe(b.extraSalt);
    expect(newLoginAlgorithm(crypto, { logN: 19 }).logN).toBe(19);
  });

  test('cancelled at once', async () => {
    const signal = AbortSignal.abort();
    await expect(deriveLoginKeys(crypto, 'alice', 'a password', ScryptSecretGeneration.of(), { signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('the password policy', () => {
  const policy = PasswordPolicy.account;
  // Not made of anything that repeats itself.
  const long = Array.from({ length: 1024 }, (_, i) => 'bdfhkmqsvxz'[(i * i * 7 + 3 * i) % 11]).join('');
  test.each([
    ['correct horse battery staple', 'common'],
    ['CorrectHorseBatteryStaple', 'common'],
    ['correct-horse-battery-staple1!', 'common'],
    ['c0rrect h0rse b4ttery st4ple', 'common'],
    ['The quick brown fox jumps over the lazy dog.', 'common'],
    ['may.the.force.be.with.you', 'common'],
    ['FreudeSchönerGötterfunken', 'common'],
    ['correct horse battery staple, and six owls on a mossy roof', undefined],
    ['violet anchor sleeps beneath copper', undefined],
    ['seven lanterns over quiet water', undefined],
    ['kX9#vQ2!mL7p', undefined],
    ['zkqhvbtwprmd', undefined],
    ['🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧', undefined],
    ['ключ под старым камнем', undefined],
    ['alice kX9#vQ2!m', undefined],
    ['alice', 'equals-username'],
    [' ALICE ', 'equals-username'],
    ['short', 'too-short'],
    ['elevenchars', 'too-short'],
    ['🦊🐻🐼🐨🐯🦁', 'too-short'],
    ['password123456', 'common'],
    ['P@ssw0rd2024!', 'common'],
    ['drowssap123456', 'common'],
    ['Password1!Password1!', 'repetition'],
    ['iloveyou12345', 'common'],
    ['letmein-please', 'common'],
    ['monkeydragon12', 'common'],
    ['password password', 'common'],
    ['correcthorse12', 'too-simple'],
    ['25121985maria!', 'too-simple'],
    ['qwertyuiop123', 'sequence'],
    ['1q2w3e4r5t6y', 'sequence'],
    ['zxcvbnm,./zxcvbnm', 'sequence'],
    ['abcdefghijklmnop', 'sequence'],
    ['123456789012', 'sequence'],
    ['9876543210987654', 'sequence'],
    ['абвгдежзиклм', 'sequence'],
    ['aaaaaaaaaaaaaaaa', 'repetition'],
    ['abababababababab', 'repetition'],
    ['xkjqxkjqxkjqxkjq', 'repetition'],
    ['alicealicealice', 'contains-username'],
    ['alice1990alice', 'contains-username'],
    ['xyxyzzyxzyxzxyzyxxzyyxzzyxyxzx', 'repetition'],
    [long, undefined],
    [`${long}b`, 'too-long'],
    ['broken \ud800 surrogate', 'malformed'],
    ['正確馬電池訂書針', undefined],
    ['비밀번호는길어야한다', undefined],
    ['パスワードは長い方がいい', undefined],
    ['正確馬電池訂書', 'too-short'],
    ['密码密码密码密码1', 'repetition'],
    ['йцукенгшщзхъ', 'sequence'],
    ['ЪХЗЩШГНЕКУЦЙ', 'sequence'],
    ['qwertzuiopü1', 'sequence'],
    ['парольпароль1', 'common'],
    ['contraseña2024', 'common'],
    ['Fußball2024!', 'common'],
    ['Fussball2024!', 'common'],
    ['Motdepasse-2024', 'common'],
    ['p a s s w o r d 1', 'common'],
    ['p.a-s_s w.o-r_d', 'common'],
    ['password\u200b\u200b\u200b123', 'common'],
    ['ｐａｓｓｗｏｒｄ１２３４', 'common'],
    ['pàsswörd1234', 'common'],
    ['9472 8361 5028 1749', undefined],
    ['vélo-chaise-lampe-ours', undefined],
    ['корова лошадь батарея', undefined],
  ])('%j', (password, problem) => {
    expect(policy.problemOf(password, 'alice')).toBe(problem);
  });

  test('strength is for a meter: it grows, and says why there is none', () => {
    const levels = ['', 'mirror', 'mirror lumber', 'mirror lumber tig', 'mirror lumber tiger rocket autumn violin'].map((text) =>
      policy.strengthOf(text, 'alice'),
    );
    expect(levels.map(({ level }) => level)).toEqual(['refused', 'refused', 'refused', 'fair', 'strong']);
    expect(levels.map(({ problem }) => problem)).toEqual(['too-short', 'too-short', 'too-simple', undefined, undefined]);
    const bits = levels.map((strength) => strength.bits);
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
    expect(policy.strengthOf('\ud800', 'alice')).toEqual({ level: 'refused', bits: 0, problem: 'malformed' });
  });

  test('the error tells people what to do, and does not show the password', () => {
    const password = 'secretsecr';
    try {
      policy.assertGood(password, 'alice');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'denied.password', data: { reason: 'too-short' } });
      expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(password);
    }
    policy.assertGood('violet anchor sleeps beneath copper', 'alice');
  });

  test('what goes on a link may be shorter', () => {
    for (const good of ['vnq83kd0', 'two otters']) expect(PasswordPolicy.link.problemOf(good, 'alice')).toBeUndefined();
    expect(PasswordPolicy.link.problemOf('vnq83kd', 'alice')).toBe('too-short');
    for (const common of ['password', 'hunter22', 'summer99']) expect(PasswordPolicy.link.problemOf(common, 'alice')).toBe('common');
    expect(PasswordPolicy.link.problemOf('12345678', 'alice')).toBe('sequence');
  });

  test('texts of any length cost nothing', () => {
    expect(policy.problemOf('a'.repeat(10_000_000), 'alice')).toBe('too-long');
    expect(policy.problemOf('seven lanterns over quiet water', 'a'.repeat(10_000_000))).toBeUndefined();
  });

  test('arguments are checked', () => {
    expect(() => policy.problemOf(undefined as never, 'alice')).toThrow(ArgumentError);
    expect(() => policy.problemOf('a', 1 as never)).toThrow(ArgumentError);
  });
});

describe('passphrases', () => {
  test('the word list is that of BIP-39', () => {
    expect(BIP39_WORDS).toHaveLength(2048);
    expect(toHex(crypto.sha256(utf8Encode(`${BIP39_WORDS.join('\n')}\n`)))).toBe(
      '2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda',
    );
  });

  test('seven words, which every policy accepts', () => {
    const text = generatePassphrase(crypto);
    const words = text.split('-');
    expect(words).toHaveLength(PASSPHRASE_WORDS);
    for (const word of words) expect(BIP39_WORDS).toContain(word);
    expect(PasswordPolicy.account.problemOf(text, 'alice')).toBeUndefined();
    expect(generatePassphrase(crypto)).not.toBe(text);
    expect(generatePassphrase(crypto, 12).split('-')).toHaveLength(12);
    for (const count of [6, 65, 7.5]) expect(() => generatePassphrase(crypto, count)).toThrow(ArgumentError);
  });

  test('every bit of randomness counts', () => {
    const pinned = withRandomSource(crypto, { randomBytes: (length) => new Uint8Array(length).fill(0xff) });
    expect(new Set(generatePassphrase(pinned).split('-'))).toEqual(new Set([BIP39_WORDS.at(-1)]));
  });
});

describe('codes of authenticator apps', () => {
  test.each(totp.codes)('vector: $code at $time', async ({ key, time, code }) => {
    expect(await totpCode(fromHex(key), time)).toBe(code);
  });

  test('the text of the QR code', () => {
    const [first] = totp.keys;
    expect(totpUri('alice', fromHex(first?.key ?? ''))).toBe(
      'otpauth://totp/peergos:alice@peergos?secret=W6AWIT4QDM3BIHILNZUHRLAQ7DWAC4IODJBUZWHQGKVKA3DVJQ6Q&issuer=peergos',
    );
    expect(() => totpUri('a/b', new Uint8Array(32))).toThrow(ArgumentError);
  });

  test('arguments are checked', async () => {
    await expect(totpCode(new Uint8Array(), 1)).rejects.toThrow(ArgumentError);
    await expect(totpCode(new Uint8Array(20), -1)).rejects.toThrow(ArgumentError);
  });
});
