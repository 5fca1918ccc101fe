import { fromHex, utf8Encode } from '@pyrgos/core/bytes';
import { decodeBase32 } from '@pyrgos/core/codec';
import { TOTP } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { isTotpCode, totpCode } from './totp.js';

const key = fromHex('b781644f901b36141d0b6e6878ac10f8ec01710e1a434cd8f032aaa06c754c3d');
const rfcKey = utf8Encode('12345678901234567890');

describe('TOTP codes', () => {
  test.each([
    [59, '131444'],
    [1_111_111_109, '536939'],
    [1_700_000_000, '048165'],
    [1_700_000_030, '004188'],
  ])('vector of chapter 05 section 15.3 at %i', (seconds, code) => {
    expect(decodeBase32('W6AWIT4QDM3BIHILNZUHRLAQ7DWAC4IODJBUZWHQGKVKA3DVJQ6Q', 'upper')).toEqual(key);
    expect(totpCode(key, seconds)).toBe(code);
  });

  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('vector of RFC 6238 at %i', (seconds, code) => expect(totpCode(rfcKey, seconds)).toBe(code));

  test('agree with another implementation', () => {
    const other = new TOTP({ algorithm: 'SHA1', digits: 6, period: 30 });
    for (let i = 0; i < 200; i++) {
      const seconds = i * 7_654_321;
      expect(totpCode(other.secret.bytes, seconds)).toBe(other.generate({ timestamp: seconds * 1000 }));
    }
  });
});

describe('the check of a code', () => {
  const at = 1_700_000_010_000;
  test('takes the current and the previous step, and nothing else', () => {
    const isCode = (seconds: number): boolean => isTotpCode(key, totpCode(key, at / 1000 + seconds), at);
    expect([-60, -30, 0, 30].map(isCode)).toEqual([false, true, true, false]);
  });

  test('changes at the borders of steps', () => {
    const code = totpCode(key, 1_699_999_980);
    const isCode = (milliseconds: number): boolean => isTotpCode(key, code, milliseconds);
    expect(isCode(1_699_999_979_999)).toBe(false);
    expect(isCode(1_699_999_980_000)).toBe(true);
    expect(isCode(1_700_000_039_999)).toBe(true);
    expect(isCode(1_700_000_040_000)).toBe(false);
  });

  test('compares texts exactly', () => {
    const code = totpCode(key, at / 1000);
    for (const text of ['', code.slice(0, 5), `${code}0`, ` ${code}`, `${code} `, code.replace(/./, '٣'), String(Number(code) + 1)]) {
      expect(isTotpCode(key, text, at)).toBe(false);
    }
  });

  test('works at the beginning of time', () => {
    expect(isTotpCode(rfcKey, totpCode(rfcKey, 0), 0)).toBe(true);
    expect(isTotpCode(rfcKey, totpCode(rfcKey, 0), -5)).toBe(true);
  });
});
