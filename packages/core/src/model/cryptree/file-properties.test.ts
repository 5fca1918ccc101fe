import { describe, expect, test } from 'vitest';
import v from '../../../../../vectors/04/file-properties.json' with { type: 'json' };
import { altered, filled } from '../../../test/cryptree-values.js';
import { fromHex, toHex } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import type { CborValue } from '../../codec/cbor-value.js';
import { HashTree } from '../../containers/hash-tree.js';
import { loadCrypto } from '../../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../../errors.js';
import { MAX_FILE_NAME_LENGTH, MAX_FILE_SIZE, MAX_THUMBNAIL_SIZE } from '../../limits.js';
import { assertLegalName, isLegalName } from './file-name.js';
import { FileProperties } from './file-properties.js';
import { Thumbnail } from './thumbnail.js';
import { Timestamp } from './timestamp.js';

const crypto = await loadCrypto();
const { name, mimeType, size, seconds, nanoseconds, streamSecret } = v.file;
const modified = Timestamp.of(seconds, nanoseconds);
const file = FileProperties.of({ name, isDirectory: false, mimeType, size, modified, streamSecret: fromHex(streamSecret) });
const directory = FileProperties.of({ name: 'docs', isDirectory: true, mimeType: '', size: 0, modified });
const tree = HashTree.build(crypto, crypto.sha256(new Uint8Array(5)));

describe('vectors', () => {
  test('a file', () => {
    expect(toHex(file.encode())).toBe(v.file.cbor);
    expect(FileProperties.decode(fromHex(v.file.cbor)).equals(file)).toBe(true);
  });

  test('later chunks of a directory: their time is below -2^53', () => {
    expect(toHex(FileProperties.SUBSEQUENT_CHUNK.encode())).toBe(v.subsequentChunk.cbor);
    const read = FileProperties.decode(fromHex(v.subsequentChunk.cbor));
    expect(read.equals(FileProperties.SUBSEQUENT_CHUNK)).toBe(true);
    expect(toHex(read.encode())).toBe(v.subsequentChunk.cbor);
  });
});

test('everything survives', () => {
  const full = file.with({
    thumbnail: Thumbnail.of('image/webp', filled(3, 100)),
    treeHash: tree.branch(0),
    isHidden: true,
    isLink: true,
    created: Timestamp.of(-5, 6),
    size: MAX_FILE_SIZE,
  });
  const read = FileProperties.decode(full.encode());
  expect(read.equals(full)).toBe(true);
  expect(toHex(read.encode())).toBe(toHex(full.encode()));
});

test('legacy properties have defaults', () => {
  const minimal = new Map<string, CborValue>([
    ['n', 'a'],
    ['m', 'x/y'],
    ['s', 3],
    ['t', 9],
    ['i', filled(1, 4)],
  ]);
  const read = FileProperties.fromCbor(minimal);
  expect(read).toMatchObject({ isDirectory: false, isHidden: false, isLink: false, streamSecret: undefined, treeHash: undefined });
  expect(read.created.equals(Timestamp.of(9))).toBe(true);
  expect(read.thumbnail?.mimeType).toBe('image/png');
  // A type without an image is none.
  expect(FileProperties.fromCbor(altered(minimal, { i: undefined, im: 'image/webp' })).thumbnail).toBeUndefined();
  // The default of the creation time is whole seconds of the modification time.
  expect(FileProperties.fromCbor(altered(minimal, { tn: 7 })).created.equals(Timestamp.of(9))).toBe(true);
});

describe('with', () => {
  test('changes what it is told and keeps the rest', () => {
    const changed = file.with({ name: 'b', treeHash: tree.branch(0) });
    expect(changed.with({ name: 'a.txt', treeHash: undefined }).equals(file)).toBe(true);
    expect(changed.treeHash?.equals(tree.branch(0))).toBe(true);
    expect(file.with({}).equals(file)).toBe(true);
    expect(file.with({ size: 0, isHidden: true })).toMatchObject({ size: 0, isHidden: true, mimeType });
  });

  test('removes optional parts', () => {
    const full = file.with({ thumbnail: Thumbnail.of('image/png', filled(1, 2)) });
    expect(full.with({ thumbnail: undefined, streamSecret: undefined })).toMatchObject({ thumbnail: undefined, streamSecret: undefined });
  });
});

test('equality looks at every part', () => {
  const variants = [
    file,
    directory,
    ...[
      { name: 'b' },
      { isHidden: true },
      { isLink: true },
      { mimeType: 'a/b' },
      { size: 6 },
      { modified: Timestamp.of(1) },
      { created: Timestamp.of(1) },
      { thumbnail: Thumbnail.of('image/a', filled(1, 1)) },
      { thumbnail: Thumbnail.of('image/b', filled(1, 1)) },
      { streamSecret: filled(9) },
      { streamSecret: undefined },
      { treeHash: tree.branch(0) },
    ].map((changes) => file.with(changes)),
  ];
  for (const [i, a] of variants.entries()) for (const [j, b] of variants.entries()) expect(a.equals(b), `${i} ${j}`).toBe(i === j);
  expect(file.equals(undefined)).toBe(false);
});

