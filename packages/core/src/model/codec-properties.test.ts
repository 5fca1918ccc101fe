import { arbitraryCbor, arbitraryCid, arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { altered, type Codec, damaged, describeCodecs, maybe } from '../../test/codec-properties.js';
import { describe, expect, test } from 'vitest';
import { fromHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborMap } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { CipherText } from '../containers/cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { PyrgosError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import writerDataVectors from '../../../../vectors/03/writer-data.json' with { type: 'json' };
import { AbsoluteCapability } from './absolute-capability.js';
import { CommittedWriterData } from './committed-writer-data.js';
import { DirectoryInode } from './directory-inode.js';
import { Inode, InodeCap } from './inode.js';
import { InodeFileSystem } from './inode-filesystem.js';
import { MemoryBlocks } from './memory-blocks.js';
import { formatPointerConflict, parsePointerConflict } from './pointer-cas.js';
import { decodeMultiWriterCommit, encodeMultiWriterCommit, PointerUpdate } from './pointer-update.js';
import { EncryptedCapability, SecretLinkTarget } from './secret-links.js';
import { Snapshot } from './snapshot.js';
import { EntryPoint, EntryPoints } from './user-static-data.js';
import { WriterData } from './writer-data.js';

const crypto = await loadCrypto();
const pairs = [1, 2, 3].map((byte) => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(byte)));
const owner = pairs[0]!.publicKey.hash;
const blocks = new MemoryBlocks(crypto);
const environment = { hasher: crypto, source: blocks, sink: blocks, context: { owner } };

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const blockCid = bytes(32).map((digest) => Cid.ofSha256(digest, CidCodec.dagCbor));
const keyHash = fc.oneof(
  fc.constantFrom(...pairs.map(({ publicKey }) => publicKey.hash)),
  blockCid.map((cid) => PublicKeyHash.fromCid(cid)),
);
const symmetricKey = fc.tuple(bytes(32), fc.boolean()).map(([key, dirty]) => SymmetricKey.of(key, dirty));
const sequence = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffffffff }));
const proof = fc.constantFrom(...pairs.map(({ signer }) => OwnerProof.create(crypto, signer, owner)));
const capability = fc
  .record({
    owner: keyHash,
    writer: keyHash,
    mapKey: bytes(32),
    bat: maybe(bytes(32).map((secret) => Bat.of(secret))),
    rBaseKey: symmetricKey,
    wBaseKey: maybe(symmetricKey),
  })
  .map((parts) => AbsoluteCapability.of(parts));
const update = fc
  .tuple(maybe(arbitraryCid()), maybe(arbitraryCid()), sequence)
  .filter(([from, to]) => (from === undefined ? to !== undefined : !from.equals(to)))
  .map(([from, to, number]) => PointerUpdate.of(from, to, number));
