import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import vectors from '../../../../vectors/01/ed25519-verification.json' with { type: 'json' };
import { concatBytes, fromHex, toHex, utf8Encode } from '../bytes.js';
import { isAcceptableEd25519PublicKey } from './index.js';
import { isAcceptableEd25519Signature } from './ed25519-rule.js';

/**
 * Rebuilds every frozen vector from its mathematical description, so that the JSON file can be trusted without trusting an engine. The
 * engines themselves are judged by the contract suite (providers.test.ts).
 */

const { Point } = ed25519;
type CurvePoint = InstanceType<typeof Point>;

const L = Point.Fn.ORDER;
const P = 2n ** 255n - 19n;
/** A generator of the eight points of small order. */
const T8 = Point.fromBytes(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'), true);
const message = utf8Encode('hello');
const secret = 123456789012345678901234567890n;
const honestKey = Point.BASE.multiply(secret);

function numberToBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function challenge(r: Uint8Array, a: Uint8Array, m: Uint8Array): bigint {
  let value = 0n;
  for (const byte of sha512(concatBytes(r, a, m)).reverse()) value = (value << 8n) | BigInt(byte);
  return value % L;
}

const smallOrderPoint = (multiple: number): CurvePoint => T8.multiplyUnsafe(BigInt(multiple));

interface Case {
  readonly kind: 'signature';
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

function signatureCase(name: string, a: Uint8Array, r: Uint8Array, s: bigint, m: Uint8Array = message): Case {
  return { kind: 'signature', name, publicKey: toHex(a), message: toHex(m), signature: toHex(concatBytes(r, numberToBytes(s))) };
}

/** S = r + k·a for the key a·B + t·T8 and the commitment r·B + u·T8: what a signer who ignores the small parts would answer. */
function partlySmall(name: string, t: number, u: number, wanted: (k: bigint) => boolean, m: Uint8Array = message): Case {
  const a = honestKey.add(smallOrderPoint(t)).toBytes();
  for (let r = 987654321n; ; r++) {
    const commitment = Point.BASE.multiply(r).add(smallOrderPoint(u)).toBytes();
    const k = challenge(commitment, a, m);
    if (wanted(k)) return signatureCase(name, a, commitment, (r + k * secret) % L, m);
  }
}

/** A key of small order t·T8 and R = r·B with S = r, where k cancels the key: the equation holds without the cofactor. */
function smallKey(t: number): Case {
  const a = smallOrderPoint(t).toBytes();
  for (let r = 987654321n; ; r++) {
    const commitment = Point.BASE.multiply(r).toBytes();
    if ((challenge(commitment, a, message) * BigInt(t)) % 8n !== 0n) continue;
    return signatureCase(`A is ${t} times the generator of the small subgroup; the equation holds`, a, commitment, r);
  }
}

/** R = u·T8 and a key with a small part such that u + k·t is a multiple of 8: the equation holds. */
function smallCommitment(u: number): Case {
  const commitment = smallOrderPoint(u).toBytes();
  for (let i = 0; ; i++) {
    const m = utf8Encode(`hello ${i}`);
    const a = honestKey.add(smallOrderPoint(1)).toBytes();
    const k = challenge(commitment, a, m);
    if ((k + BigInt(u)) % 8n !== 0n) continue;
    return signatureCase(`R is ${u} times the generator of the small subgroup; the equation holds`, a, commitment, (k * secret) % L, m);
  }
}

/** The identity point in an encoding that is not canonical; the equation holds when the decoder is lenient. */
function identityKey(name: string, encoding: Uint8Array): Case {
  return signatureCase(name, encoding, Point.BASE.multiply(5n).toBytes(), 5n);
}

function identityCommitment(name: string, encoding: Uint8Array): Case {
  const a = honestKey.toBytes();
  return signatureCase(name, a, encoding, (challenge(encoding, a, message) * secret) % L);
}

function withSignBit(encoding: Uint8Array): Uint8Array {
  return encoding.with(31, (encoding.at(31) ?? 0) | 0x80);
}

function isOnCurve(y: bigint): boolean {
  try {
    Point.fromBytes(numberToBytes(y), true);
    return true;
  } catch {
    return false;
  }
}

const everyChallenge = (): boolean => true;
const honest = partlySmall('an honest signature', 0, 0, everyChallenge);
const honestS = BigInt(`0x${toHex(fromHex(honest.signature).subarray(32).reverse())}`);
const honestR = fromHex(honest.signature).subarray(0, 32);

function flip(hex: string, index: number): string {
  const bytes = fromHex(hex);
  return toHex(bytes.with(index, (bytes.at(index) ?? 0) ^ 1));
}

function offCurve(): Uint8Array {
  let y = 2n;
  while (isOnCurve(y)) y++;
  return numberToBytes(y);
}

const validSignatures: readonly Case[] = [
  honest,
  partlySmall('an honest signature of the empty message', 0, 0, everyChallenge, new Uint8Array()),
  partlySmall('A has a part of order 8, which k cancels', 1, 0, (k) => k % 8n === 0n),
  partlySmall('A has a part of order 4, which k cancels', 2, 0, (k) => k % 8n === 4n),
  partlySmall('A has a part of order 2, which k cancels', 4, 0, (k) => k % 8n === 2n),
  partlySmall('A and R have parts of order 8 that cancel', 1, 3, (k) => (k + 3n) % 8n === 0n),
  partlySmall('A has a part of order 8, R one of order 2, that cancel', 1, 4, (k) => (k + 4n) % 8n === 0n),
];

const invalidSignatures: readonly Case[] = [
  { ...honest, name: 'another message', message: toHex(utf8Encode('hallo')) },
  { ...honest, name: 'a changed bit in R', signature: flip(honest.signature, 0) },
  { ...honest, name: 'a changed bit in S', signature: flip(honest.signature, 32) },
  { ...honest, name: 'another key', publicKey: toHex(Point.BASE.multiply(7n).toBytes()) },
  signatureCase('S + L', honestKey.toBytes(), honestR, honestS + L),
  signatureCase('S + 15 L', honestKey.toBytes(), honestR, honestS + 15n * L),
  partlySmall('A has a part of order 8; only the cofactored equation holds', 1, 0, (k) => k % 8n === 1n),
  partlySmall('A has a part of order 4; only the cofactored equation holds', 2, 0, (k) => k % 4n === 1n),
  partlySmall('A has a part of order 2; only the cofactored equation holds', 4, 0, (k) => k % 2n === 1n),
  partlySmall('R has a part of order 8; only the cofactored equation holds', 0, 1, everyChallenge),
  partlySmall('R has a part of order 4; only the cofactored equation holds', 0, 2, everyChallenge),
  partlySmall('R has a part of order 2; only the cofactored equation holds', 0, 4, everyChallenge),
  partlySmall('A and R have parts of order 8 that do not cancel', 1, 3, (k) => (k + 3n) % 8n === 1n),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((t) => smallKey(t)),
  signatureCase('A and R are the identity, S is 0', Point.ZERO.toBytes(), Point.ZERO.toBytes(), 0n),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((u) => smallCommitment(u)),
  identityCommitment('R is the identity, A is honest', Point.ZERO.toBytes()),
  identityKey('A is the identity as y = p + 1', numberToBytes(P + 1n)),
  identityKey('A is the identity with the sign bit', withSignBit(numberToBytes(1n))),
  identityKey('A is the identity as y = p + 1 with the sign bit', withSignBit(numberToBytes(P + 1n))),
  identityCommitment('R is the identity as y = p + 1', numberToBytes(P + 1n)),
  identityCommitment('R is the identity with the sign bit', withSignBit(numberToBytes(1n))),
  signatureCase('A is no point of the curve', offCurve(), honestR, honestS),
  signatureCase('R is no point of the curve', honestKey.toBytes(), offCurve(), honestS),
  signatureCase('everything is zero', new Uint8Array(32), new Uint8Array(32), 0n),
];

const keyCase = (name: string, key: Uint8Array) => ({ kind: 'publicKey', name, publicKey: toHex(key) }) as const;

const validKeys = [
  keyCase('the base point', Point.BASE.toBytes()),
  keyCase('an honest key', honestKey.toBytes()),
  keyCase('an honest key with a part of order 8: no forger gains by it', honestKey.add(T8).toBytes()),
  keyCase('y = p - 2, the largest canonical value that is not small: decided by arithmetic, not by this check', numberToBytes(P - 2n)),
];

const invalidKeys = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((t) => keyCase(`${t} times the generator of the small subgroup`, smallOrderPoint(t).toBytes())),
  keyCase('the identity with the sign bit', withSignBit(numberToBytes(1n))),
  keyCase('order 2 with the sign bit', withSignBit(numberToBytes(P - 1n))),
  ...Array.from({ length: 19 }, (_, i) => keyCase(`y = p + ${i}`, numberToBytes(P + BigInt(i)))),
  ...Array.from({ length: 19 }, (_, i) => keyCase(`y = p + ${i} with the sign bit`, withSignBit(numberToBytes(P + BigInt(i))))),
];

describe('the frozen vectors of the Ed25519 rule', () => {
  test('valid ones are what they claim to be', () => {
    expect(vectors.valid).toEqual([...validSignatures, ...validKeys]);
  });

  test('invalid ones are what they claim to be', () => {
    expect(vectors.invalid).toEqual([...invalidSignatures, ...invalidKeys]);
  });
});

describe('isAcceptableEd25519PublicKey', () => {
  test.each(validKeys)('accepts $name', ({ publicKey }) => {
    expect(isAcceptableEd25519PublicKey(fromHex(publicKey))).toBe(true);
  });

  test.each(invalidKeys)('refuses $name', ({ publicKey }) => {
    expect(isAcceptableEd25519PublicKey(fromHex(publicKey))).toBe(false);
  });

  test('refuses other lengths and does not change its argument', () => {
    const key = withSignBit(Point.BASE.toBytes());
    const before = key.slice();
    expect(isAcceptableEd25519PublicKey(key)).toBe(true);
    expect(key).toEqual(before);
    expect(isAcceptableEd25519PublicKey(key.subarray(1))).toBe(false);
    expect(isAcceptableEd25519PublicKey(new Uint8Array(33).fill(9))).toBe(false);
  });
});

describe('isAcceptableEd25519Signature', () => {
  const withS = (s: bigint): Uint8Array => concatBytes(honestR, numberToBytes(s));

  test('S must be below L', () => {
    expect(isAcceptableEd25519Signature(withS(0n))).toBe(true);
    expect(isAcceptableEd25519Signature(withS(L - 1n))).toBe(true);
    expect(isAcceptableEd25519Signature(withS(L))).toBe(false);
    expect(isAcceptableEd25519Signature(withS(L + 1n))).toBe(false);
    expect(isAcceptableEd25519Signature(withS(2n ** 256n - 1n))).toBe(false);
  });

  test('R follows the rule of keys', () => {
    for (const { publicKey } of invalidKeys) {
      expect(isAcceptableEd25519Signature(concatBytes(fromHex(publicKey), new Uint8Array(32)))).toBe(false);
    }
  });

  test('refuses other lengths', () => {
    expect(isAcceptableEd25519Signature(new Uint8Array(63).fill(9))).toBe(false);
    expect(isAcceptableEd25519Signature(new Uint8Array(65).fill(9))).toBe(false);
  });
});