describe('what may not exist', () => {
  const cbor = decodeCbor(file.encode());
  const bad: readonly (readonly [string, Readonly<Record<string, CborValue | undefined>>])[] = [
    ['an empty name', { n: '' }],
    ['a dot', { n: '.' }],
    ['two dots', { n: '..' }],
    ['a slash', { n: 'a/b' }],
    ['a long name', { n: 'x'.repeat(256) }],
    ['no name', { n: undefined }],
    ['a name that is none', { n: 1 }],
    ['a directory with a stream secret', { d: true }],
    ['a short stream secret', { p: filled(1, 31) }],
    ['a large thumbnail', { i: new Uint8Array(MAX_THUMBNAIL_SIZE + 1) }],
    ['a negative size', { s: -1 }],
    ['a size beyond the hash tree', { s: MAX_FILE_SIZE + 1 }],
    ['a size of 64 bits', { s: 2n ** 62n }],
    ['no size', { s: undefined }],
    ['no type', { m: undefined }],
    ['no time', { t: undefined }],
    ['a time that is none', { t: 'now' }],
    ['too many nanoseconds', { tn: 1_000_000_000 }],
    ['negative nanoseconds', { cn: -1 }],
    ['null for a part that is absent', { th: null }],
    ['a branch without a root', { th: new Map() }],
  ];
  test.each(bad)('%s', (_what, changes) => {
    expect(() => FileProperties.fromCbor(altered(cbor, changes))).toThrow(FormatError);
  });

  test('neither as arguments', () => {
    const parts = { name: 'a', isDirectory: false, mimeType: '', size: 0, modified };
    for (const illegal of ['', '.', '..', 'a/b', '\ud800', 5 as unknown as string]) {
      expect(() => FileProperties.of({ ...parts, name: illegal })).toThrow(ArgumentError);
    }
    expect(() => FileProperties.of({ ...parts, name: 'x'.repeat(256) })).toThrow(LimitError);
    expect(() => FileProperties.of({ ...parts, isDirectory: true, streamSecret: filled(1) })).toThrow(ArgumentError);
    expect(() => FileProperties.of({ ...parts, streamSecret: filled(1, 31) })).toThrow(ArgumentError);
    expect(() => FileProperties.of({ ...parts, size: MAX_FILE_SIZE + 1 })).toThrow(ArgumentError);
    expect(() => FileProperties.of({ ...parts, size: -1 })).toThrow(ArgumentError);
    expect(() => FileProperties.of({ ...parts, mimeType: '\ud800' })).toThrow(ArgumentError);
  });
});

test('MAX_THUMBNAIL_SIZE', () => {
  expect(Thumbnail.of('image/png', new Uint8Array(MAX_THUMBNAIL_SIZE)).bytes.length).toBe(MAX_THUMBNAIL_SIZE);
  expect(() => Thumbnail.of('image/png', new Uint8Array(MAX_THUMBNAIL_SIZE + 1))).toThrow(LimitError);
  const largest = file.with({ thumbnail: Thumbnail.of('image/png', new Uint8Array(MAX_THUMBNAIL_SIZE)) });
  expect(FileProperties.decode(largest.encode()).equals(largest)).toBe(true);
});

test('MAX_FILE_NAME_LENGTH counts UTF-16 code units', () => {
  const longest = '\u{1f600}'.repeat(127) + 'x';
  expect(longest.length).toBe(MAX_FILE_NAME_LENGTH);
  expect(isLegalName(longest)).toBe(true);
  expect(() => assertLegalName(longest)).not.toThrow();
  expect(isLegalName(`${longest}x`)).toBe(false);
  expect(() => assertLegalName(`${longest}x`)).toThrow(LimitError);
  expect(isLegalName(5 as unknown as string)).toBe(false);
});

test('properties print as nothing: they hold the stream secret', () => {
  expect(`${String(file)}${JSON.stringify(file)}`).not.toMatch(/a\.txt|0102/);
});

test('a new thumbnail is an image; one that somebody has stored is what they say', () => {
  for (const type of ['text/plain', 'image', 'image/', 'a', '', 'image/png; x=1', 'image/p ng']) {
    expect(() => Thumbnail.of(type, filled(1, 1))).toThrow(ArgumentError);
  }
  expect(Thumbnail.of('image/svg+xml', filled(1, 1)).mimeType).toBe('image/svg+xml');
  const stored = file.with({ thumbnail: Thumbnail.stored('text/plain', filled(1, 1)) });
  expect(FileProperties.decode(stored.encode()).thumbnail?.mimeType).toBe('text/plain');
});
