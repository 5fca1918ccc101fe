import { describe, expect, test } from 'vitest';
import * as codec from './codec/index.js';
import * as containers from './containers/index.js';
import { loadCrypto, type RandomSource, withRandomSource } from './crypto/index.js';
import { createCryptoPool, createInlinePool } from './crypto/pool/index.js';
import * as keys from './keys/index.js';
import * as model from './model/index.js';

/**
 * Mistakes of callers without types that used to pass silently, or to end in a TypeError somewhere inside: each is an ArgumentError.
 * junk-arguments.test.ts looks for more of the second kind; only a list like this one finds the first.
 */

const crypto = await loadCrypto();
/** Passes for anything, as `any` does in callers' code. */
const x = 'x' as never;
const nothing = null as never;

const pair = keys.SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1));
const owner = pair.publicKey.hash;
const blocks = new model.MemoryBlocks(crypto);
const cid = codec.Cid.ofSha256(new Uint8Array(32), codec.CidCodec.dagCbor);
const key = keys.SymmetricKey.generate(crypto);
const data = model.WriterData.of(owner);
const holes = Array(3) as never;

/** A constructor that TypeScript hides. */
const construct = (type: unknown, ...args: readonly unknown[]): unknown =>
  new (type as new (...args: readonly unknown[]) => unknown)(...args);

const first = async (iteration: AsyncIterable<unknown>): Promise<unknown> => iteration[Symbol.asyncIterator]().next();

const cases: Readonly<Record<string, () => unknown>> = {
  'sha256Many with holes': () => crypto.sha256Many(holes),
  'scrypt without options': async () => crypto.scrypt(new Uint8Array(), new Uint8Array(), { logN: 1, r: 1, p: 1, length: 32 }, nothing),
  'scrypt with a progress that is no function': async () =>
    crypto.scrypt(new Uint8Array(), new Uint8Array(), { logN: 1, r: 1, p: 1, length: 32 }, { onProgress: x }),
  'a pool from null': () => createCryptoPool(nothing),
  'a pool from text': () => createCryptoPool(x),
  'a pool with a misspelt option': () => createCryptoPool({ workers: 2 } as never),
  'an inline pool over nothing': () => createInlinePool(nothing),
  'hashing in a pool without options': async () => createCryptoPool({ size: 1 }).sha256(new Uint8Array(1), nothing),
  'hashing in a pool with another signal': async () => createCryptoPool({ size: 1 }).sha256(new Uint8Array(1), { signal: x }),
  'hashing holes in a pool': async () => createCryptoPool({ size: 1 }).sha256Many(holes),
  'sealing in a pool with consume as text': async () =>
    createCryptoPool({ size: 1 }).secretboxSeal(new Uint8Array(1), new Uint8Array(24), new Uint8Array(32), { consume: x }),
  'hashing in an inline pool without options': async () => createInlinePool(crypto).sha256(new Uint8Array(1), nothing),
  'an engine with another random source than one': () => withRandomSource(crypto, undefined as never),
  'an engine that is none with a random source': () => withRandomSource(undefined as never, crypto),

  'decoding CBOR without options': () => codec.decodeCbor(Uint8Array.of(0), nothing),
  'decoding a multiaddress without options': () => codec.decodeMultiaddr(Uint8Array.of(0), nothing),
  'a varint from a text offset': () => codec.decodeSmallVarint(new Uint8Array(3), '0' as never),
  'a CBOR map of an object': () => codec.cborMap({ a: 1 } as never),
  'a CBOR map of text': () => codec.cborMap(['ab', 'cd'] as never),
  'a hash of the wrong class': () => codec.Cid.v1(codec.CidCodec.raw, x),
  'a CID from its constructor': () => construct(codec.Cid, 1, codec.CidCodec.raw),
  'a CID of version 7': () => construct(codec.Cid, 7, codec.CidCodec.dagCbor, cid.multihash),
  'a multihash from its constructor': () => construct(codec.Multihash, 0x12),
  'a CAR reader from its constructor': () => construct(codec.CarReader, x),

  'the hash of no key': () => keys.PublicKeyHash.ofInlineKey(undefined as never),
  'the payload of text': () => keys.stripRawPrefix(x),
  'signing a block read without request': () => keys.signBlockRead(crypto, undefined as never, 0, keys.Bat.generate(crypto)),
  'authorising no request': () => keys.authoriseS3Request(crypto, nothing, nothing),
  'presigning no request': () => keys.presignS3Url(crypto, nothing, nothing),
  'presigning without credentials': () => keys.presignS3Url(crypto, { verb: 'GET', host: 'h', key: 'k', time: Date.UTC(2024, 0) }, nothing),
  'scrypt parameters from null': () => keys.ScryptSecretGeneration.of(nothing),
  'a key hash from a constructor of another class': () => keys.resolveSigningKey(cid as never, nothing),

  'a hash tree of nothing': () => containers.HashTree.fromBranches(undefined as never),
  'a hash tree of text': () => containers.HashTree.fromBranches([x]),
  'fragments of nothing': async () => containers.fetchFragments(undefined as never, { blocks, owner }),
  'fragments without reader': async () => containers.fetchFragments([], nothing),
  'a container without key': () => containers.CipherText.seal(crypto, new Uint8Array(32) as never, 1),
  'a container without engine': () => containers.CipherText.seal(nothing, key, 1),

  'a capability of nothing': () => model.AbsoluteCapability.of(undefined as never),
  'blocks reachable from nothing': async () => first(model.reachableBlocks(undefined as never, blocks, { owner })),
  'blocks reachable from text': async () => first(model.reachableBlocks([x], blocks, { owner })),
  'blocks reachable without context': async () => first(model.reachableBlocks([cid], blocks, nothing)),
  'links of nothing': () => model.followedLinks(nothing, new Uint8Array()),
  'looking up nothing': async () => model.collectChampLookupBlocks(cid, undefined as never, blocks, { owner }),
  'looking up without context': async () => model.collectChampLookupBlocks(cid, [], blocks, nothing),
  'merging nothing': async () => model.mergeChamps(nothing, blocks, { owner }),
  'merging text': async () => model.mergeChamps({ base: undefined, ours: x, remote: cid }, blocks, { owner }),
  'comparing null': async () => first(model.diffChamps(nothing, undefined, blocks, { owner })),
  'comparing without source': async () => first(model.diffChamps(undefined, undefined, nothing, { owner })),
  'formatting no conflict': () => model.formatPointerConflict(nothing),
  'formatting a conflict of text': () => model.formatPointerConflict({ existing: x, sequence: undefined, claimed: undefined }),
  'formatting no caps': () => model.formatChampCaps([undefined as never]),
  'a pointer update from its constructor': () => construct(model.PointerUpdate, 'x', 'y', 1),
  'an empty map over no source': () => model.Champ.empty(undefined as never, undefined as never),
  'an empty map without context': () => model.Champ.empty(blocks, undefined as never),
  'a map with no options': () => model.Champ.empty(blocks, { owner }, nothing),
  'saving a map nowhere': () => model.Champ.empty(blocks, { owner }).flush(undefined as never),
  'changing nothing of a WriterData': () => data.with(nothing),
  'changing an unknown field of a WriterData': () => data.with({ treee: cid } as never),
  'memory blocks without hasher': () => new model.MemoryBlocks(nothing),
};

