import { assertInstance } from '../arguments.js';
import { assertBytes, concatBytes, equalBytes } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { FormatError } from '../errors.js';
import {
  PublicSigningKey,
  SIGNING_PUBLIC_KEY_SIZE,
  SIGNING_SECRET_KEY_SIZE,
  SIGNING_SEED_SIZE,
  SigningKeyPair,
} from '../keys/signing-key.js';

/** Protobuf of a libp2p key: field 1, key type Ed25519; field 2, so many bytes. */
const keyHead = (size: number): Uint8Array => Uint8Array.of(0x08, 0x01, 0x12, size);

/**
 * The libp2p form of a server's private key (chapter 08 section 9.1): 36 bytes with the seed only, which is what new servers write.
 * A secret.
 */
export function encodeLibp2pPrivateKey(pair: SigningKeyPair): Uint8Array {
  assertInstance('pair', pair, SigningKeyPair);
  return concatBytes(keyHead(SIGNING_SEED_SIZE), pair.secretKey.bytes.subarray(0, SIGNING_SEED_SIZE));
}

/**
 * Reads a libp2p private key: seed, or seed and public key (chapter 08 section 9.1). FormatError `format.key` for other key types, and
 * when the two halves do not belong together.
 */
export function decodeLibp2pPrivateKey(crypto: CryptoProvider, bytes: Uint8Array): SigningKeyPair {
  assertBytes('bytes', bytes);
  const size = bytes.length - 4;
  const isKnown = (size === SIGNING_SEED_SIZE || size === SIGNING_SECRET_KEY_SIZE) && equalBytes(bytes.subarray(0, 4), keyHead(size));
  if (!isKnown) throw new FormatError('format.key', 'libp2p private key', 'is no Ed25519 key');
  const pair = SigningKeyPair.fromSeed(crypto, bytes.slice(4, 4 + SIGNING_SEED_SIZE));
  if (size === SIGNING_SECRET_KEY_SIZE && !equalBytes(bytes.subarray(4 + SIGNING_SEED_SIZE), pair.publicKey.bytes)) {
    throw new FormatError('format.key', 'libp2p private key', 'public half does not match the seed');
  }
  return pair;
}

/** The id of a server: CIDv1 libp2p-key with the key itself as identity digest (chapter 08 section 9.1). */
export function peerIdOf(publicKey: PublicSigningKey): Cid {
  assertInstance('publicKey', publicKey, PublicSigningKey);
  const key = concatBytes(keyHead(SIGNING_PUBLIC_KEY_SIZE), publicKey.bytes);
  return Cid.v1(CidCodec.libp2pKey, Multihash.create(MultihashCode.identity, key));
}

/**
 * The public key inside a server id; undefined for ids that are the hash of a key (old RSA ids). Only the multihash counts. FormatError
 * `format.key` when an identity digest is no Ed25519 key.
 */
export function publicKeyOfPeerId(id: Cid): PublicSigningKey | undefined {
  assertInstance('id', id, Cid);
  if (!id.isIdentity) return undefined;
  const { digest } = id.multihash;
  const head = keyHead(SIGNING_PUBLIC_KEY_SIZE);
  if (digest.length !== head.length + SIGNING_PUBLIC_KEY_SIZE || !equalBytes(digest.subarray(0, head.length), head)) {
    throw new FormatError('format.key', 'peer id', 'holds no Ed25519 key');
  }
  return PublicSigningKey.of(digest.subarray(head.length), 'peer id');
}
