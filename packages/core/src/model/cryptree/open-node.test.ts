import { describe, expect, test } from 'vitest';
import { batOf, filled, keyHashOf, keyOf } from '../../../test/cryptree-values.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { cborMap } from '../../codec/cbor-value.js';
import { PaddedCipherText, PaddingBlock } from '../../containers/padded-cipher-text.js';
import { SymmetricLinkToSigner } from '../../containers/symmetric-link.js';
import { loadCrypto } from '../../crypto/index.js';
import { DeniedError, FormatError } from '../../errors.js';
import { SigningKeyPair } from '../../keys/signing-key.js';
import type { SymmetricKey } from '../../keys/symmetric-key.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { ChildEntry } from './child-list.js';
import { ChunkLocation } from './chunk-location.js';
import { FileProperties } from './file-properties.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { openNode } from './open-node.js';
import { RelativeCapability } from './relative-capability.js';
import { withChildren, withParentLink, withProperties, withSigner } from './rewrite-node.js';
import { type DirectoryChunkParts, type FileChunkParts, sealDirectoryChunk, sealFileChunk } from './seal-node.js';
import { Timestamp } from './timestamp.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.fromSeed(crypto, filled(1));
const other = SigningKeyPair.fromSeed(crypto, filled(2));
const writer = pair.publicKey.hash;
const wBaseKey = keyOf(0x66);
const modified = Timestamp.of(1_700_000_000);
const fileProperties = FileProperties.of({ name: 'a', isDirectory: false, mimeType: 'a/b', size: 3, modified, streamSecret: filled(6) });
const directoryProperties = FileProperties.of({ name: 'd', isDirectory: true, mimeType: '', size: 0, modified });
const parentLink = RelativeCapability.of({ mapKey: filled(0xaa), bat: batOf(0xbb), key: keyOf(0x99) });
const common = { rBaseKey: keyOf(0x55), parentLink, bat: batOf(0x44), next: ChunkLocation.of(filled(3), batOf(4)) };
const fileParts: FileChunkParts = { ...common, dataKey: keyOf(0x77), properties: fileProperties, data: Uint8Array.of(1, 2, 3) };
const directoryParts: DirectoryChunkParts = { ...common, parentKey: keyOf(0x88), properties: directoryProperties, children: [] };
const capability = (rBaseKey: SymmetricKey): AbsoluteCapability =>
  AbsoluteCapability.of({ owner: keyHashOf(0x11), writer, mapKey: filled(0x33), bat: batOf(0x44), rBaseKey, wBaseKey });
const here = capability(common.rBaseKey);

describe('kinds', () => {
  const linkParts = { ...directoryParts, properties: fileProperties.with({ isLink: true, streamSecret: undefined }) };

  test('a link node to a file is a directory for who has its read key, a file for who has its parent key', () => {
    const { node } = sealDirectoryChunk(crypto, linkParts);
    const opened = openNode(crypto, node, here);
    expect(opened).toMatchObject({ kind: 'directory', isReadable: true });
    expect(opened.properties).toMatchObject({ isLink: true, isDirectory: false });
    const fromBelow = openNode(crypto, node, capability(directoryParts.parentKey));
    expect(fromBelow).toMatchObject({ kind: 'file', isReadable: false, dataKey: undefined, isDirty: false });
    expect(fromBelow.parentLink?.equals(parentLink)).toBe(true);
  });

  test('a link node to a directory is one for both', () => {
    const { node } = sealDirectoryChunk(crypto, { ...linkParts, properties: directoryProperties.with({ isLink: true }) });
    expect(openNode(crypto, node, here)).toMatchObject({ kind: 'directory', isReadable: true });
    expect(openNode(crypto, node, capability(directoryParts.parentKey))).toMatchObject({ kind: 'directory', isReadable: false });
  });

  test('a dirty file', () => {
    const { node } = sealFileChunk(crypto, { ...fileParts, dataKey: keyOf(0x77, true) });
    expect(openNode(crypto, node, here)).toMatchObject({ kind: 'file', isDirty: true });
    const directory = sealDirectoryChunk(crypto, { ...directoryParts, parentKey: keyOf(0x88, true) });
    expect(openNode(crypto, directory.node, here).isDirty).toBe(false);
  });

  test('a home directory has no parent link', () => {
    const { node } = sealDirectoryChunk(crypto, { ...directoryParts, parentLink: undefined });
    expect(openNode(crypto, node, here).parentLink).toBeUndefined();
  });

  test('another key opens nothing', () => {
    for (const { node } of [sealFileChunk(crypto, fileParts), sealDirectoryChunk(crypto, directoryParts)]) {
      expect(() => openNode(crypto, node, capability(keyOf(1)))).toThrow(expect.objectContaining({ code: 'crypto.authentication' }));
    }
    // The key to the bytes of a file tells nothing else.
    const { node } = sealFileChunk(crypto, fileParts);
    expect(() => openNode(crypto, node, capability(fileParts.dataKey))).toThrow(expect.objectContaining({ code: 'crypto.authentication' }));
  });
});

