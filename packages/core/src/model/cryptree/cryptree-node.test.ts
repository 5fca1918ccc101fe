import { describe, expect, test } from 'vitest';
import batVectors from '../../../../../vectors/04/bats.json' with { type: 'json' };
import propertyVectors from '../../../../../vectors/04/file-properties.json' with { type: 'json' };
import v from '../../../../../vectors/04/nodes.json' with { type: 'json' };
import { altered, keyHashOf, keyOf, readerOf, withNonces } from '../../../test/cryptree-values.js';
import { fromHex, toHex } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import type { CborMap, CborValue } from '../../codec/cbor-value.js';
import { plaintextItem } from '../../containers/plaintext.js';
import { loadCrypto } from '../../crypto/index.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../../errors.js';
import { Bat, type BatId } from '../../keys/bat.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { MAX_BLOCK_BATS, MAX_CHILDREN_PER_CHUNK, MAX_CHUNK_SIZE } from '../../limits.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { ChildEntry, openChildren } from './child-list.js';
import { ChunkLocation, nextChunkLocation } from './chunk-location.js';
import { CryptreeNode } from './cryptree-node.js';
import { openFileData } from './file-data.js';
import { FileProperties } from './file-properties.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { openNode } from './open-node.js';
import { RelativeCapability } from './relative-capability.js';
import { type DirectoryChunkParts, type FileChunkParts, sealDirectoryChunk, sealFileChunk } from './seal-node.js';

const crypto = await loadCrypto();
const key = (hex: string): SymmetricKey => SymmetricKey.of(fromHex(hex));
const bat = (hex: string): Bat => Bat.of(fromHex(hex));
const location = ({ mapKey, bat: secret }: { mapKey: string; bat: string }): ChunkLocation =>
  ChunkLocation.of(fromHex(mapKey), bat(secret));
const mirrorBatId = bat(batVectors.mirror.secret).mirrorId(crypto);
const parentLink = RelativeCapability.of({ ...location(v.parentLink), key: key(v.parentLink.key) });
const fileProperties = FileProperties.decode(fromHex(propertyVectors.file.cbor));

const fileParts: FileChunkParts = {
  rBaseKey: key(v.file.rBaseKey),
  dataKey: key(v.file.dataKey),
  properties: fileProperties,
  parentLink,
  bat: bat(v.file.bat),
  next: location(v.file.next),
  mirrorBatId,
  data: fromHex(v.file.content),
};
const directoryParts: DirectoryChunkParts = {
  rBaseKey: key(v.directory.rBaseKey),
  parentKey: key(v.directory.parentKey),
  properties: fileProperties.with({ name: v.directory.name, isDirectory: true, mimeType: '', size: 0, streamSecret: undefined }),
  parentLink,
  bat: bat(v.directory.bat),
  next: location(v.directory.next),
  mirrorBatId,
  children: [],
};
const capability = (rBaseKey: SymmetricKey): AbsoluteCapability =>
  AbsoluteCapability.of({ owner: keyHashOf(0x11), writer: keyHashOf(0x22), mapKey: fromHex(v.file.mapKey), rBaseKey });

