import { describe, expect, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../bytes.js';
import { decodeCbor, encodeCbor } from '../codec/index.js';
import { Cid, decodeCid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, NotFoundError } from '../errors.js';
import type { BlockSource } from '../store/block-store.js';
import v from '../../../../vectors/01/public-key-hash.json' with { type: 'json' };
import { BoxingKeyPair } from './boxing-key.js';
import { PublicKeyHash } from './public-key-hash.js';
import { inlineSigningKey, type KeyLookup, resolveBoxingKey, resolveSigningKey } from './resolve-signing-key.js';
import { SigningKeyPair } from './signing-key.js';

const crypto = await loadCrypto();
const owner = SigningKeyPair.generate(crypto).publicKey.hash;

function lookupOf(blocks: readonly (readonly [Cid, Uint8Array])[]): KeyLookup & { readonly reads: string[] } {
  const reads: string[] = [];
  const source: BlockSource = {
    getBlock: async (cid) => {
      reads.push(cid.toString());
      const block = blocks.find(([name]) => name.equals(cid))?.[1];
      if (block === undefined) throw new NotFoundError('not-found.block', 'no such block');
      return block;
    },
  };
  return { hasher: crypto, blocks: source, context: { owner }, reads };
}

describe.each(v.valid)('vector $name', (vector) => {
  const hash = PublicKeyHash.parse(vector.text);

  test('forms', () => {
    expect(toHex(hash.cid.bytes)).toBe(vector.cid);
    expect(String(hash)).toBe(vector.text);
    expect(toHex(hash.encode())).toBe(vector.cbor);
    expect(PublicKeyHash.fromCid(decodeCbor(fromHex(vector.cbor)) as Cid).equals(hash)).toBe(true);
  });

  test('the key inside', async () => {
    if (vector.key === null) {
      expect(hash.inlineKey).toBeUndefined();
      expect(inlineSigningKey(hash)).toBeUndefined();
      return;
    }
    expect(hash.inlineKey).toEqual(fromHex(vector.key));
    const lookup = lookupOf([]);
    const key = await resolveSigningKey(hash, lookup);
    expect(key.encode()).toEqual(fromHex(vector.key));
    expect(key.hash.equals(hash)).toBe(true);
    expect(inlineSigningKey(hash)?.equals(key)).toBe(true);
    expect(lookup.reads).toEqual([]);
  });
});

test.each(v.invalid)('refused: $reason', ({ cid }) => {
  expect(() => PublicKeyHash.fromCid(decodeCid(fromHex(cid)))).toThrow(FormatError);
});

test('a signing key as a block (legacy) is fetched', async () => {
  const key = SigningKeyPair.generate(crypto).publicKey;
  const cid = Cid.ofSha256(crypto.sha256(key.encode()), 0x71);
  const hash = PublicKeyHash.fromCid(cid);
  const lookup = lookupOf([[cid, key.encode()]]);
  expect((await resolveSigningKey(hash, lookup)).equals(key)).toBe(true);
  expect(lookup.reads).toEqual([cid.toString()]);
  await expect(resolveSigningKey(hash, lookupOf([]))).rejects.toThrow(expect.objectContaining({ code: 'not-found.key' }));
});

test('a block with another hash is refused, and so is a block that is no key', async () => {
  const key = SigningKeyPair.generate(crypto).publicKey;
  const cid = Cid.ofSha256(crypto.sha256(key.encode()), 0x71);
  const other = SigningKeyPair.generate(crypto).publicKey.encode();
  await expect(resolveSigningKey(PublicKeyHash.fromCid(cid), lookupOf([[cid, other]]))).rejects.toThrow(FormatError);
  const junk = encodeCbor('no key');
  const junkCid = Cid.ofSha256(crypto.sha256(junk), 0x71);
  await expect(resolveSigningKey(PublicKeyHash.fromCid(junkCid), lookupOf([[junkCid, junk]]))).rejects.toThrow(FormatError);
});

test('boxing keys: Curve25519 is inline, hybrid is a block', async () => {
  const curve = BoxingKeyPair.generateCurve25519(crypto).publicKey;
  expect(equalBytes(curve.hash(crypto).inlineKey ?? new Uint8Array(), curve.encode())).toBe(true);
  expect((await resolveBoxingKey(curve.hash(crypto), lookupOf([]))).equals(curve)).toBe(true);
  const hybrid = BoxingKeyPair.generateHybrid(crypto).publicKey;
  const hash = hybrid.hash(crypto);
  expect(hash.inlineKey).toBeUndefined();
  expect((await resolveBoxingKey(hash, lookupOf([[hash.cid, hybrid.encode()]]))).equals(hybrid)).toBe(true);
});

test('arguments are checked', async () => {
  await expect(resolveSigningKey('z' as never, lookupOf([]))).rejects.toThrow(ArgumentError);
  expect(() => inlineSigningKey('z' as never)).toThrow(ArgumentError);
  expect(() => PublicKeyHash.ofInlineKey(new Uint8Array(37))).toThrow(ArgumentError);
});
