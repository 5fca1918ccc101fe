import { arbitraryFixedBytes, arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, describeCodecs, maybe } from '../../../test/codec-properties.js';
import { batOf, filled, keyHashOf, keyOf, readerOf } from '../../../test/cryptree-values.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { HashTree } from '../../containers/hash-tree.js';
import { SymmetricLink, SymmetricLinkToSigner } from '../../containers/symmetric-link.js';
import { loadCrypto } from '../../crypto/index.js';
import { PyrgosError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { SigningKeyPair } from '../../keys/signing-key.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { MAX_FILE_SIZE } from '../../limits.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { BaseSection } from './base-section.js';
import { CapabilityWithPath } from './capability-with-path.js';
import { ChildEntry, openChildren } from './child-list.js';
import { ChunkLocation } from './chunk-location.js';
import { CryptreeNode } from './cryptree-node.js';
import { isLegalName } from './file-name.js';
import { FileProperties, type FilePropertiesParts } from './file-properties.js';
import { Location } from './location.js';
import { NamedAbsoluteCapability } from './named-absolute-capability.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { openNode } from './open-node.js';
import { ParentSection } from './parent-section.js';
import { RelativeCapability } from './relative-capability.js';
import { ResumeUploadProps } from './resume-upload-props.js';
import { sealDirectoryChunk, sealFileChunk } from './seal-node.js';
import { Thumbnail } from './thumbnail.js';
import { Timestamp } from './timestamp.js';
import { UploadTransaction } from './upload-transaction.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.fromSeed(crypto, filled(1));
const keyHash = fc.constantFrom(pair.publicKey.hash, keyHashOf(1), keyHashOf(2));
const symmetricKey = fc.tuple(arbitraryFixedBytes(32), fc.boolean()).map(([key, isDirty]) => SymmetricKey.of(key, isDirty));
const bat = arbitraryFixedBytes(32).map((secret) => Bat.of(secret));
const location = fc.tuple(arbitraryFixedBytes(32), maybe(bat)).map(([mapKey, found]) => ChunkLocation.of(mapKey, found));
const writeKeyLink = symmetricKey.map((key) => SymmetricLink.create(crypto, keyOf(1), key));
const capability = fc
  .record({
    owner: keyHash,
    writer: keyHash,
    mapKey: arbitraryFixedBytes(32),
    bat: maybe(bat),
    rBaseKey: symmetricKey,
    wBaseKey: maybe(symmetricKey),
  })
  .map((parts) => AbsoluteCapability.of(parts));
const relative = fc
  .record({
    writer: maybe(keyHash),
    mapKey: arbitraryFixedBytes(32),
    bat: maybe(bat),
    key: symmetricKey,
    writeKeyLink: maybe(writeKeyLink),
  })
  .map((parts) => RelativeCapability.of(parts));
const time = fc
  .tuple(fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()), fc.nat({ max: 999_999_999 }))
  .map(([seconds, nanoseconds]) => Timestamp.of(seconds, nanoseconds));
const name = arbitraryText().filter(isLegalName);
const facts = fc.record({ name, isDirectory: maybe(fc.boolean()), mimeType: maybe(arbitraryText()), created: maybe(time) });
const thumbnail = fc.tuple(arbitraryText(8), fc.uint8Array()).map(([type, bytes]) => Thumbnail.stored(type, bytes));
const tree = fc.integer({ min: 1, max: 40 }).map((count) => HashTree.build(crypto, new Uint8Array(32 * count)));
const properties = fc
  .record<FilePropertiesParts>({
    name,
    isDirectory: fc.boolean(),
    isHidden: fc.boolean(),
    isLink: fc.boolean(),
    mimeType: arbitraryText(),
    size: fc.oneof(fc.nat(), fc.integer({ min: 0, max: MAX_FILE_SIZE })),
    modified: time,
    created: maybe(time),
    thumbnail: maybe(thumbnail),
    streamSecret: maybe(arbitraryFixedBytes(32)),
    treeHash: maybe(tree.map((each) => each.branch(0))),
  })
  .map((parts) => FileProperties.of(parts.isDirectory ? { ...parts, streamSecret: undefined } : parts));
const upload = fc
  .record({
    path: arbitraryText(),
    size: fc.nat(),
    owner: keyHash,
    writer: fc.constant(pair.signer),
    first: location,
    streamSecret: arbitraryFixedBytes(32),
    startTime: fc.maxSafeInteger(),
    hashTree: maybe(tree),
    keys: maybe(fc.record({ properties, rBaseKey: symmetricKey, dataKey: symmetricKey, wBaseKey: symmetricKey })),
  })
  .map((parts) => UploadTransaction.of(parts));
const resume = fc
  .record({ rBaseKey: symmetricKey, dataKey: symmetricKey, wBaseKey: symmetricKey, first: location, streamSecret: arbitraryFixedBytes(32) })
  .map((parts) => ResumeUploadProps.of(parts));
