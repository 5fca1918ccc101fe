import { scriptedRandom } from '@pyrgos/testkit/random';
import { Cid, CidCodec, type CborValue } from '../src/codec/index.js';
import type { FragmentBlock, FragmentReader } from '../src/containers/index.js';
import { type CryptoProvider, withRandomSource } from '../src/crypto/index.js';
import { NotFoundError } from '../src/errors.js';
import { Bat, PublicKeyHash, SymmetricKey } from '../src/keys/index.js';

/** Values that the tests of the filesystem formats share. */

/** `length` times the byte. */
export function filled(byte: number, length = 32): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** A symmetric key of one byte. */
export function keyOf(byte: number, isDirty = false): SymmetricKey {
  return SymmetricKey.of(filled(byte), isDirty);
}

/** A BAT of one byte. */
export function batOf(byte: number): Bat {
  return Bat.of(filled(byte));
}

/** A key hash that is a hash, as those of the vectors are. */
export function keyHashOf(byte: number): PublicKeyHash {
  return PublicKeyHash.fromCid(Cid.ofSha256(filled(byte), CidCodec.dagCbor));
}

/** The engine with nonces of 24 times one byte each, in this order; any other draw fails. */
export function withNonces(crypto: CryptoProvider, ...bytes: readonly number[]): CryptoProvider {
  return withRandomSource(crypto, scriptedRandom(...bytes.map((byte) => filled(byte, 24))));
}

/** Reads fragments from memory. */
export function readerOf(fragments: readonly FragmentBlock[] = [], owner: PublicKeyHash = keyHashOf(0x11)): FragmentReader {
  const blocks = new Map(fragments.map(({ cid, bytes }) => [cid.key, bytes]));
  return {
    owner,
    blocks: {
      getBlock: async (cid) => blocks.get(cid.key) ?? Promise.reject(new NotFoundError('not-found.block', 'no such block')),
    },
  };
}

/** A CBOR map with some keys replaced, or removed where undefined. */
export function altered(value: CborValue, changes: Readonly<Record<string, CborValue | undefined>>): CborValue {
  const map = new Map(value as ReadonlyMap<string, CborValue>);
  for (const [key, change] of Object.entries(changes)) {
    if (change === undefined) map.delete(key);
    else map.set(key, change);
  }
  return map;
}
