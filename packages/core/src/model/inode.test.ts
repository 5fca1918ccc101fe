import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_INODE_NAME_LENGTH } from '../limits.js';
import v from '../../../../vectors/03/inodes.json' with { type: 'json' };
import { AbsoluteCapability } from './absolute-capability.js';
import { DirectoryInode } from './directory-inode.js';
import { Inode, InodeCap, parseInodePath } from './inode.js';
import { InodeFileSystem } from './inode-filesystem.js';
import { MemoryBlocks } from './memory-blocks.js';

const crypto = await loadCrypto();
const blocks = new MemoryBlocks(crypto);
const owner = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const environment = { hasher: crypto, source: blocks, sink: blocks, context: { owner } };

test('the root inode', () => {
  expect(toHex(Inode.root.encode())).toBe(v.rootInode);
  expect(Inode.decode(fromHex(v.rootInode)).equals(Inode.root)).toBe(true);
});

test('the capability of the vectors', () => {
  const capability = AbsoluteCapability.decode(fromHex(v.capability));
  expect(toHex(capability.encode())).toBe(v.capability);
  expect(capability.owner.equals(owner)).toBe(true);
  expect(capability.rBaseKey.equals(SymmetricKey.of(new Uint8Array(32).fill(4)))).toBe(true);
});

test.each(v.invalid)('refuses $format: $reason', ({ format, cbor }) => {
  const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
    Inode: (bytes) => Inode.decode(bytes),
    InodeCap: (bytes) => InodeCap.decode(bytes),
    AbsoluteCapability: (bytes) => AbsoluteCapability.decode(bytes),
    InodeFileSystem: (bytes) => InodeFileSystem.fromCbor(environment, decodeCbor(bytes)),
    DirectoryInode: (bytes) => DirectoryInode.fromCbor(environment, decodeCbor(bytes)),
  };
  expect(() => decoders[format]?.(fromHex(cbor))).toThrow(FormatError);
});

describe('names', () => {
  test('up to 255 UTF-16 units, not bytes', () => {
    for (const name of ['a'.repeat(MAX_INODE_NAME_LENGTH), 'é'.repeat(MAX_INODE_NAME_LENGTH), `${'\u{1f600}'.repeat(127)}x`]) {
      expect(Inode.decode(Inode.of(1, name).encode()).name).toBe(name);
    }
    expect(() => Inode.of(1, 'a'.repeat(MAX_INODE_NAME_LENGTH + 1))).toThrow(ArgumentError);
    expect(() => Inode.of(1, '\u{1f600}'.repeat(128))).toThrow(ArgumentError);
  });

  test.each(['a/b', '/', '\ud800', 7 as never])('%j is none', (name) => {
    expect(() => Inode.of(1, name)).toThrow(ArgumentError);
  });

  test('numbers are not negative', () => {
    expect(() => Inode.of(-1, 'a')).toThrow(ArgumentError);
    expect(Inode.of(1, 'a').equals(Inode.of(2, 'a'))).toBe(false);
    expect(Inode.of(1, 'a').equals(Inode.of(1, 'b'))).toBe(false);
  });
});

test('a writable capability is never published', () => {
  const readOnly = AbsoluteCapability.decode(fromHex(v.capability));
  const writable = AbsoluteCapability.of({ ...readOnly, wBaseKey: SymmetricKey.of(new Uint8Array(32)) });
  expect(() => InodeCap.of(Inode.of(1, 'a'), writable)).toThrow(ArgumentError);
  expect(InodeCap.of(Inode.of(1, 'a'), writable.toReadOnly()).equals(InodeCap.of(Inode.of(1, 'a'), readOnly))).toBe(true);
});

describe('paths', () => {
  test.each([
    ['alice/photos/a.jpg', ['alice', 'photos', 'a.jpg']],
    ['/alice/photos', ['alice', 'photos']],
    ['\\alice\\photos\\', ['alice', 'photos']],
    ['alice/photos///', ['alice', 'photos']],
    ['alice', ['alice']],
    ['', []],
    ['/', []],
    ['alice/ /..', ['alice', ' ', '..']],
  ])('%j', (path, elements) => {
    expect(parseInodePath(path)).toEqual(elements);
  });

  test.each(['alice//photos', '//alice', `alice/${'x'.repeat(256)}`, 'alice/\ud800', 5 as never])('%j is refused', (path) => {
    expect(() => parseInodePath(path)).toThrow(ArgumentError);
  });
});