describe('sections of a peer that open but are malformed', () => {
  const { node } = sealFileChunk(crypto, fileParts);
  const sealed = (value: CborValue, block: number): PaddedCipherText => PaddedCipherText.seal(crypto, common.rBaseKey, value, block);
  const properties = fileProperties.toCbor();

  test.each<readonly [string, CborValue]>([
    ['no map', [1]],
    ['no properties', new Map()],
    ['an illegal name', cborMap([['s', cborMap([...(properties as ReadonlyMap<string, CborValue>), ['n', 'a/b']])]])],
    [
      'a parent link that is none',
      cborMap([
        ['s', properties],
        ['p', new Map()],
      ]),
    ],
    [
      'a parent link that is null',
      cborMap([
        ['s', properties],
        ['p', null],
      ]),
    ],
  ])('parent section: %s', (_what, value) => {
    const damaged = node.with({ parent: sealed(value, PaddingBlock.cryptreeMetadata) });
    expect(() => openNode(crypto, damaged, here)).toThrow(FormatError);
  });

  test.each<readonly [string, CborValue]>([
    ['no map', 'x'],
    ['no key', cborMap([['n', common.next.mapKey]])],
    ['no next chunk', cborMap([['k', keyOf(1).toCbor()]])],
    [
      'a signer link that is none',
      cborMap([
        ['k', keyOf(1).toCbor()],
        ['n', parentLink.toCbor()],
        ['w', [1]],
      ]),
    ],
  ])('base section: %s', (_what, value) => {
    const damaged = node.with({ base: sealed(value, PaddingBlock.cryptreeBase) });
    expect(() => openNode(crypto, damaged, here)).toThrow(FormatError);
  });

  test('a base section of another file gives a typed error', () => {
    const mixed = sealDirectoryChunk(crypto, directoryParts).node.with({ base: node.base });
    expect(() => openNode(crypto, mixed, here)).toThrow(expect.objectContaining({ code: 'crypto.authentication' }));
  });
});

describe('signers', () => {
  const signerLink = SymmetricLinkToSigner.create(crypto, wBaseKey, pair.signer);
  const withLink = openNode(crypto, sealDirectoryChunk(crypto, { ...directoryParts, signerLink }).node, here);
  const without = openNode(crypto, sealFileChunk(crypto, fileParts).node, here);

  test('the own one comes before the inherited one', () => {
    expect(withLink.signer(crypto, wBaseKey).equals(pair.signer)).toBe(true);
    expect(withLink.signer(crypto, wBaseKey, other.signer).equals(pair.signer)).toBe(true);
    expect(without.signer(crypto, wBaseKey, pair.signer).equals(pair.signer)).toBe(true);
  });

  test('without one there is no writing', () => {
    expect(() => without.signer(crypto, wBaseKey)).toThrow(DeniedError);
  });

  test('that of another writing space is refused', () => {
    expect(() => without.signer(crypto, wBaseKey, other.signer)).toThrow(DeniedError);
    const planted = SymmetricLinkToSigner.create(crypto, wBaseKey, other.signer);
    const opened = openNode(crypto, sealDirectoryChunk(crypto, { ...directoryParts, signerLink: planted }).node, here);
    expect(() => opened.signer(crypto, wBaseKey, pair.signer)).toThrow(DeniedError);
  });

  test('another write key opens nothing', () => {
    expect(() => withLink.signer(crypto, keyOf(1), pair.signer)).toThrow(expect.objectContaining({ code: 'crypto.authentication' }));
  });
});

