import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { withRandomSource } from '../crypto/provider.js';
import { ArgumentError, FormatError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { BoxingKeyPair } from '../keys/boxing-key.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { AbsoluteCapability } from './absolute-capability.js';
import { EntryPoint, EntryPoints } from './user-static-data.js';

const crypto = await loadCrypto();
const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const hash = (byte: number): PublicKeyHash => PublicKeyHash.fromCid(Cid.ofSha256(fill(byte), CidCodec.dagCbor));
const writable = AbsoluteCapability.of({
  owner: hash(0x11),
  writer: hash(0x22),
  mapKey: fill(0x33),
  bat: Bat.of(fill(0x44)),
  rBaseKey: SymmetricKey.of(fill(0x55)),
  wBaseKey: SymmetricKey.of(fill(0x66)),
});
const nullCapability = AbsoluteCapability.of({ owner: hash(0), writer: hash(0), mapKey: fill(0), rBaseKey: SymmetricKey.of(fill(0)) });

// Vectors of chapter 04 (appendix) and chapter 06 section 2.1.
const writableCbor =
  'a66161a161735820' +
  '44'.repeat(32) +
  '616283015820' +
  '66'.repeat(32) +
  'f4616b83015820' +
  '55'.repeat(32) +
  'f4616d5820' +
  '33'.repeat(32) +
  '616fd82a58250001711220' +
  '11'.repeat(32) +
  '6177d82a58250001711220' +
  '22'.repeat(32);
const readOnlyCbor =
  'a56161a161735820' +
  '44'.repeat(32) +
  '616b83015820' +
  '55'.repeat(32) +
  'f4616d5820' +
  '33'.repeat(32) +
  '616fd82a58250001711220' +
  '11'.repeat(32) +
  '6177d82a58250001711220' +
  '22'.repeat(32);
const nullCbor =
  'a4616b83015820' +
  '00'.repeat(32) +
  'f4616d5820' +
  '00'.repeat(32) +
  '616fd82a58250001711220' +
  '00'.repeat(32) +
  '6177d82a58250001711220' +
  '00'.repeat(32);

describe('AbsoluteCapability', () => {
  test.each([
    ['writable', writable, writableCbor, 240],
    ['read-only', writable.toReadOnly(), readOnlyCbor, 201],
    ['null', nullCapability, nullCbor, 162],
  ])('vector: %s', (_name, capability, cbor, size) => {
    expect(toHex(capability.encode())).toBe(cbor);
    expect(capability.encode()).toHaveLength(size);
    expect(AbsoluteCapability.decode(fromHex(cbor)).equals(capability)).toBe(true);
  });

  test('tells what it allows', () => {
    expect([writable.isWritable, writable.toReadOnly().isWritable, nullCapability.isWritable]).toEqual([true, false, false]);
    expect([writable.isNull, nullCapability.isNull]).toEqual([false, true]);
    expect(writable.toReadOnly().toReadOnly().equals(writable.toReadOnly())).toBe(true);
    expect(writable.equals(writable.toReadOnly())).toBe(false);
  });

  test('prints nothing secret', () => {
    expect(`${writable.toString()} ${JSON.stringify({ writable })}`).not.toMatch(/5{8}|4{8}|6{8}/);
    expect(String(writable)).toBe('AbsoluteCapability(redacted)');
  });

  test('checks its parts', () => {
    const parts = { owner: hash(1), writer: hash(2), mapKey: fill(3), rBaseKey: SymmetricKey.of(fill(4)) };
    for (const bad of [
      { owner: 'x' },
      { writer: 'x' },
      { mapKey: new Uint8Array(31) },
      { rBaseKey: fill(4) },
      { wBaseKey: fill(4) },
      { bat: fill(4) },
    ]) {
      expect(() => AbsoluteCapability.of({ ...parts, ...bad } as never)).toThrow(ArgumentError);
    }
  });
});

describe('EntryPoints', () => {
  const identity = SigningKeyPair.fromSeed(crypto, fill(0x11));
  const rootKey = SymmetricKey.of(fromHex('c5f34b862cf6417473dfbc6eee4258ea1782dd3ed0868f1f48ccea22ca4f06f4'));
  const plain =
    'a361658061698282015820d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c977873782015840' +
    '11'.repeat(32) +
    'd04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737617602';

  test('vector of chapter 05 section 4.6', () => {
    const entryPoints = EntryPoints.of([], { identity });
    expect(toHex(entryPoints.encode())).toBe(plain);
    expect(EntryPoints.decode(crypto, fromHex(plain)).equals(entryPoints)).toBe(true);
    const sealed = entryPoints.seal(withRandomSource(crypto, { randomBytes: (length) => new Uint8Array(length).fill(7) }), rootKey);
    expect(sealed.encode()).toHaveLength(4142);
    expect(toHex(crypto.sha256(sealed.encode()))).toBe('ab480e120dfcccbcbaca7ef7c88cd1b27d2eaba3dfc3a8ed61be6f683f68338c');
    expect(EntryPoints.open(crypto, rootKey, PaddedCipherText.decode(sealed.encode())).equals(entryPoints)).toBe(true);
  });

  test('entry point of chapter 04', () => {
    const entry = EntryPoint.of(writable, 'bob');
    expect(toHex(entry.encode())).toBe(`a26163${writableCbor}616e63626f62`);
    expect(EntryPoint.decode(entry.encode()).equals(entry)).toBe(true);
  });

  test('full ones survive; another key does not open them', () => {
    const all = EntryPoints.of([EntryPoint.of(writable, 'alice')], { identity, boxer: BoxingKeyPair.generateCurve25519(crypto) });
    expect(EntryPoints.decode(crypto, all.encode()).equals(all)).toBe(true);
    expect(all.equals(EntryPoints.of([], { identity }))).toBe(false);
    expect(() => EntryPoints.open(crypto, SymmetricKey.of(fill(1)), all.seal(crypto, rootKey))).toThrow(
      expect.objectContaining({ code: 'crypto.authentication' }) as Error,
    );
    expect(JSON.stringify(all)).toBe('"EntryPoints(redacted)"');
  });

  test.each([
    ['version 3', 'a2616580617603'],
    ['no version', 'a1616580'],
    ['no entries', 'a1617602'],
    ['an entry without name', 'a2616581a0617602'],
    ['keys that do not belong together', plain.replace('82015820d0', '82015820d1')],
  ])('refuses %s', (_name, cbor) => {
    expect(() => EntryPoints.decode(crypto, fromHex(cbor))).toThrow(FormatError);
  });

  test('arguments are checked', () => {
    expect(() => EntryPoint.of('x' as never, 'bob')).toThrow(ArgumentError);
    expect(() => EntryPoint.of(writable, '\ud800')).toThrow(ArgumentError);
    expect(() => EntryPoints.of([1] as never)).toThrow(ArgumentError);
    expect(() => EntryPoints.of([], { boxer: 1 as never })).toThrow(ArgumentError);
    expect(() => EntryPoints.of([], { identity: 1 as never })).toThrow(ArgumentError);
    expect(() => EntryPoints.open(crypto, rootKey, 'x' as never)).toThrow(ArgumentError);
  });
});