describe('vectors', () => {
  test('a file', async () => {
    const { node, fragments } = sealFileChunk(withNonces(crypto, 0xa0, 0xa1, 0xa2), fileParts);
    expect(fragments).toEqual([]);
    expect(toHex(node.base.encode())).toBe(v.file.base);
    expect(toHex(node.parent.encode())).toBe(v.file.parent);
    expect(node.data.encode().length).toBe(v.file.dataSize);
    expect(toHex(crypto.sha256(node.data.encode()))).toBe(v.file.dataSha256);
    const { cid, bytes } = node.toBlock(crypto);
    expect(bytes.length).toBe(v.file.size);
    expect(toHex(crypto.sha256(bytes))).toBe(v.file.sha256);
    expect(String(cid)).toBe(v.file.cid);

    const read = CryptreeNode.decode(bytes);
    expect(read.equals(node)).toBe(true);
    const opened = openNode(crypto, read, capability(fileParts.rBaseKey));
    expect(opened).toMatchObject({ kind: 'file', isReadable: true, isDirty: false, isDirectory: false });
    expect(opened.properties.equals(fileProperties)).toBe(true);
    expect(opened.parentLink?.equals(parentLink)).toBe(true);
    expect(opened.dataKey?.equals(fileParts.dataKey)).toBe(true);
    expect(opened.parentKey.equals(fileParts.rBaseKey)).toBe(true);
    expect(opened.next?.location.equals(fileParts.next)).toBe(true);
    expect(opened.next?.key.equals(fileParts.rBaseKey)).toBe(true);
    expect(toHex(await openFileData(crypto, read, fileParts.dataKey, readerOf()))).toBe(v.file.content);
    await expect(openFileData(crypto, read, fileParts.rBaseKey, readerOf())).rejects.toMatchObject({ code: 'crypto.authentication' });
  });

  test('the sections of the file before encryption', () => {
    for (const [sealed, plaintext] of [
      [v.file.base, v.file.basePlaintext],
      [v.file.parent, v.file.parentPlaintext],
    ] as const) {
      const [nonce, boxed] = decodeCbor(fromHex(sealed)) as readonly Uint8Array[];
      const padded = crypto.secretboxOpen(boxed ?? new Uint8Array(), nonce ?? new Uint8Array(), fileParts.rBaseKey.bytes);
      expect(toHex(padded).replace(/(00)+$/, '')).toBe(plaintext);
      expect(toHex(encodeCbor(plaintextItem(padded)))).toBe(plaintext);
    }
  });

  test('the next location of the file follows from its stream secret', () => {
    const here = ChunkLocation.of(fromHex(v.file.mapKey), fileParts.bat);
    expect(nextChunkLocation(crypto, fileProperties.streamSecret ?? new Uint8Array(), here).equals(fileParts.next)).toBe(true);
  });

  test('an empty directory, opened with either key', async () => {
    const { node, fragments } = sealDirectoryChunk(withNonces(crypto, 0xa0, 0xa1, 0xa2), directoryParts);
    expect(fragments).toEqual([]);
    expect(toHex(node.base.encode())).toBe(v.directory.base);
    expect(toHex(node.parent.encode())).toBe(v.directory.parent);
    const { cid, bytes } = node.toBlock(crypto);
    expect(bytes.length).toBe(v.directory.size);
    expect(toHex(crypto.sha256(bytes))).toBe(v.directory.sha256);
    expect(String(cid)).toBe(v.directory.cid);

    const read = CryptreeNode.decode(bytes);
    const opened = openNode(crypto, read, capability(directoryParts.rBaseKey));
    expect(opened).toMatchObject({ kind: 'directory', isReadable: true, dataKey: undefined, isDirty: false });
    expect(opened.parentKey.equals(directoryParts.parentKey)).toBe(true);
    expect(opened.properties.equals(directoryParts.properties)).toBe(true);
    expect(opened.next?.location.equals(directoryParts.next)).toBe(true);
    expect(await openChildren(crypto, read, directoryParts.rBaseKey, readerOf())).toEqual([]);

    const fromBelow = openNode(crypto, read, capability(directoryParts.parentKey));
    expect(fromBelow).toMatchObject({ kind: 'directory', isReadable: false, base: undefined, next: undefined });
    expect(fromBelow.properties.equals(directoryParts.properties)).toBe(true);
    expect(fromBelow.parentKey.equals(directoryParts.parentKey)).toBe(true);
    await expect(openChildren(crypto, read, directoryParts.parentKey, readerOf())).rejects.toMatchObject({ code: 'crypto.authentication' });
  });
});

