import fc from 'fast-check';
import { arbitraryCbor, hostileKeys } from '@pyrgos/testkit/arbitraries';
import { describe, expect, test } from 'vitest';
import { altered, batOf, filled, keyHashOf, keyOf, readerOf } from '../../../test/cryptree-values.js';
import { toHex } from '../../bytes.js';
import { encodeCbor } from '../../codec/cbor-encode.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { chunkMemory, FragmentedPaddedCipherText } from '../../containers/fragmented-cipher-text.js';
import { loadCrypto } from '../../crypto/index.js';
import { createCryptoPool, createInlinePool } from '../../crypto/pool/index.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../../errors.js';
import { MAX_CHUNK_SIZE } from '../../limits.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { ChildEntry, childrenToCbor, openChildren, parseChildren } from './child-list.js';
import { ChunkLocation } from './chunk-location.js';
import { fitChunk, openFileData, parseFileData } from './file-data.js';
import { FileProperties } from './file-properties.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { RelativeCapability } from './relative-capability.js';
import { ResumeUploadProps } from './resume-upload-props.js';
import { sealDirectoryChunk, sealFileChunk } from './seal-node.js';
import { Timestamp } from './timestamp.js';

const crypto = await loadCrypto();
const parent = AbsoluteCapability.of({
  owner: keyHashOf(1),
  writer: keyHashOf(2),
  mapKey: filled(3),
  rBaseKey: keyOf(4),
  wBaseKey: keyOf(5),
});
const child = AbsoluteCapability.of({ ...parent, mapKey: filled(6), bat: batOf(7), rBaseKey: keyOf(8), wBaseKey: keyOf(9) });
const link = RelativeCapability.relativise(crypto, parent, child);
const named = (name: string): NamedRelativeCapability => NamedRelativeCapability.of(link, { name });

/** Whether a byte string in `value`, at any depth, contains `bytes`. */
function containsBytes(value: unknown, bytes: Uint8Array): boolean {
  if (value instanceof Uint8Array) return toHex(value).includes(toHex(bytes));
  if (value instanceof Map) return [...value.values()].some((part) => containsBytes(part, bytes));
  return typeof value === 'object' && value !== null && Reflect.ownKeys(value).some((key) => containsBytes(Reflect.get(value, key), bytes));
}

