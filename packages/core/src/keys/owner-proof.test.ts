import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec, cborMap, decodeCbor, encodeCbor } from '../codec/index.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, NotFoundError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/owner-proof.json' with { type: 'json' };
import { OwnerProof } from './owner-proof.js';
import { PublicKeyHash } from './public-key-hash.js';
import type { KeyLookup } from './resolve-signing-key.js';
import { signAttached, SigningKeyPair, SigningPrivateKeyAndPublicHash } from './signing-key.js';

const crypto = await loadCrypto();
const owned = SigningKeyPair.generate(crypto);
const owner = SigningKeyPair.generate(crypto).publicKey.hash;

function lookupOf(blocks: ReadonlyMap<string, Uint8Array> = new Map()): KeyLookup {
  return {
    hasher: crypto,
    context: { owner },
    blocks: {
      getBlock: async (cid) => {
        const block = blocks.get(cid.toString());
        if (block === undefined) throw new NotFoundError('not-found.block', 'no such block');
        return block;
      },
    },
  };
}

test.each(v.valid)('vector of seed $ownedSeed', async (vector) => {
  const pair = SigningKeyPair.fromSeed(crypto, fromHex(vector.ownedSeed));
  const expected = PublicKeyHash.fromCid(decodeCbor(fromHex(vector.owner)) as Cid);
  const proof = OwnerProof.create(crypto, pair.signer, expected);
  expect(toHex(proof.encode())).toBe(vector.cbor);
  const read = OwnerProof.decode(fromHex(vector.cbor));
  expect(read.equals(proof)).toBe(true);
  expect((await read.verify(crypto, expected, lookupOf())).equals(pair.publicKey)).toBe(true);
  expect(read.open(crypto, pair.publicKey).equals(expected)).toBe(true);
  await expect(read.verify(crypto, owner, lookupOf())).rejects.toThrow(expect.objectContaining({ code: 'denied.proof' }));
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => OwnerProof.decode(fromHex(cbor))).toThrow(FormatError);
});

test('a proof by another key is refused', async () => {
  const other = SigningKeyPair.generate(crypto);
  const forged = OwnerProof.decode(
    encodeCbor(
      cborMap([
        ['o', owned.publicKey.hash.toCbor()],
        ['p', signAttached(crypto, other.secretKey, owner.encode())],
      ]),
    ),
  );
  await expect(forged.verify(crypto, owner, lookupOf())).rejects.toThrow(expect.objectContaining({ code: 'crypto.signature' }));
});

test('a valid signature over something else is refused', async () => {
  const signed = (message: Uint8Array): OwnerProof =>
    OwnerProof.decode(
      encodeCbor(
        cborMap([
          ['o', owned.publicKey.hash.toCbor()],
          ['p', signAttached(crypto, owned.secretKey, message)],
        ]),
      ),
    );
  const wrongHash = Cid.ofSha256(new Uint8Array(32), CidCodec.dagCbor);
  await expect(signed(encodeCbor('text')).verify(crypto, owner, lookupOf())).rejects.toThrow(FormatError);
  await expect(signed(Uint8Array.of(0xff)).verify(crypto, owner, lookupOf())).rejects.toThrow(FormatError);
  await expect(signed(concatBytes(owner.encode(), Uint8Array.of(0))).verify(crypto, owner, lookupOf())).rejects.toThrow(FormatError);
  await expect(signed(encodeCbor(wrongHash)).verify(crypto, owner, lookupOf())).rejects.toThrow(
    expect.objectContaining({ code: 'denied.proof' }),
  );
});

test('an owned key that is a block (legacy) is resolved', async () => {
  const cid = Cid.ofSha256(crypto.sha256(owned.publicKey.encode()), CidCodec.dagCbor);
  const signer = SigningPrivateKeyAndPublicHash.of(PublicKeyHash.fromCid(cid), owned.secretKey);
  const proof = OwnerProof.create(crypto, signer, owner);
  const lookup = lookupOf(new Map([[cid.toString(), owned.publicKey.encode()]]));
  expect((await proof.verify(crypto, owner, lookup)).equals(owned.publicKey)).toBe(true);
  await expect(proof.verify(crypto, owner, lookupOf())).rejects.toThrow(expect.objectContaining({ code: 'not-found.key' }));
});

test('arguments are checked', async () => {
  expect(() => OwnerProof.create(crypto, owned as never, owner)).toThrow(ArgumentError);
  expect(() => OwnerProof.create(crypto, owned.signer, 'z' as never)).toThrow(ArgumentError);
  await expect(OwnerProof.create(crypto, owned.signer, owner).verify(crypto, 'z' as never, lookupOf())).rejects.toThrow(ArgumentError);
});

test('every changed byte is noticed', async () => {
  const valid = OwnerProof.create(crypto, owned.signer, owner).encode();
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = valid.map((byte, i) => (i === at ? byte ^ mask : byte));
      await expect((async () => OwnerProof.decode(changed).verify(crypto, owner, lookupOf()))()).rejects.toThrow(PyrgosError);
    }),
    // The codec of an inlined key: another one would be a second name of the same key.
    { numRuns: 100, examples: [[9, 1]] },
  );
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = OwnerProof.create(crypto, owned.signer, owner).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(OwnerProof.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