describe('BAT ids', () => {
  const idsOf = (node: CryptreeNode): readonly string[] => node.batIds.map((id: BatId) => id.format());
  const own = bat(v.file.bat).inlineId().format();
  const mirror = mirrorBatId.format();

  test('are those of the chunk and the mirror', () => {
    expect(idsOf(sealFileChunk(crypto, fileParts).node)).toEqual([own, mirror]);
    expect(sealFileChunk(crypto, fileParts).node.mirrorBatId?.equals(mirrorBatId)).toBe(true);
    const without = sealFileChunk(crypto, { ...fileParts, mirrorBatId: undefined }).node;
    expect(idsOf(without)).toEqual([own]);
    expect(without.mirrorBatId).toBeUndefined();
  });

  test('of legacy items: a file has none, a directory only that of the mirror', () => {
    expect(idsOf(sealFileChunk(crypto, { ...fileParts, bat: undefined }).node)).toEqual([]);
    expect(idsOf(sealDirectoryChunk(crypto, { ...directoryParts, bat: undefined }).node)).toEqual([mirror]);
    expect(idsOf(sealDirectoryChunk(crypto, { ...directoryParts, bat: undefined, mirrorBatId: undefined }).node)).toEqual([]);
    const legacy = sealFileChunk(crypto, { ...fileParts, bat: undefined }).node;
    expect((decodeCbor(legacy.encode()) as CborMap).has('bats')).toBe(false);
    expect(CryptreeNode.decode(legacy.encode()).equals(legacy)).toBe(true);
  });

  test('new fragments of a legacy file have BATs', () => {
    const { fragments } = sealFileChunk(crypto, { ...fileParts, bat: undefined, data: new Uint8Array(5000) });
    expect(fragments.map((fragment) => fragment.bat.bat.secret.length)).toEqual([32]);
  });

  test('of a mirror must not be inline', () => {
    expect(() => sealFileChunk(crypto, { ...fileParts, mirrorBatId: bat(v.file.bat).inlineId() })).toThrow(ArgumentError);
  });

  test(`are at most ${MAX_BLOCK_BATS}`, () => {
    const { node } = sealFileChunk(crypto, fileParts);
    const ids = Array.from({ length: MAX_BLOCK_BATS }, () => mirrorBatId);
    const most = node.with({ batIds: ids });
    expect(CryptreeNode.decode(most.encode()).equals(most)).toBe(true);
    expect(() => node.with({ batIds: [...ids, mirrorBatId] })).toThrow(LimitError);
    const tooMany = altered(most.toCbor(), { bats: [...ids, mirrorBatId].map((id) => id.toCbor()) });
    expect(() => CryptreeNode.fromCbor(tooMany)).toThrow(FormatError);
  });
});

describe('sizes (chapter 04 section 27)', () => {
  test.each([0, 4000, 4093, 4096, 4099, 1024 * 1024 - 3, 1024 * 1024, 1024 * 1024 + 3, MAX_CHUNK_SIZE - 4, MAX_CHUNK_SIZE])(
    '%d bytes',
    async (length) => {
      const data = new Uint8Array(length).fill(7);
      const { node, fragments } = sealFileChunk(crypto, { ...fileParts, data });
      expect(fragments.length).toBe(length <= 4099 ? 0 : Math.ceil(length / (1024 * 1024)));
      expect(fragments.length).toBeLessThanOrEqual(5);
      for (const { bytes } of fragments) expect((bytes.length - 85) % 4096).toBe(0);
      const read = await openFileData(crypto, CryptreeNode.decode(node.encode()), fileParts.dataKey, readerOf(fragments));
      expect(toHex(crypto.sha256(read))).toBe(toHex(crypto.sha256(data)));
      expect(node.encode().length).toBeLessThan(6000);
    },
  );

  test('an empty file and an empty directory look the same', () => {
    const file = decodeCbor(sealFileChunk(crypto, { ...fileParts, data: new Uint8Array() }).node.data.encode()) as CborMap;
    const directory = decodeCbor(sealDirectoryChunk(crypto, directoryParts).node.data.encode()) as CborMap;
    expect([...file.keys()]).toEqual([...directory.keys()]);
    expect(encodeCbor(file).length).toBe(encodeCbor(directory).length);
  });

  test('a full directory with the longest names is a small block', async () => {
    const child = (i: number): ChildEntry =>
      ChildEntry.of(
        NamedRelativeCapability.of(RelativeCapability.of({ ...location(v.directory.next), key: keyOf(1) }), {
          name: `${i}${'\uffff'.repeat(250)}`,
          mimeType: 'x'.repeat(200),
        }),
      );
    const children = Array.from({ length: MAX_CHILDREN_PER_CHUNK }, (_, i) => child(i));
    const { node, fragments } = sealDirectoryChunk(crypto, { ...directoryParts, children });
    expect(node.encode().length).toBeLessThan(3000);
    const read = await openChildren(crypto, node, directoryParts.rBaseKey, readerOf(fragments));
    expect(read.map(({ name }) => name)).toEqual(children.map(({ name }) => name));
    // What somebody else has overfilled can be written again.
    const overfull = sealDirectoryChunk(crypto, { ...directoryParts, children: [...children, child(500)] });
    expect(await openChildren(crypto, overfull.node, directoryParts.rBaseKey, readerOf(overfull.fragments))).toHaveLength(501);
  });
});