const writerData = fc
  .record({
    controller: keyHash,
    changes: fc.record(
      {
        tree: blockCid,
        links: blockCid,
        owned: blockCid,
        public: blockCid,
        inbound: keyHash,
        named: fc.array(fc.tuple(arbitraryText(6), proof), { maxLength: 3 }).map((entries) => new Map(entries)),
        algorithm: arbitraryText(8).map((extraSalt) => ScryptSecretGeneration.of({ extraSalt })),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ controller, changes }) => WriterData.of(controller, changes));
const committed = fc
  .tuple(maybe(blockCid), maybe(sequence), maybe(writerData))
  .map(([hash, number, data]) => CommittedWriterData.of(hash, number, data));
const snapshot = fc
  .array(fc.tuple(keyHash, committed), { maxLength: 4 })
  .map((entries) => entries.reduce((sum, [writer, version]) => sum.withVersion(writer, version), Snapshot.empty()));
const encryptedCapability = fc
  .tuple(arbitraryText(6), fc.boolean())
  .map(([text, hasPassword]) => EncryptedCapability.of(CipherText.seal(crypto, SymmetricKey.of(new Uint8Array(32)), text), hasPassword));
const linkTarget = fc
  .tuple(encryptedCapability, maybe(fc.maxSafeNat()), maybe(fc.maxSafeNat()))
  .map(([encrypted, expiry, maxRetrievals]) => SecretLinkTarget.of(encrypted, { expiry, maxRetrievals }));
const inode = fc
  .tuple(
    fc.maxSafeNat(),
    arbitraryText().filter((name) => !name.includes('/')),
  )
  .map(([number, name]) => Inode.of(number, name));
const inodeCap = fc.tuple(inode, maybe(capability)).map(([node, found]) => InodeCap.of(node, found?.toReadOnly()));
const entryPoint = fc.tuple(capability, arbitraryText()).map(([found, name]) => EntryPoint.of(found, name));
const entryPoints = fc
  .tuple(fc.array(entryPoint, { maxLength: 2 }), maybe(fc.constantFrom(...pairs)))
  .map(([entries, identity]) => EntryPoints.of(entries, identity === undefined ? {} : { identity }));

const codecs: Record<string, Codec> = {
  PointerUpdate: { values: update, decode: PointerUpdate.decode },
  WriterData: { values: writerData, decode: WriterData.decode, keepsAll: true },
  CommittedWriterData: { values: committed, decode: CommittedWriterData.decode },
  Snapshot: { values: snapshot, decode: Snapshot.decode },
  AbsoluteCapability: { values: capability, decode: AbsoluteCapability.decode },
  EntryPoint: { values: entryPoint, decode: EntryPoint.decode },
  EntryPoints: { values: entryPoints, decode: (input) => EntryPoints.decode(crypto, input) },
  EncryptedCapability: { values: encryptedCapability, decode: EncryptedCapability.decode },
  SecretLinkTarget: { values: linkTarget, decode: SecretLinkTarget.decode },
  Inode: { values: inode, decode: Inode.decode },
  InodeCap: { values: inodeCap, decode: InodeCap.decode },
  InodeFileSystem: {
    values: fc.tuple(fc.maxSafeNat(), blockCid).map(([counter, root]) =>
      InodeFileSystem.fromCbor(
        environment,
        new Map<string, number | Cid>([
          ['c', counter],
          ['r', root],
        ]),
      ),
    ),
    decode: (input) => InodeFileSystem.fromCbor(environment, decodeCbor(input)),
  },
};

describeCodecs(codecs);

describe('other formats', () => {
  const commit = fc.uniqueArray(fc.record({ writer: keyHash, signed: fc.uint8Array({ maxLength: 8 }) }), {
    maxLength: 4,
    selector: ({ writer }) => writer.key,
  });

  test('MultiWriterCommit', () => {
    fc.assert(
      fc.property(commit, (updates) => {
        expect(decodeMultiWriterCommit(encodeMultiWriterCommit(updates))).toEqual(updates);
      }),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(fc.oneof(damaged(commit.map(encodeMultiWriterCommit)), altered(commit.map(encodeMultiWriterCommit))), (candidate) => {
        try {
          const updates = decodeMultiWriterCommit(candidate);
          expect(decodeMultiWriterCommit(encodeMultiWriterCommit(updates))).toEqual(updates);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }),
    );
  });

  test('conflict messages', () => {
    const conflict = fc.record({ existing: maybe(arbitraryCid()), sequence: maybe(sequence), claimed: maybe(arbitraryCid()) });
    fc.assert(
      fc.property(conflict, (value) => {
        expect(formatPointerConflict(parsePointerConflict(formatPointerConflict(value)))).toBe(formatPointerConflict(value));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parsePointerConflict(`PointerCAS:${text}`)).toThrow(PyrgosError);
      }),
    );
  });

  test('DirectoryInode', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCbor({}), async (value) => {
        const list = encodeCbor(new Map([['c', [value, value]]]));
        const directory = DirectoryInode.fromCbor(environment, decodeCbor(list));
        for await (const { inode: found } of directory.entries()) expect(found.name).not.toContain('/');
        expect(encodeCbor(await directory.toCbor())).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });

  test('unknown fields of a real block survive a change of another field', () => {
    const block = fromHex(writerDataVectors.valid[1]!.cbor);
    fc.assert(
      fc.property(arbitraryText(4), arbitraryCbor({}), blockCid, (name, value, tree) => {
        const known = decodeCbor(block) as CborMap;
        fc.pre(!known.has(name) && name !== 'static');
        const extended = encodeCbor(new Map([...known, [name, value] as const]));
        const changed = WriterData.decode(extended).with({ tree });
        expect(encodeCbor((changed.toCbor() as CborMap).get(name) ?? null)).toEqual(encodeCbor(value));
        expect(changed.with({ tree: known.get('tree') as Cid }).encode()).toEqual(extended);
      }),
      { numRuns: 60 },
    );
  });
});
