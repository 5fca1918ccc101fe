import { describe, expect, test } from 'vitest';
import {
  carBlock,
  Cid,
  CidCodec,
  DataFrameReader,
  DataFrameWriter,
  decodeCbor,
  decodeCborPrefix,
  decodeCid,
  decodeMultiaddr,
  decodeMultihash,
  decodeVarint,
  encodeBase58,
  encodeCbor,
  encodeMultibase,
  Multihash,
  readCar,
} from './codec/index.js';
import { CipherText, FragmentedPaddedCipherText, HashTreeBuilder, PasswordProtected, RootHash } from './containers/index.js';
import { loadCrypto } from './crypto/index.js';
import { createCryptoPool, createInlinePool } from './crypto/pool/index.js';
import {
  Bat,
  boxFor,
  BoxingKeyPair,
  hasRawPrefix,
  hkdfKey,
  openSigned,
  ProofOfWork,
  PublicKeyHash,
  signAttached,
  signDetached,
  SigningKeyPair,
  stripRawPrefix,
  SymmetricKey,
  verifyDetached,
} from './keys/index.js';
import {
  Champ,
  ChunkMirrorCap,
  CryptreeNode,
  detectMimeType,
  fitChunk,
  MemoryBlocks,
  PointerUpdate,
  Thumbnail,
  WriterData,
} from './model/index.js';

/**
 * An array whose memory went to another thread has length 0. To hash, sign or encrypt nothing instead of the caller's data would lose the
 * data and look like success; so nothing takes it for empty. The engines' own operations: testkit/contracts/crypto-provider.ts.
 */

const crypto = await loadCrypto();
const lost = new Uint8Array(40);
structuredClone(lost.buffer, { transfer: [lost.buffer] });

const pair = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1));
const boxing = BoxingKeyPair.generateCurve25519(crypto);
const key = SymmetricKey.generate(crypto);
const blocks = new MemoryBlocks(crypto);
const champ = Champ.empty(blocks, { owner: pair.publicKey.hash });
const cid = Cid.ofSha256(new Uint8Array(32), CidCodec.raw);

async function* chunks(...list: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* list;
}

const calls: Readonly<Record<string, () => unknown>> = {
  encodeCbor: () => encodeCbor(lost),
  'encodeCbor, nested': () => encodeCbor([1, new Map([['a', lost]])]),
  decodeCbor: () => decodeCbor(lost),
  decodeCborPrefix: () => decodeCborPrefix(lost),
  decodeCid: () => decodeCid(lost),
  decodeMultihash: () => decodeMultihash(lost),
  'Multihash.create': () => Multihash.create(0, lost),
  decodeVarint: () => decodeVarint(lost),
  decodeMultiaddr: () => decodeMultiaddr(lost),
  encodeMultibase: () => encodeMultibase('z', lost),
  encodeBase58: () => encodeBase58(lost),
  DataFrameReader: () => new DataFrameReader(lost),
  DataFrameWriter: () => new DataFrameWriter().writeBytes(lost),
  carBlock: () => carBlock(cid, lost),
  readCar: async () => readCar(chunks(lost)).roots(),
  'CipherText.seal': () => CipherText.seal(crypto, key, lost),
  'CipherText.decode': () => CipherText.decode(lost),
  'FragmentedPaddedCipherText.seal': () => FragmentedPaddedCipherText.seal(crypto, key, lost),
  'FragmentedPaddedCipherText.sealInPool': async () => FragmentedPaddedCipherText.sealInPool(crypto, createInlinePool(crypto), key, lost),
  'HashTreeBuilder.addChunk': () => new HashTreeBuilder(crypto).addChunk(lost),
  'Thumbnail.of': () => Thumbnail.of('image/png', lost),
  fitChunk: () => fitChunk(lost, 5, 0),
  detectMimeType: () => detectMimeType(lost, 'a'),
  'CryptreeNode.decode': () => CryptreeNode.decode(lost),
  'PasswordProtected.seal': async () => PasswordProtected.seal(crypto, lost, 'password'),
  'RootHash.of': () => RootHash.of(lost),
  signDetached: () => signDetached(crypto, pair.secretKey, lost),
  signAttached: () => signAttached(crypto, pair.secretKey, lost),
  openSigned: () => openSigned(crypto, pair.publicKey, lost),
  verifyDetached: () => verifyDetached(crypto, pair.publicKey, signDetached(crypto, pair.secretKey, new Uint8Array()), lost),
  'verifyDetached, signature': () => verifyDetached(crypto, pair.publicKey, lost, new Uint8Array()),
  boxFor: () => boxFor(crypto, boxing.publicKey, boxing.secretKey, lost),
  hkdfKey: () => hkdfKey(crypto, lost),
  'Bat.of': () => Bat.of(lost),
  hasRawPrefix: () => hasRawPrefix(lost),
  stripRawPrefix: () => stripRawPrefix(lost),
  'PublicKeyHash.ofInlineKey': () => PublicKeyHash.ofInlineKey(lost),
  'ProofOfWork.check': () => ProofOfWork.empty().check(crypto, lost, 0),
  'MemoryBlocks.putRaw': () => blocks.putRaw(lost),
  'Champ.get': async () => champ.get(lost),
  'Champ.put': async () => champ.put(lost, undefined, 1),
  'Champ.put, value': async () => champ.put(new Uint8Array(), undefined, lost),
  'ChunkMirrorCap.of': () => ChunkMirrorCap.of(lost),
  'PointerUpdate.decode': () => PointerUpdate.decode(lost),
  'WriterData.decode': () => WriterData.decode(lost),
  'inline pool': async () => createInlinePool(crypto).sha256(lost),
  'worker pool': async () => createCryptoPool({ size: 1 }).sha256(lost),
  'worker pool, key': async () => createCryptoPool({ size: 1 }).secretboxSeal(new Uint8Array(), new Uint8Array(24), lost),
};

describe('memory that was given away is refused', () => {
  test.each(Object.entries(calls))('%s', async (_, call) => {
    await expect((async () => call())()).rejects.toMatchObject({ code: 'argument' });
  });
});