const modified = Timestamp.of(1_700_000_000);
const chunk = { rBaseKey: keyOf(1), next: ChunkLocation.of(filled(2), batOf(3)) };
const node = fc
  .record({ content: fc.uint8Array(), ownBat: maybe(bat), mirror: maybe(bat), large: fc.boolean() })
  .map(({ content, ownBat, mirror, large }) => {
    const own = FileProperties.of({ name: 'a', isDirectory: false, mimeType: '', size: content.length, modified, streamSecret: filled(4) });
    const data = large ? new Uint8Array(5000) : content;
    return sealFileChunk(crypto, { ...chunk, dataKey: keyOf(5), properties: own, bat: ownBat, mirrorBatId: mirror?.mirrorId(crypto), data })
      .node;
  });

const codecs: Record<string, Codec> = {
  RelativeCapability: { values: relative, decode: RelativeCapability.decode },
  NamedRelativeCapability: {
    values: fc.tuple(relative, facts).map(([link, known]) => NamedRelativeCapability.of(link, known)),
    decode: NamedRelativeCapability.decode,
  },
  NamedAbsoluteCapability: {
    values: fc.tuple(capability, facts).map(([target, known]) => NamedAbsoluteCapability.of(target, known)),
    decode: NamedAbsoluteCapability.decode,
  },
  CapabilityWithPath: {
    values: fc.tuple(capability, arbitraryText()).map(([target, path]) => CapabilityWithPath.of(target, path)),
    decode: CapabilityWithPath.decode,
  },
  Location: { values: capability.map((target) => Location.ofCapability(target)), decode: Location.decode },
  FileProperties: { values: properties, decode: FileProperties.decode },
  UploadTransaction: { values: upload, decode: UploadTransaction.decode },
  ResumeUploadProps: { values: resume, decode: ResumeUploadProps.decode },
  CryptreeNode: { values: node, decode: CryptreeNode.decode },
};

describeCodecs(codecs);

describe('sections of a peer who has the keys', () => {
  const own = FileProperties.of({ name: 'd', isDirectory: true, mimeType: '', size: 0, modified });
  const rBaseKey = keyOf(1);
  const child = NamedRelativeCapability.of(RelativeCapability.of({ mapKey: filled(6), key: keyOf(7) }), { name: 'c' });
  const here = AbsoluteCapability.of({ owner: keyHashOf(1), writer: pair.publicKey.hash, mapKey: filled(8), rBaseKey, wBaseKey: keyOf(9) });
  const base = BaseSection.of(
    keyOf(2),
    RelativeCapability.toNextChunk(chunk.next, rBaseKey),
    SymmetricLinkToSigner.create(crypto, keyOf(9), pair.signer),
  );
  const parent = ParentSection.of(own, RelativeCapability.of({ mapKey: filled(3), key: keyOf(4) }));
  const original: readonly CborValue[] = [base.toCbor(), parent.toCbor(), [child.toCbor()]];
  const { node: whole } = sealDirectoryChunk(crypto, { ...chunk, parentKey: keyOf(2), properties: own, children: [ChildEntry.of(child)] });

  /** A section with one byte of its CBOR replaced, as far as it is still CBOR. */
  const mutated = fc.tuple(fc.nat({ max: 2 }), fc.nat(), fc.nat({ max: 255 })).map(([which, at, byte]) => {
    const bytes = encodeCbor(original[which] as CborValue);
    bytes[at % bytes.length] = byte;
    try {
      return { which, value: decodeCbor(bytes) };
    } catch {
      return { which, value: null };
    }
  });

  test('open, or give a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async ({ which, value }) => {
        const sections = original.map((section, i) => (i === which ? value : section));
        // Sealed as anybody can who has the keys; the classes would not write it.
        const seal = (index: number, key: SymmetricKey): CborValue => {
          const nonce = filled(1, 24);
          const padded = new Uint8Array(4096);
          padded.set(encodeCbor(sections[index] as CborValue).subarray(0, 4096));
          return [nonce, crypto.secretboxSeal(padded, nonce, key.bytes)];
        };
        const [nonce, list] = seal(2, rBaseKey) as readonly CborValue[];
        const hostile = new Map<string, CborValue>([
          ['b', seal(0, rBaseKey)],
          ['p', seal(1, keyOf(2))],
          ['v', 1],
          [
            'd',
            new Map<string, CborValue>([
              ['f', [list as CborValue]],
              ['n', nonce as CborValue],
            ]),
          ],
        ]);
        try {
          const read = CryptreeNode.fromCbor(hostile);
          const opened = openNode(crypto, read, here);
          opened.parentLink?.toAbsolute(crypto, here);
          opened.next?.toAbsolute(crypto, here);
          for (const entry of await openChildren(crypto, read, opened.key, readerOf())) entry.link?.toAbsolute(crypto, here);
          opened.signer(crypto, keyOf(9));
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
          expect((error as PyrgosError).code).not.toBe('internal');
        }
      }),
      { numRuns: 1500 },
    );
    expect(openNode(crypto, whole, here).kind).toBe('directory');
  });
});
