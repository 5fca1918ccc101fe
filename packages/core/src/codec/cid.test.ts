import { arbitraryCid } from '@pyrgos/testkit/arbitraries';
import * as fc from 'fast-check';
import { CID } from 'multiformats';
import { base32, base32hex, base32upper } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, test } from 'vitest';
import v from '../../../../vectors/01/cid.json' with { type: 'json' };
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { formatBlockStoreName, parseBlockStoreName } from './cid-block-name.js';
import { decodeCbor } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { Cid, CidCodec, cidOfKey, decodeCid, formatCidUnprefixed, parseCid, parsePeerId } from './cid.js';
import { decodeMultibase } from './multibase.js';
import { Multihash, MultihashCode } from './multihash.js';

describe.each(v.valid)('vector $name', (vector) => {
  const cid = decodeCid(fromHex(vector.bytes));

  test('binary and text', () => {
    expect(toHex(cid.bytes)).toBe(vector.bytes);
    expect(cid.version).toBe(vector.version);
    expect(cid.codec).toBe(vector.codec);
    expect(cid.toString()).toBe(vector.text);
    expect(JSON.stringify({ cid })).toBe(JSON.stringify({ cid: vector.text }));
    for (const text of [vector.text, ...vector.otherTexts]) expect(parseCid(text).equals(cid)).toBe(true);
  });

  test('other forms', () => {
    if (vector.unprefixed !== undefined) expect(formatCidUnprefixed(cid)).toBe(vector.unprefixed);
    if (vector.blockStoreName !== undefined) expect(formatBlockStoreName(cid)).toBe(vector.blockStoreName);
    expect(parseBlockStoreName(formatBlockStoreName(cid)).equals(cid)).toBe(true);
    if (vector.link !== undefined) expect(toHex(encodeCbor(cid))).toBe(vector.link);
    expect(cid.equals(decodeCbor(encodeCbor(cid)) as Cid)).toBe(true);
  });
});

test.each(v.invalid)('refused: $reason', ({ bytes }) => {
  expect(() => decodeCid(fromHex(bytes))).toThrow(expect.objectContaining({ constructor: FormatError, code: 'format.cid' }));
});

test.each(v.invalidTexts)('refused text: $reason', ({ text }) => {
  expect(() => parseCid(text)).toThrow(FormatError);
});

describe('peer ids', () => {
  test.each(v.peerIds)('$text', ({ text, cid, protobuf }) => {
    const peer = parsePeerId(text);
    expect(peer.equals(parseCid(cid))).toBe(true);
    expect(peer.multihash.toString()).toBe(text);
    expect(parsePeerId(cid).multihash.equals(peer.multihash)).toBe(true);
    if (protobuf !== undefined) expect(decodeMultibase(protobuf)).toEqual(peer.multihash.digest);
  });

  test('a sha2-256 hash cannot begin with 1, and a wrong digit or length is refused', () => {
    expect(() => parsePeerId('1')).toThrow(FormatError);
    expect(() => parsePeerId('1111')).toThrow(FormatError);
    expect(() => parsePeerId('12D3KooW0')).toThrow(FormatError);
    expect(() => parsePeerId('')).toThrow(FormatError);
  });
});

test('block store names are strict', () => {
  const name = formatBlockStoreName(Cid.ofSha256(new Uint8Array(32), CidCodec.raw));
  for (const text of [
    name.toLowerCase(),
    `B${name}`,
    `${name}=`,
    `${name}A`,
    name.slice(1),
    name.slice(0, -1),
    `${name.slice(0, -1)}B`,
    '',
    'A',
  ]) {
    expect(() => parseBlockStoreName(text), text).toThrow(expect.objectContaining({ code: 'format.cid' }));
  }
  expect(() => parseBlockStoreName(1 as never)).toThrow(ArgumentError);
  expect(() => formatBlockStoreName('x' as never)).toThrow(ArgumentError);
});

test('a CID survives every form', () => {
  fc.assert(
    fc.property(arbitraryCid(), (cid) => {
      expect(decodeCid(cid.bytes).equals(cid)).toBe(true);
      expect(parseCid(cid.toString()).equals(cid)).toBe(true);
      expect(parseBlockStoreName(formatBlockStoreName(cid)).equals(cid)).toBe(true);
      expect(decodeCid(cid.bytes).key).toBe(cid.key);
    }),
  );
});