describe('changes of one section', () => {
  const { node } = sealDirectoryChunk(crypto, { ...directoryParts, mirrorBatId: batOf(9).mirrorId(crypto) });
  const opened = openNode(crypto, node, here);

  test('properties', () => {
    const renamed = withProperties(crypto, node, opened, directoryProperties.with({ name: 'new' }));
    const read = openNode(crypto, renamed, here);
    expect(read.properties.name).toBe('new');
    expect(read.parentLink?.equals(parentLink)).toBe(true);
    expect(renamed.base.equals(node.base) && renamed.data.equals(node.data)).toBe(true);
    expect(renamed.batIds).toEqual(node.batIds);
    expect(renamed.parent.equals(node.parent)).toBe(false);
    // Still under the parent key, not the read key.
    expect(openNode(crypto, renamed, capability(directoryParts.parentKey)).properties.name).toBe('new');
  });

  test('parent link', () => {
    const link = RelativeCapability.of({ mapKey: filled(0xab), key: keyOf(0x9a), writer: keyHashOf(3) });
    const moved = withParentLink(crypto, node, opened, link);
    expect(openNode(crypto, moved, here).parentLink?.equals(link)).toBe(true);
    expect(openNode(crypto, moved, here).properties.equals(directoryProperties)).toBe(true);
    expect(moved.base.equals(node.base) && moved.data.equals(node.data)).toBe(true);
    expect(openNode(crypto, withParentLink(crypto, node, opened, undefined), here).parentLink).toBeUndefined();
  });

  test('signer link', () => {
    const signed = withSigner(crypto, node, opened, SymmetricLinkToSigner.create(crypto, wBaseKey, pair.signer));
    const read = openNode(crypto, signed, here);
    expect(read.signer(crypto, wBaseKey).equals(pair.signer)).toBe(true);
    expect(read.parentKey.equals(directoryParts.parentKey)).toBe(true);
    expect(read.next?.equals(opened.next)).toBe(true);
    expect(signed.parent.equals(node.parent) && signed.data.equals(node.data)).toBe(true);
    expect(() => openNode(crypto, withSigner(crypto, signed, read, undefined), here).signer(crypto, wBaseKey)).toThrow(DeniedError);
  });

  test('children', () => {
    const link = RelativeCapability.relativise(crypto, here, AbsoluteCapability.of({ ...here, rBaseKey: keyOf(2), wBaseKey: keyOf(3) }));
    const children = Array.from({ length: 600 }, (_, i) => ChildEntry.of(NamedRelativeCapability.of(link, { name: `c${i}` })));
    const { node: rewritten, fragments } = withChildren(crypto, node, opened, children);
    expect(rewritten.base.equals(node.base) && rewritten.parent.equals(node.parent)).toBe(true);
    expect(fragments.length).toBe(1);
    // The fragments get the mirror BAT of the node.
    expect(fragments[0]?.bytes.subarray(8, 9)).toEqual(Uint8Array.of(0x82));
    expect(withChildren(crypto, node, opened, []).fragments).toEqual([]);
  });

  test('are refused where the sections cannot be read', () => {
    const fromBelow = openNode(crypto, node, capability(directoryParts.parentKey));
    expect(() => withSigner(crypto, node, fromBelow, undefined)).toThrow(DeniedError);
    expect(() => withChildren(crypto, node, fromBelow, [])).toThrow(DeniedError);
    expect(() =>
      withChildren(crypto, sealFileChunk(crypto, fileParts).node, openNode(crypto, sealFileChunk(crypto, fileParts).node, here), []),
    ).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});

test('opened nodes print as nothing', () => {
  const opened = openNode(crypto, sealFileChunk(crypto, fileParts).node, here);
  expect(`${String(opened)}${JSON.stringify(opened)}`).toBe('OpenedNode(redacted)"OpenedNode(redacted)"');
});
