import { describe, expect, test } from 'vitest';
import { toHex } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import { Bat } from './bat.js';
import { BoxingKeyPair } from './boxing-key.js';
import { SigningKeyPair } from './signing-key.js';
import { SymmetricKey } from './symmetric-key.js';

const crypto = await loadCrypto();
const signing = SigningKeyPair.generate(crypto);
const curve = BoxingKeyPair.generateCurve25519(crypto);
const hybrid = BoxingKeyPair.generateHybrid(crypto);
const bat = Bat.generate(crypto);
const symmetric = SymmetricKey.generate(crypto);

/** Each secret value with the bytes that must not show. */
const secrets = [
  ['SymmetricKey', symmetric, symmetric.bytes],
  ['Bat', bat, bat.secret],
  ['BatWithId', bat.withCalculatedId(crypto), bat.secret],
  ['inline BatId', bat.inlineId(), bat.secret],
  ['SecretSigningKey', signing.secretKey, signing.secretKey.bytes.subarray(0, 32)],
  ['SigningKeyPair', signing, signing.secretKey.bytes.subarray(0, 32)],
  ['SigningPrivateKeyAndPublicHash', signing.signer, signing.secretKey.bytes.subarray(0, 32)],
  ['Curve25519SecretKey', curve.secretKey, curve.secretKey.curve25519.bytes],
  ['HybridSecretKey', hybrid.secretKey, hybrid.secretKey.curve25519.bytes],
  ['BoxingKeyPair', curve, curve.secretKey.curve25519.bytes],
] as const;

/** What Node's `util.inspect` gets when it asks a value for its form; secret.node.test.ts asks Node itself. */
function inspected(value: object): string {
  const form: unknown = Reflect.get(value, Symbol.for('nodejs.util.inspect.custom'));
  if (typeof form !== 'function') throw new Error('the value has no form of its own');
  return String(Reflect.apply(form, value, []));
}

describe.each(secrets)('%s', (_name, value, bytes) => {
  const forms = [toHex(bytes), [...bytes].join(','), [...bytes].join(', '), bat.format(), bat.inlineId().format()];

  test('prints redacted in every way', () => {
    const outputs = [String(value), [value].join(), JSON.stringify(value), JSON.stringify({ nested: [value] }), inspected(value)];
    for (const output of outputs) {
      expect(output).toContain('redacted');
      for (const form of forms) expect(output.includes(form)).toBe(false);
    }
  });

  test('what copies own properties copies no secret', () => {
    for (const copy of [structuredClone(value), { ...value }, Object.fromEntries(Object.entries(value))]) {
      expect(isWithin(copy, bytes)).toBe(false);
    }
  });
});

/** Whether a byte string in `value`, at any depth, contains `bytes`. */
function isWithin(value: unknown, bytes: Uint8Array): boolean {
  if (value instanceof Uint8Array) return toHex(value).includes(toHex(bytes));
  return typeof value === 'object' && value !== null && Reflect.ownKeys(value).some((key) => isWithin(Reflect.get(value, key), bytes));
}

test('tests compare secrets by what they hold', () => {
  expect(SymmetricKey.of(symmetric.bytes)).toEqual(symmetric);
  expect(SymmetricKey.generate(crypto)).not.toEqual(symmetric);
  expect({ key: [SymmetricKey.generate(crypto)] }).not.toEqual({ key: [symmetric] });
});

test('an id that is not inline prints as its text', () => {
  const id = bat.mirrorId(crypto);
  expect(String(id)).toBe(id.format());
  expect(JSON.stringify(id)).toBe(JSON.stringify(id.cid.toString()));
});
