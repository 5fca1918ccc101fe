import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCid, parsePeerId } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import v from '../../../../vectors/08/server-identity.json' with { type: 'json' };
import { decodeLibp2pPrivateKey, encodeLibp2pPrivateKey, peerIdOf, publicKeyOfPeerId } from './peer-key.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.fromSeed(crypto, fromHex(v.key.seed));

test('private key, both forms', () => {
  expect(toHex(encodeLibp2pPrivateKey(pair))).toBe(v.key.short);
  for (const form of [v.key.short, v.key.long]) expect(decodeLibp2pPrivateKey(crypto, fromHex(form)).equals(pair)).toBe(true);
});

test.each(v.invalidKeys)('refused private key: $reason', ({ bytes }) => {
  expect(() => decodeLibp2pPrivateKey(crypto, fromHex(bytes))).toThrow(FormatError);
});

test('peer id', () => {
  const id = peerIdOf(pair.publicKey);
  expect(toHex(pair.publicKey.bytes)).toBe(v.key.publicKey);
  expect(toHex(id.bytes)).toBe(v.key.peerId);
  expect(id.toString()).toBe(v.key.text);
  expect(id.multihash.toString()).toBe(v.key.bare);
  expect(parsePeerId(v.key.bare).equals(id)).toBe(true);
  expect(publicKeyOfPeerId(id)?.equals(pair.publicKey)).toBe(true);
});

test('ids without a key', () => {
  expect(publicKeyOfPeerId(parsePeerId('QmVdFZgHnEgcedCS2G2ZNiEN59LuVrnRm7z3yXtEBv2XiF'))).toBeUndefined();
  expect(publicKeyOfPeerId(parsePeerId('zdvgq1QytJnbSZiAGiduxkd7hnhdnpHqBSfYGiCyG1YQjLEij'))).toBeUndefined();
});

test.each(v.notEd25519Ids)('no id of an Ed25519 key: $reason', ({ cid }) => {
  expect(() => publicKeyOfPeerId(decodeCid(fromHex(cid)))).toThrow(FormatError);
});

test('arguments are checked', () => {
  expect(() => encodeLibp2pPrivateKey(pair.secretKey as never)).toThrow(ArgumentError);
  expect(() => decodeLibp2pPrivateKey(crypto, 'x' as never)).toThrow(ArgumentError);
  expect(() => peerIdOf(pair as never)).toThrow(ArgumentError);
  expect(() => publicKeyOfPeerId('x' as never)).toThrow(ArgumentError);
});
