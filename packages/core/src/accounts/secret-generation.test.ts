import { describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { Curve25519SecretKey } from '../keys/boxing-key.js';
import { hashToKeyBytes } from '../keys/kdf.js';
import { decodeSecretGenerationAlgorithm, ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import v from '../../../../vectors/05/secret-generation.json' with { type: 'json' };

const crypto = await loadCrypto();
const stretch = async (algorithm: ScryptSecretGeneration): Promise<string> =>
  toHex(await hashToKeyBytes(crypto, v.username + algorithm.extraSalt, v.password, algorithm));

describe('from a password to the keys of an account', () => {
  test('the hash of the password', () => {
    expect(toHex(crypto.sha256(utf8Encode(v.password)))).toBe(v.passwordHash);
  });

  test('modern account', async () => {
    const algorithm = ScryptSecretGeneration.of({ extraSalt: v.extraSalt });
    expect(toHex(algorithm.encode())).toBe(v.modern.algorithm);
    expect(decodeSecretGenerationAlgorithm(fromHex(v.modern.algorithm)).equals(algorithm)).toBe(true);
    expect(await stretch(algorithm)).toBe(v.modern.keyBytes);
    const bytes = fromHex(v.modern.keyBytes);
    const login = SigningKeyPair.fromSeed(crypto, bytes.slice(0, 32));
    expect(toHex(login.publicKey.bytes)).toBe(v.modern.loginPublicKey);
    expect(toHex(login.publicKey.encode())).toBe(v.modern.loginPublicKeyCbor);
    expect(toHex(SymmetricKey.of(bytes.slice(32)).encode())).toBe(v.modern.rootKeyCbor);
  });

  test('legacy account: the same bytes, and 32 more', async () => {
    const stretched = await stretch(ScryptSecretGeneration.of({ extraSalt: v.extraSalt, length: 96 }));
    expect(stretched).toBe(v.modern.keyBytes + v.legacy.rootKey);
    const bytes = fromHex(stretched);
    expect(toHex(SigningKeyPair.fromSeed(crypto, bytes.slice(0, 32)).publicKey.bytes)).toBe(v.legacy.identityPublic);
    expect(toHex(bytes.slice(32, 64))).toBe(v.legacy.boxingSecret);
    expect(toHex(Curve25519SecretKey.of(bytes.slice(32, 64)).publicKey(crypto).bytes)).toBe(v.legacy.boxingPublic);
  });

  test('without extra salt', async () => {
    expect(await stretch(ScryptSecretGeneration.of())).toBe(v.withoutExtraSalt.keyBytes);
  });
});