describe('an ArgumentError', () => {
  test.each(Object.entries(cases))('%s', async (_, call) => {
    await expect((async () => call())()).rejects.toMatchObject({ code: 'argument' });
  });
});

describe('a random source that gives anything but what it is asked for', () => {
  const generators: Readonly<Record<string, (random: RandomSource) => unknown>> = {
    SymmetricKey: (random) => keys.SymmetricKey.generate(random),
    Bat: (random) => keys.Bat.generate(random),
    salt: (random) => keys.generateSalt(random),
    SigningKeyPair: (random) => keys.SigningKeyPair.generate(withRandomSource(crypto, random)),
    Curve25519: (random) => keys.BoxingKeyPair.generateCurve25519(withRandomSource(crypto, random)),
    hybrid: (random) => keys.BoxingKeyPair.generateHybrid(withRandomSource(crypto, random)),
    nonce: (random) => containers.CipherText.seal(withRandomSource(crypto, random), key, 1),
  };

  test.each(Object.entries(generators))('%s', (_, generate) => {
    for (const bad of [() => new Uint8Array(4), () => new Uint8Array(1000), () => 'x'.repeat(32), () => undefined]) {
      expect(() => generate({ randomBytes: bad as unknown as RandomSource['randomBytes'] })).toThrow(
        expect.objectContaining({ code: 'argument' }),
      );
    }
    for (const none of [undefined, null, {}, { randomBytes: 1 }]) {
      expect(() => generate(none as never)).toThrow(expect.objectContaining({ code: 'argument' }));
    }
  });
});
