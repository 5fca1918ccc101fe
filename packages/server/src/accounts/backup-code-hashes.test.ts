import { backupCodeOf } from '@pyrgos/core/accounts';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { encodeCbor } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { BackupCodeHashes } from './backup-code-hashes.js';

let crypto: CryptoProvider;
beforeAll(async () => {
  crypto = await loadCrypto();
});

const vector = 'a161688158203086648fdc0279facc324b088915b4d12873a819b514535640e5368337f6ed04';

describe('hashes of backup codes', () => {
  test('vector of chapter 05 section 15.4', () => {
    for (const spelling of ['a3f5b2xqz7', 'A3F5B-2XQZ7', ' a3f5b 2xqz7 ', 'a3f5b_2xqz7']) {
      expect(toHex(BackupCodeHashes.ofCodes(crypto, [spelling]).encode())).toBe(vector);
    }
    expect(toHex(BackupCodeHashes.decode(fromHex(vector)).encode())).toBe(vector);
  });

  test('lose a code when it is used, in any spelling', () => {
    const codes = Array.from({ length: 10 }, (_, i) => backupCodeOf(Uint8Array.of(i, 1, 2, 3, 4, 5, 6)));
    let left = BackupCodeHashes.ofCodes(crypto, codes);
    for (const [i, code] of codes.entries()) {
      expect(left.without(crypto, `${code}a`)).toBeUndefined();
      const after = left.without(crypto, ` ${code.toUpperCase().slice(0, 5)}-${code.slice(5)} `);
      expect(after?.remaining).toBe(9 - i);
      expect(after?.without(crypto, code)).toBeUndefined();
      expect(left.remaining).toBe(10 - i);
      left = after!;
    }
    expect(toHex(left.encode())).toBe('a1616880');
    expect(BackupCodeHashes.decode(left.encode()).without(crypto, '')).toBeUndefined();
  });

  test('of a damaged row are no hashes', () => {
    for (const bytes of [encodeCbor([]), encodeCbor(new Map()), encodeCbor(new Map([['h', [new Uint8Array(31)]]])), new Uint8Array()]) {
      expect(() => BackupCodeHashes.decode(bytes)).toThrow(FormatError);
    }
  });
});
