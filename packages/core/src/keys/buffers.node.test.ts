import { Buffer } from 'node:buffer';
import { beforeAll, expect, test } from 'vitest';
import { loadCrypto, type CryptoProvider } from '../crypto/index.js';
import { createCryptoPool } from '../crypto/pool/index.js';
import { CryptoError } from '../errors.js';
import { Bat } from './bat.js';
import { Curve25519SecretKey } from './boxing-key.js';
import { openSigned, PublicSigningKey, SecretSigningKey, signAttached, SigningKeyPair } from './signing-key.js';
import { SymmetricKey } from './symmetric-key.js';

// Node's Buffer is a Uint8Array whose slice() is a view. What we keep must be ours, and what callers keep must stay as it was.
let crypto: CryptoProvider;
beforeAll(async () => {
  crypto = await loadCrypto();
});

test('keys made from a Buffer do not change when the Buffer is reused', () => {
  const pair = crypto.ed25519KeyPair(new Uint8Array(32).fill(7));
  const made = [
    [Buffer.alloc(32, 1), (b: Buffer) => SymmetricKey.of(b).bytes],
    [Buffer.alloc(32, 1), (b: Buffer) => Bat.of(b).secret],
    [Buffer.alloc(32, 1), (b: Buffer) => Curve25519SecretKey.of(b).bytes],
    [Buffer.from(pair.publicKey), (b: Buffer) => PublicSigningKey.of(b).bytes],
    [Buffer.from(pair.secretKey), (b: Buffer) => SecretSigningKey.of(b).bytes],
  ] as const;
  for (const [buffer, make] of made) {
    const expected = new Uint8Array(buffer);
    const kept = make(buffer);
    buffer.fill(9);
    expect(new Uint8Array(kept)).toEqual(expected);
  }
});

test('a signed message that was opened does not change with the Buffer that it came in', () => {
  const pair = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(7));
  const signed = Buffer.from(signAttached(crypto, pair.secretKey, Uint8Array.of(1, 2, 3)));
  const message = openSigned(crypto, pair.publicKey, signed);
  signed.fill(9);
  expect(message).toEqual(Uint8Array.of(1, 2, 3));
  expect(message.constructor).toBe(Uint8Array);
  expect(message.buffer.byteLength).toBe(3);
  expect(() => openSigned(crypto, pair.publicKey, Buffer.alloc(63))).toThrow(CryptoError);
});

test('no operation changes a Buffer that it is given', async () => {
  const pair = crypto.ed25519KeyPair(new Uint8Array(32).fill(7));
  const publicKey = Buffer.from(pair.publicKey);
  publicKey[31] = (publicKey[31] ?? 0) | 0x80;
  const before = Buffer.from(publicKey);
  crypto.ed25519Verify(Buffer.alloc(64, 1), Buffer.from('m'), publicKey);
  expect(publicKey.equals(before)).toBe(true);

  const password = Buffer.from('a password');
  await crypto.scrypt(password, Buffer.from('salt'), { logN: 13, r: 8, p: 1, length: 32 });
  expect(password.toString()).toBe('a password');

  const pool = createCryptoPool({ size: 1 });
  try {
    const key = Buffer.alloc(32, 1);
    const sealed = await pool.secretboxSeal(Buffer.from('hello'), Buffer.alloc(24, 3), key, { consume: true });
    expect(key.equals(Buffer.alloc(32, 1))).toBe(true);
    expect(Buffer.from(sealed).toString('hex')).toBe('ee5807af6654e6e7fd4ea83411601d3f4e1a8a9d1b');
  } finally {
    await pool.close();
  }
});