test('equality, key and text tell different CIDs apart', () => {
  fc.assert(
    fc.property(arbitraryCid(), arbitraryCid(), (a, b) => {
      const same = toHex(a.bytes) === toHex(b.bytes);
      expect(a.equals(b)).toBe(same);
      expect(a.key === b.key).toBe(same);
      expect(a.toString() === b.toString()).toBe(same);
    }),
  );
  const digest = new Uint8Array(32);
  expect(Cid.ofSha256(digest, CidCodec.dagPb).equals(Cid.v0(Multihash.sha256(digest)))).toBe(false);
  expect(Cid.ofSha256(digest, CidCodec.raw).equals(undefined)).toBe(false);
});

test('agrees with multiformats', () => {
  fc.assert(
    fc.property(arbitraryCid(), (cid) => {
      const theirs = CID.decode(cid.bytes);
      expect(theirs.version).toBe(cid.version);
      expect(theirs.code).toBe(cid.codec);
      expect(theirs.multihash.digest).toEqual(cid.multihash.digest);
      expect(theirs.bytes).toEqual(cid.bytes);
      expect(cid.version === 0 ? theirs.toString() : theirs.toString(base58btc)).toBe(cid.toString());
      if (cid.version === 0) return;
      for (const base of [base32, base32upper, base32hex, base36]) expect(parseCid(theirs.toString(base)).equals(cid)).toBe(true);
    }),
  );
});

test('what is accepted is the only encoding', () => {
  fc.assert(
    fc.property(arbitraryCid(), fc.nat(), fc.nat(255), fc.boolean(), (cid, at, byte, cut) => {
      const bytes = cid.bytes.slice(0, cut ? at % cid.bytes.length : undefined);
      if (!cut) bytes[at % bytes.length] = byte;
      try {
        expect(decodeCid(bytes).bytes).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});

test('server ids are compared by multihash', () => {
  const bare = parsePeerId('12D3KooWAjNorDWXZJx8Jhzrq9onKbrmYf9XSmteb4yKnbXfSD8K');
  const other = Cid.v1(CidCodec.raw, bare.multihash);
  expect(other.equals(bare)).toBe(false);
  expect(other.multihash.equals(bare.multihash)).toBe(true);
});

test('views with an offset, and copies', () => {
  const cid = Cid.ofSha256(new Uint8Array(32).fill(7), CidCodec.dagCbor);
  const input = concatBytes(Uint8Array.of(1, 2, 3), cid.bytes, Uint8Array.of(4));
  const read = decodeCid(input.subarray(3, input.length - 1));
  input.fill(0);
  expect(read.equals(cid)).toBe(true);
});

test('arguments are checked', () => {
  expect(() => Cid.v1(0x01 as never, Multihash.sha256(new Uint8Array(32)))).toThrow(FormatError);
  expect(() => Cid.v1(CidCodec.raw, new Uint8Array(34) as never)).toThrow(ArgumentError);
  expect(() => Cid.v0(Multihash.create(MultihashCode.blake3, new Uint8Array(32)))).toThrow(FormatError);
  expect(() => Cid.v0(undefined as never)).toThrow(ArgumentError);
  expect(() => decodeCid('01551220' as never)).toThrow(ArgumentError);
  expect(() => parseCid(undefined as never)).toThrow(ArgumentError);
  expect(() => parsePeerId(1 as never)).toThrow(ArgumentError);
  expect(() => formatCidUnprefixed('z' as never)).toThrow(ArgumentError);
});

test('a key is equal exactly for equal CIDs, and gives the CID back', () => {
  fc.assert(
    fc.property(arbitraryCid(), arbitraryCid(), (a, b) => {
      expect(a.key === b.key).toBe(a.equals(b));
      expect(cidOfKey(a.key).equals(a)).toBe(true);
      expect(decodeCid(a.bytes).toString()).toBe(a.toString());
    }),
  );
  expect(() => cidOfKey('no key')).toThrow(FormatError);
  expect(() => cidOfKey(7 as unknown as string)).toThrow(ArgumentError);
});