describe('child lists', () => {
  test('survive byte for byte, with what the reader does not know', () => {
    const list: CborValue = [altered(named('a').toCbor(), { future: [1, null] }), named('b').toCbor()];
    const read = parseChildren(list);
    expect(read.map(({ name, error }) => [name, error])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    expect(toHex(encodeCbor(childrenToCbor(read)))).toBe(toHex(encodeCbor(list)));
  });

  test('give no key to what copies own properties', () => {
    const entries = [ChildEntry.of(named('a')), ...parseChildren([named('b').toCbor()])];
    const resume = ResumeUploadProps.of({
      rBaseKey: keyOf(1),
      dataKey: keyOf(2),
      wBaseKey: keyOf(3),
      first: ChunkLocation.of(filled(4)),
      streamSecret: filled(8),
    });
    const properties = FileProperties.of({
      name: 'f',
      isDirectory: false,
      mimeType: '',
      size: 0,
      modified: Timestamp.of(1, 0),
      streamSecret: filled(8),
    });
    for (const value of [...entries, resume, properties]) {
      for (const copy of [structuredClone(value), { ...value }]) expect(containsBytes(copy, keyOf(8).bytes)).toBe(false);
    }
    expect(toHex(properties.with({ size: 1 }).streamSecret ?? new Uint8Array())).toBe(toHex(filled(8)));
  });

  test('of legacy directories have no names', () => {
    const [entry] = parseChildren([link.toCbor()]);
    expect(entry).toMatchObject({ name: undefined, error: undefined });
    expect(entry?.link?.toAbsolute(crypto, parent).equals(child)).toBe(true);
  });

  test('with a malformed element keep its siblings, wherever it is', () => {
    const bad: readonly CborValue[] = [
      1,
      null,
      [],
      new Map(),
      altered(named('x').toCbor(), { n: 'a/b' }),
      altered(named('x').toCbor(), { n: '..' }),
      altered(named('x').toCbor(), { n: null }),
      altered(named('x').toCbor(), { k: undefined }),
      altered(named('x').toCbor(), { m: new Uint8Array(31) }),
    ];
    for (const element of bad) {
      for (const list of [
        [element, named('a').toCbor()],
        [named('a').toCbor(), element],
      ]) {
        const read = parseChildren(list);
        expect(read.map(({ name }) => name).filter((name) => name !== undefined)).toEqual(['a']);
        const broken = read.find(({ error }) => error !== undefined);
        expect(broken?.error).toBeInstanceOf(PyrgosError);
        expect(broken?.link).toBeUndefined();
        expect(toHex(encodeCbor(childrenToCbor(read)))).toBe(toHex(encodeCbor(list)));
      }
    }
  });

  test('may have any legal name', () => {
    const names = hostileKeys.filter((name) => name !== '');
    expect(parseChildren(names.map((name) => named(name).toCbor())).map(({ name }) => name)).toEqual(names);
  });

  test('that are none are typed errors', () => {
    for (const value of [null, 1, 'x', new Uint8Array(), new Map()]) expect(() => parseChildren(value)).toThrow(FormatError);
    expect(() => childrenToCbor([named('a') as unknown as ChildEntry])).toThrow(ArgumentError);
  });

  test('of anything give entries or a typed error', () => {
    fc.assert(
      fc.property(arbitraryCbor(), (value) => {
        try {
          const read = parseChildren(value);
          expect(toHex(encodeCbor(childrenToCbor(read)))).toBe(toHex(encodeCbor(value)));
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }),
    );
  });
});

const modified = Timestamp.of(1);
const common = { rBaseKey: parent.rBaseKey, bat: batOf(1), next: ChunkLocation.of(filled(2), batOf(3)) };

describe('with a pool', () => {
  const file = FileProperties.of({ name: 'f', isDirectory: false, mimeType: '', size: MAX_CHUNK_SIZE, modified, streamSecret: filled(1) });
  const directory = FileProperties.of({ name: 'd', isDirectory: true, mimeType: '', size: 0, modified });

  test.each(['inline', 'workers'])('%s', async (kind) => {
    const pool = kind === 'inline' ? createInlinePool(crypto) : createCryptoPool({ size: 1 });
    try {
      for (const size of [0, 5, 5000, MAX_CHUNK_SIZE]) {
        const data = new Uint8Array(size).fill(7);
        const mirrorBatId = batOf(5).mirrorId(crypto);
        const sealed = await FragmentedPaddedCipherText.sealInPool(crypto, pool, keyOf(0x77), data, { mirrorBatId });
        const { node, fragments } = sealFileChunk(crypto, { ...common, dataKey: keyOf(0x77), properties: file, data: sealed });
        const direct = FragmentedPaddedCipherText.seal(crypto, keyOf(0x77), data, mirrorBatId);
        expect(fragments.map(({ bytes }) => bytes.length)).toEqual(direct.blocks.map(({ bytes }) => bytes.length));
        for (const { cid, bytes } of fragments) expect(toHex(cid.multihash.digest)).toBe(toHex(crypto.sha256(bytes)));
        expect(data.length).toBe(size);
        const read = await openFileData(pool, node, keyOf(0x77), readerOf(fragments));
        expect(toHex(crypto.sha256(read))).toBe(toHex(crypto.sha256(data)));
        await expect(openFileData(pool, node, keyOf(1), readerOf(fragments))).rejects.toMatchObject({ code: 'crypto.authentication' });
      }
      const children = Array.from({ length: 100 }, (_, i) => ChildEntry.of(named(`c${i}`)));
      const { node, fragments } = sealDirectoryChunk(crypto, { ...common, parentKey: keyOf(0x88), properties: directory, children });
      expect((await openChildren(pool, node, common.rBaseKey, readerOf(fragments))).length).toBe(100);
    } finally {
      await pool.close();
    }
  });

  test.each(['inline', 'workers'])('a full chunk in memory for it is encrypted where it is: %s', async (kind) => {
    const pool = kind === 'inline' ? createInlinePool(crypto) : createCryptoPool({ size: 1 });
    try {
      const data = chunkMemory().fill(7);
      const leaf = crypto.sha256(data);
      const size = data.buffer.byteLength;
      const options = { mirrorBatId: batOf(5).mirrorId(crypto), consume: true, hashData: true };
      const sealed = await FragmentedPaddedCipherText.sealInPool(crypto, pool, keyOf(0x77), data, options);
      expect(toHex(sealed.dataDigest ?? new Uint8Array())).toBe(toHex(leaf));
      for (const { bytes } of sealed.blocks) expect(bytes.buffer.byteLength).toBe(size);
      const { node, fragments } = sealFileChunk(crypto, { ...common, dataKey: keyOf(0x77), properties: file, data: sealed });
      const read = await openFileData(pool, node, keyOf(0x77), readerOf(fragments));
      expect(toHex(crypto.sha256(read))).toBe(toHex(leaf));
    } finally {
      await pool.close();
    }
  });

  test('is refused what does not fit, and can be cancelled', async () => {
    const pool = createInlinePool(crypto);
    const large = new Uint8Array(MAX_CHUNK_SIZE + 1);
    await expect(FragmentedPaddedCipherText.sealInPool(crypto, pool, keyOf(1), large)).rejects.toBeInstanceOf(LimitError);
    const signal = AbortSignal.abort();
    await expect(FragmentedPaddedCipherText.sealInPool(crypto, pool, keyOf(1), 'x', { signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('file data', () => {
  test('is cut and filled to what the file needs', () => {
    expect(fitChunk(Uint8Array.of(1, 2, 3), 2, 0)).toEqual(Uint8Array.of(1, 2));
    expect(fitChunk(Uint8Array.of(1, 2, 3), 5, 0)).toEqual(Uint8Array.of(1, 2, 3, 0, 0));
    expect(fitChunk(new Uint8Array(MAX_CHUNK_SIZE), MAX_CHUNK_SIZE + 3, 1).length).toBe(3);
    expect(fitChunk(Uint8Array.of(1), 5, 1).length).toBe(0);
    expect(fitChunk(new Uint8Array(), 0, 0).length).toBe(0);
  });

  test('that is none is a typed error', () => {
    for (const value of [null, 1, 'x', [], new Map()]) expect(() => parseFileData(value)).toThrow(FormatError);
  });
});

test('entries print as nothing', () => {
  const entry = ChildEntry.of(named('hush'));
  expect(`${String(entry)}${JSON.stringify(entry)}`).toBe('ChildEntry(redacted)"ChildEntry(redacted)"');
});