describe('rules for writers', () => {
  test('data key and read key of a file differ, as do parent key and read key of a directory', () => {
    expect(() => sealFileChunk(crypto, { ...fileParts, dataKey: fileParts.rBaseKey })).toThrow(ArgumentError);
    expect(() => sealDirectoryChunk(crypto, { ...directoryParts, parentKey: directoryParts.rBaseKey })).toThrow(ArgumentError);
  });

  test('the properties are of the right kind', () => {
    expect(() => sealFileChunk(crypto, { ...fileParts, properties: directoryParts.properties })).toThrow(ArgumentError);
    expect(() => sealFileChunk(crypto, { ...fileParts, properties: fileProperties.with({ isLink: true }) })).toThrow(ArgumentError);
    expect(() => sealDirectoryChunk(crypto, { ...directoryParts, properties: fileProperties })).toThrow(ArgumentError);
  });

  test('a chunk has at most 5 MiB', () => {
    expect(() => sealFileChunk(crypto, { ...fileParts, data: new Uint8Array(MAX_CHUNK_SIZE + 1) })).toThrow(LimitError);
  });

  test('a data section can be taken over', async () => {
    const { node, fragments } = sealFileChunk(crypto, { ...fileParts, data: new Uint8Array(5000).fill(1) });
    const again = sealFileChunk(crypto, { ...fileParts, bat: undefined, data: { container: node.data, blocks: [] } });
    expect(again.fragments).toEqual([]);
    expect(again.node.data.equals(node.data)).toBe(true);
    expect((await openFileData(crypto, again.node, fileParts.dataKey, readerOf(fragments))).length).toBe(5000);
  });
});

describe('blocks that are none', () => {
  const cbor = sealFileChunk(crypto, fileParts).node.toCbor();
  const bad: readonly (readonly [string, CborValue])[] = [
    ['a list', [cbor]],
    ['no version', altered(cbor, { v: undefined })],
    ['another version', altered(cbor, { v: 2 })],
    ['a version of 64 bits', altered(cbor, { v: 2n ** 60n })],
    ['no base section', altered(cbor, { b: undefined })],
    ['a short nonce', altered(cbor, { b: [new Uint8Array(23), new Uint8Array(40)] })],
    ['a section that is too short', altered(cbor, { p: [new Uint8Array(24), new Uint8Array(15)] })],
    ['no data', altered(cbor, { d: undefined })],
    ['data without fragments', altered(cbor, { d: altered((cbor as CborMap).get('d') ?? 0, { f: [] }) })],
    ['BATs that are none', altered(cbor, { bats: [1] })],
    ['null for BATs', altered(cbor, { bats: null })],
  ];
  test.each(bad)('%s', (_what, value) => {
    expect(() => CryptreeNode.fromCbor(value)).toThrow(FormatError);
  });

  test('trailing bytes', () => {
    expect(() => CryptreeNode.decode(Uint8Array.from([...encodeCbor(cbor), 0]))).toThrow(FormatError);
  });

  test('a block that would be too large is not written', () => {
    const { node } = sealFileChunk(crypto, fileParts);
    const huge = fileProperties.with({ mimeType: 'x'.repeat(1_100_000) });
    const { node: large } = sealFileChunk(crypto, { ...fileParts, properties: huge });
    expect(() => large.encode()).toThrow(LimitError);
    expect(() => large.toBlock(crypto)).toThrow(LimitError);
    expect(() => node.encode()).not.toThrow(PyrgosError);
  });
});
