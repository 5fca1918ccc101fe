import { scriptedRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import v from '../../../../vectors/05/backup-codes.json' with { type: 'json' };
import { backupCodeOf, BackupCodes, formatBackupCode, hashBackupCode, normaliseBackupCode } from './backup-codes.js';

const crypto = await loadCrypto();
const seed = (first: number): Uint8Array => Uint8Array.of(first, 1, 2, 3, 4, 5, 6);

describe('vectors', () => {
  test('codes', () => {
    expect(v.codes.map((_, i) => backupCodeOf(seed(i)))).toEqual(v.codes);
  });

  test('a fresh set', () => {
    const id = new Uint8Array(32).fill(9);
    // A repeated code is drawn again.
    const script = scriptedRandom(id, seed(0), ...v.codes.map((_, i) => seed(i)));
    const set = BackupCodes.generate(script);
    expect(set.codes).toEqual(v.codes);
    expect(BackupCodes.decode(set.encode()).equals(set)).toBe(true);
    expect(set.equals(BackupCodes.of(id, [...v.codes].reverse()))).toBe(false);
  });

  test('shown form', () => {
    expect(formatBackupCode(v.formatted.code)).toBe(v.formatted.text);
    expect(normaliseBackupCode(v.formatted.text)).toBe(v.formatted.code);
  });

  test.each(v.typed)('typed as %j', (text) => {
    expect(normaliseBackupCode(text)).toBe(v.formatted.code);
    expect(toHex(encodeCbor(new Map([['h', [hashBackupCode(crypto, text)]]])))).toBe(v.stored);
  });

  test.each(v.invalid)('refused: $reason', ({ cbor }) => {
    expect(() => BackupCodes.decode(fromHex(cbor))).toThrow(FormatError);
  });
});

test('codes are not printed', () => {
  const set = BackupCodes.generate(crypto);
  expect(new Set(set.codes).size).toBe(10);
  const printed = `${String(set)}${JSON.stringify(set)}`;
  for (const code of set.codes) expect(printed).not.toContain(code);
});

test('arguments are checked', () => {
  expect(() => backupCodeOf(new Uint8Array(6))).toThrow(ArgumentError);
  expect(() => formatBackupCode('a3f5b-2xqz7')).toThrow(ArgumentError);
  expect(() => normaliseBackupCode(1 as never)).toThrow(ArgumentError);
  expect(() => BackupCodes.of(new Uint8Array(), v.codes)).toThrow(ArgumentError);
  expect(() => BackupCodes.of(Uint8Array.of(1), v.codes.slice(1))).toThrow(ArgumentError);
  expect(() => BackupCodes.of(Uint8Array.of(1), 'abcdefghij' as never)).toThrow(ArgumentError);
});
