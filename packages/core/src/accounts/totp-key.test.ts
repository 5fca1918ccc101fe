import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeBase32 } from '../codec/base32.js';
import { ArgumentError, FormatError } from '../errors.js';
import v from '../../../../vectors/05/totp.json' with { type: 'json' };
import { formatTotpKey, parseTotpKey } from './totp-key.js';

test.each(v.keys)('vector $text', ({ credentialId, key, base32, text }) => {
  expect(encodeBase32(fromHex(key), 'upper')).toBe(base32);
  expect(formatTotpKey(fromHex(credentialId), fromHex(key))).toBe(text);
  const parsed = parseTotpKey(text);
  expect([toHex(parsed.credentialId), toHex(parsed.key)]).toEqual([credentialId, key]);
});

test.each(v.invalidKeys)('refused: %j', (text) => {
  expect(() => parseTotpKey(text)).toThrow(FormatError);
});

test('the error does not show the key', () => {
  const text = v.keys[0]?.text ?? '';
  try {
    parseTotpKey(`${text}A`);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(text.slice(53));
  }
});

test('arguments are checked', () => {
  const id = new Uint8Array(32);
  for (const [a, b] of [
    [new Uint8Array(31), id],
    [id, new Uint8Array(33)],
  ] as const)
    expect(() => formatTotpKey(a, b)).toThrow(ArgumentError);
  expect(() => parseTotpKey(undefined as never)).toThrow(ArgumentError);
});
