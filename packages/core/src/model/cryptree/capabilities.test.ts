import { scriptedRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import v from '../../../../../vectors/04/capabilities.json' with { type: 'json' };
import { altered, filled, keyHashOf, keyOf, withNonces } from '../../../test/cryptree-values.js';
import { fromHex, toHex } from '../../bytes.js';
import { Cid, CidCodec } from '../../codec/cid.js';
import { SymmetricLink } from '../../containers/symmetric-link.js';
import { loadCrypto } from '../../crypto/index.js';
import { withRandomSource } from '../../crypto/provider.js';
import { ArgumentError, CryptoError, FormatError, LimitError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { AbsoluteCapability } from '../absolute-capability.js';
import { formatCapabilityLink, parseCapabilityLink } from '../capability-link.js';
import { EntryPoint } from '../user-static-data.js';
import { CapabilityWithPath } from './capability-with-path.js';
import { ChunkLocation } from './chunk-location.js';
import { Location } from './location.js';
import { NamedAbsoluteCapability } from './named-absolute-capability.js';
import { NamedRelativeCapability } from './named-relative-capability.js';
import { RelativeCapability } from './relative-capability.js';
import { Timestamp } from './timestamp.js';

const crypto = await loadCrypto();
const keyHash = (hex: string): PublicKeyHash => PublicKeyHash.fromCid(Cid.ofSha256(fromHex(hex), CidCodec.dagCbor));
const symmetricKey = (hex: string, isDirty = false): SymmetricKey => SymmetricKey.of(fromHex(hex), isDirty);
const writable = AbsoluteCapability.of({
  owner: keyHash(v.ownerHash),
  writer: keyHash(v.writerHash),
  mapKey: fromHex(v.mapKey),
  bat: Bat.of(fromHex(v.bat)),
  rBaseKey: symmetricKey(v.rBaseKey),
  wBaseKey: symmetricKey(v.wBaseKey),
});
const parent = AbsoluteCapability.of({
  ...writable,
  mapKey: filled(9),
  rBaseKey: keyOf(8),
  wBaseKey: symmetricKey(v.namedRelative.parentWriteKey),
});

describe('vectors', () => {
  test('capabilities and their links', () => {
    for (const [capability, { cbor, link }] of [
      [writable, v.writable],
      [writable.toReadOnly(), v.readOnly],
    ] as const) {
      expect(toHex(capability.encode())).toBe(cbor);
      expect(AbsoluteCapability.decode(fromHex(cbor)).equals(capability)).toBe(true);
      expect(formatCapabilityLink(capability)).toBe(link);
      expect(parseCapabilityLink(link).equals(capability)).toBe(true);
    }
  });

  test('the null capability', () => {
    expect(toHex(AbsoluteCapability.null().encode())).toBe(v.null.cbor);
    expect(AbsoluteCapability.decode(fromHex(v.null.cbor)).isNull).toBe(true);
  });

  test('wrappers', () => {
    const entryPoint = EntryPoint.of(writable, v.entryPoint.ownerName);
    expect(toHex(entryPoint.encode())).toBe(v.entryPoint.cbor);
    const withPath = CapabilityWithPath.of(writable.toReadOnly(), v.capabilityWithPath.path);
    expect(toHex(withPath.encode())).toBe(v.capabilityWithPath.cbor);
    expect(CapabilityWithPath.decode(fromHex(v.capabilityWithPath.cbor)).equals(withPath)).toBe(true);
    const location = Location.ofCapability(writable);
    expect(toHex(location.encode())).toBe(v.location.cbor);
    expect(Location.decode(fromHex(v.location.cbor)).equals(location)).toBe(true);
    expect(Location.of(writable.owner, writable.writer, writable.mapKey).key).toBe(location.key);
  });

  test('the entry of a child', () => {
    const { name, isDirectory, mimeType, createdSeconds, cbor } = v.namedRelative;
    const link = RelativeCapability.relativise(withNonces(crypto, 0xa0), parent, writable);
    const entry = NamedRelativeCapability.of(link, { name, isDirectory, mimeType, created: Timestamp.of(createdSeconds, 5) });
    expect(toHex(entry.encode())).toBe(cbor);
    const read = NamedRelativeCapability.decode(fromHex(cbor));
    expect(read.equals(entry)).toBe(true);
    expect(read).toMatchObject({ name, isDirectory, mimeType, created: Timestamp.of(createdSeconds) });
    expect(read.toAbsolute(crypto, parent).equals(writable)).toBe(true);
    expect(read.toAbsolute(crypto, parent.toReadOnly()).equals(writable.toReadOnly())).toBe(true);
    // Whoever knows nothing of names reads it as a plain capability.
    expect(RelativeCapability.decode(fromHex(cbor)).equals(link)).toBe(true);
  });

  test('keys', () => {
    const link = SymmetricLink.create(withNonces(crypto, 0xa0), symmetricKey(v.symmetricLink.from), symmetricKey(v.symmetricLink.to));
    expect(toHex(link.encode())).toBe(v.symmetricLink.cbor);
    expect(link.encode().length).toBe(82);
    const dirty = symmetricKey(v.dirtyKey.key, true);
    expect(toHex(dirty.encode())).toBe(v.dirtyKey.cbor);
    expect(dirty.encode().length).toBeLessThanOrEqual(37);
  });
});

describe('relative capabilities', () => {
  test('name the writer only when it is another one', () => {
    const other = AbsoluteCapability.of({ ...writable, writer: keyHashOf(7) });
    expect(RelativeCapability.relativise(crypto, parent, writable).writer).toBeUndefined();
    const link = RelativeCapability.relativise(crypto, parent, other);
    expect(link.writer?.equals(other.writer)).toBe(true);
    expect(RelativeCapability.decode(link.encode()).toAbsolute(crypto, parent).equals(other)).toBe(true);
  });

  test('carry the write key of a writable child only, each time under a fresh nonce', () => {
    expect(RelativeCapability.relativise(crypto, parent, writable.toReadOnly()).writeKeyLink).toBeUndefined();
    const [a, b] = [RelativeCapability.relativise(crypto, parent, writable), RelativeCapability.relativise(crypto, parent, writable)];
    expect(a.equals(b)).toBe(false);
    expect(a.toAbsolute(crypto, parent).equals(b.toAbsolute(crypto, parent))).toBe(true);
  });

  test('lose the write access to a child with the write key of the parent', () => {
    const child = AbsoluteCapability.of({ ...writable, wBaseKey: parent.wBaseKey });
    const link = RelativeCapability.relativise(crypto, parent, child);
    expect(link.writeKeyLink).toBeUndefined();
    expect(link.toAbsolute(crypto, parent).isWritable).toBe(false);
    // The mark counts: a dirty key is another one.
    const dirty = AbsoluteCapability.of({ ...writable, wBaseKey: symmetricKey(v.namedRelative.parentWriteKey, true) });
    expect(RelativeCapability.relativise(crypto, parent, dirty).toAbsolute(crypto, parent).isWritable).toBe(true);
  });

  test('need a writable parent of the same owner', () => {
    expect(() => RelativeCapability.relativise(crypto, parent.toReadOnly(), writable)).toThrow(ArgumentError);
    expect(() => RelativeCapability.relativise(crypto, parent, writable.withOwner(keyHashOf(5)))).toThrow(ArgumentError);
  });

  test('with a write key that is none give a typed error, and none to readers', () => {
    const link = RelativeCapability.relativise(crypto, parent, writable);
    const elsewhere = AbsoluteCapability.of({ ...parent, wBaseKey: keyOf(1) });
    expect(() => link.toAbsolute(crypto, elsewhere)).toThrow(CryptoError);
    expect(link.toAbsolute(crypto, elsewhere.toReadOnly()).isWritable).toBe(false);
  });

  test('to a parent have its parent key, never a write key, and its writer only when it is another one', () => {
    const same = RelativeCapability.toParent(parent, keyOf(4), parent.writer);
    expect(same).toMatchObject({ writer: undefined, writeKeyLink: undefined });
    expect(same.key.equals(keyOf(4))).toBe(true);
    expect(same.location.equals(parent.location)).toBe(true);
    const up = RelativeCapability.toParent(parent, keyOf(4), keyHashOf(9)).toAbsolute(
      crypto,
      AbsoluteCapability.of({ ...writable, writer: keyHashOf(9) }),
    );
    expect(up.writer.equals(parent.writer)).toBe(true);
    expect(up.isWritable).toBe(false);
  });

  test('to a parent never have its read key', () => {
    expect(() => RelativeCapability.toParent(parent, parent.rBaseKey, parent.writer)).toThrow(ArgumentError);
    // What was reached from below has the parent key in the place of the read key.
    expect(RelativeCapability.toParent(parent.toReadOnly(), parent.rBaseKey, parent.writer).key.equals(parent.rBaseKey)).toBe(true);
  });

  test('to the next chunk have a location and the read key', () => {
    const next = RelativeCapability.toNextChunk(ChunkLocation.of(filled(1)), keyOf(2));
    expect([...next.toCbor().keys()].sort()).toEqual(['k', 'm']);
  });
});

describe('names', () => {
  const link = RelativeCapability.of({ mapKey: filled(1), key: keyOf(2) });

  test('what is not said has defaults, and is not written', () => {
    const bare = NamedRelativeCapability.of(link, { name: 'a' });
    expect(bare).toMatchObject({ isDirectory: false, mimeType: 'application/octet-stream', created: undefined });
    expect(toHex(NamedRelativeCapability.decode(bare.encode()).encode())).toBe(toHex(bare.encode()));
    const absolute = NamedAbsoluteCapability.of(writable, { name: 'a' });
    expect(absolute).toMatchObject({ isDirectory: false, mimeType: 'application/octet-stream', created: undefined });
    expect(toHex(NamedAbsoluteCapability.decode(absolute.encode()).encode())).toBe(toHex(absolute.encode()));
  });

  test('absolute ones read as capabilities, too', () => {
    const facts = { name: 'docs', isDirectory: true, mimeType: '', created: Timestamp.of(-1) };
    const named = NamedAbsoluteCapability.of(writable, facts);
    expect(AbsoluteCapability.decode(named.encode()).equals(writable)).toBe(true);
    expect(NamedAbsoluteCapability.decode(named.encode()).equals(named)).toBe(true);
    expect(named).toMatchObject(facts);
  });

  test('a new name changes nothing else', () => {
    const entry = NamedRelativeCapability.of(link, { name: 'a', isDirectory: true, mimeType: '', created: Timestamp.of(3) });
    expect(entry.withName('b').withName('a').equals(entry)).toBe(true);
    expect(entry.withName('b').equals(entry)).toBe(false);
  });

  const illegal = ['', '.', '..', 'a/b', '/', 'x'.repeat(256)];

  test.each(illegal)('illegal: %j', (name) => {
    const kind = name.length > 255 ? LimitError : ArgumentError;
    expect(() => NamedRelativeCapability.of(link, { name })).toThrow(kind);
    expect(() => NamedAbsoluteCapability.of(writable, { name })).toThrow(kind);
    expect(() => NamedRelativeCapability.fromCbor(altered(link.toCbor(), { n: name }))).toThrow(FormatError);
    expect(() => NamedAbsoluteCapability.fromCbor(altered(writable.toCbor(), { n: name }))).toThrow(FormatError);
  });

  test.each(['x'.repeat(255), '...', 'a\\b', '\u0000', ' ', '__proto__'])('legal: %j', (name) => {
    expect(NamedRelativeCapability.fromCbor(altered(link.toCbor(), { n: name })).name).toBe(name);
  });

  test('illegal names of peers are not shown', () => {
    expect(() => NamedRelativeCapability.fromCbor(altered(link.toCbor(), { n: 'secret/plan' }))).toThrow(/^((?!secret|plan).)*$/);
  });
});

test('chunk locations and owners can be replaced', () => {
  const moved = writable.withLocation(ChunkLocation.of(filled(1), Bat.of(filled(2))));
  expect(moved.location.equals(ChunkLocation.of(filled(1), Bat.of(filled(2))))).toBe(true);
  expect(moved.withLocation(writable.location).equals(writable)).toBe(true);
  expect(moved.withLocation(ChunkLocation.of(filled(1))).bat).toBeUndefined();
  expect(writable.withOwner(keyHashOf(1)).withOwner(writable.owner).equals(writable)).toBe(true);
});

test('paths are bounded', () => {
  expect(CapabilityWithPath.of(writable, 'p'.repeat(4096)).path.length).toBe(4096);
  expect(() => CapabilityWithPath.of(writable, 'p'.repeat(4097))).toThrow(LimitError);
  const long = altered(CapabilityWithPath.of(writable, 'p').toCbor(), { p: 'p'.repeat(4097) });
  expect(() => CapabilityWithPath.fromCbor(long)).toThrow(FormatError);
});

test('secrets print as nothing', () => {
  const { rBaseKey } = writable;
  const link = RelativeCapability.relativise(crypto, parent, writable);
  for (const secret of [
    link,
    NamedRelativeCapability.of(link, { name: 'hush' }),
    NamedAbsoluteCapability.of(writable, { name: 'hush' }),
    CapabilityWithPath.of(writable, '/hush'),
  ]) {
    expect(`${String(secret)}${JSON.stringify(secret)}`).not.toMatch(new RegExp(`hush|${toHex(rBaseKey.bytes)}`));
  }
});

test('a random location is drawn as map key and BAT', () => {
  const drawn = ChunkLocation.generate(withRandomSource(crypto, scriptedRandom(filled(1), filled(2))));
  expect(drawn.equals(ChunkLocation.of(filled(1), Bat.of(filled(2))))).toBe(true);
});
