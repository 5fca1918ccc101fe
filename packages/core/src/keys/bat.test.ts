import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../bytes.js';
import { decodeCbor, encodeCbor } from '../codec/index.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { cborMap } from '../codec/cbor-value.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../errors.js';
import v from '../../../../vectors/01/bat.json' with { type: 'json' };
import { Bat, BatId, BatWithId } from './bat.js';
import {
  batIdsOfBlock,
  batIdsOfCbor,
  batIdsOfRawBlock,
  blockBatList,
  encodeRawPrefix,
  hasRawPrefix,
  rawPrefixLength,
  stripRawPrefix,
} from './bat-prefix.js';

const crypto = await loadCrypto();
const payload = new Uint8Array(200).fill(0x5a);
const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
  Bat: (bytes) => Bat.decode(bytes),
  BatId: (bytes) => BatId.decode(bytes),
  BatWithId: (bytes) => BatWithId.decode(bytes),
  'raw block': (bytes) => stripRawPrefix(bytes),
};

describe.each(v.valid)('vector', (vector) => {
  const bat = Bat.of(fromHex(vector.secret));

  test('Bat', () => {
    expect(toHex(bat.encode())).toBe(vector.batCbor);
    expect(Bat.decode(fromHex(vector.batCbor)).equals(bat)).toBe(true);
    expect(bat.format()).toBe(vector.secretText);
    expect(Bat.parse(vector.secretText).equals(bat)).toBe(true);
  });

  test('the three ids', () => {
    for (const [id, cid, text] of [
      [bat.inlineId(), vector.inlineId, vector.inlineIdText],
      [bat.calculatedId(crypto), vector.calculatedId, vector.calculatedIdText],
      [bat.mirrorId(crypto), vector.mirrorId, vector.mirrorIdText],
    ] as const) {
      expect(toHex(id.cid.bytes)).toBe(cid);
      expect(id.format()).toBe(text);
      expect(BatId.parse(text).equals(id)).toBe(true);
      expect(BatId.decode(id.encode()).equals(id)).toBe(true);
    }
    expect(toHex(bat.calculatedId(crypto).encode())).toBe(vector.calculatedIdCbor);
    expect(bat.inlineId().inlineBat?.equals(bat)).toBe(true);
    expect(bat.mirrorId(crypto).inlineBat).toBeUndefined();
  });

  test('BatWithId', () => {
    const calculated = bat.withCalculatedId(crypto);
    expect(toHex(calculated.encode())).toBe(vector.withCalculatedIdCbor);
    expect(calculated.format()).toBe(vector.withCalculatedIdText);
    expect(BatWithId.parse(vector.withCalculatedIdText).equals(calculated)).toBe(true);
    expect(BatWithId.decode(fromHex(vector.withCalculatedIdCbor)).equals(calculated)).toBe(true);
    expect(bat.withMirrorId(crypto).format()).toBe(vector.withMirrorIdText);
    expect(bat.withMirrorId(crypto).equals(calculated)).toBe(false);
  });

  test('raw prefixes', () => {
    const mirrorId = Bat.of(fromHex(vector.otherMirrorSecret)).mirrorId(crypto);
    expect(mirrorId.format()).toBe(vector.otherMirrorIdText);
    const inlineOnly = encodeRawPrefix(blockBatList(bat));
    expect(toHex(inlineOnly)).toBe(vector.prefixInline);
    expect(inlineOnly.length).toBe(47);
    const both = encodeRawPrefix(blockBatList(bat, mirrorId));
    expect(toHex(both)).toBe(vector.prefixWithMirror);
    expect(both.length).toBe(85);
    for (const prefix of [inlineOnly, both]) {
      const block = concatBytes(prefix, payload);
      expect(hasRawPrefix(block)).toBe(true);
      expect(rawPrefixLength(block)).toBe(prefix.length);
      expect(stripRawPrefix(block)).toEqual(payload);
      expect(stripRawPrefix(prefix)).toEqual(new Uint8Array());
      // The first 100 bytes are all that a server looks at.
      expect(batIdsOfRawBlock(block.subarray(0, 100)).map(String)).toEqual(batIdsOfRawBlock(block).map(String));
    }
    const ids = batIdsOfRawBlock(concatBytes(both, payload));
    expect(ids.length).toBe(2);
    expect(ids[0]?.inlineBat?.equals(bat)).toBe(true);
    expect(ids[1]?.equals(mirrorId)).toBe(true);
  });
});

test.each(v.invalid)('$format refused: $reason', ({ format, cbor, bytes }) => {
  expect(() => decoders[format]?.(fromHex(cbor ?? bytes ?? ''))).toThrow(FormatError);
});

test('blocks without the magic have no prefix', () => {
  const magic = fromHex('711d10cf3d322f2b');
  for (const block of [new Uint8Array(), magic.subarray(0, 7), payload, concatBytes(Uint8Array.of(0), magic)]) {
    expect(hasRawPrefix(block)).toBe(false);
    expect(stripRawPrefix(block)).toEqual(block);
    expect(batIdsOfRawBlock(block)).toEqual([]);
  }
  expect(hasRawPrefix(magic)).toBe(true);
  expect(() => stripRawPrefix(magic)).toThrow(FormatError);
});

test('a prefix of more than 100 bytes is not written', () => {
  const id = Bat.generate(crypto).mirrorId(crypto);
  expect(encodeRawPrefix([id, id]).length).toBe(85);
  expect(() => encodeRawPrefix([id, id, id])).toThrow(LimitError);
});

test('the BAT ids of blocks of each codec', () => {
  const bat = Bat.generate(crypto);
  const ids = blockBatList(bat, Bat.generate(crypto).mirrorId(crypto));
  const gated = encodeCbor(cborMap([['bats', ids.map((id) => id.toCbor())]]));
  const cid = (block: Uint8Array, codec: 0x55 | 0x70 | 0x71 | 0x72): Cid => Cid.ofSha256(crypto.sha256(block), codec);
  expect(batIdsOfBlock(cid(gated, CidCodec.dagCbor), gated).map((id) => id.format())).toEqual(ids.map((id) => id.format()));
  expect(batIdsOfBlock(cid(gated, CidCodec.raw), gated)).toEqual([]);
  expect(batIdsOfBlock(cid(gated, CidCodec.dagPb), gated)).toEqual([]);
  const raw = concatBytes(encodeRawPrefix(ids), payload);
  expect(batIdsOfBlock(cid(raw, CidCodec.raw), raw).length).toBe(2);
  for (const open of [[1, 2], 'text', cborMap([]), cborMap([['bats', []]])]) expect(batIdsOfCbor(open)).toEqual([]);
  for (const bad of [cborMap([['bats', null]]), cborMap([['bats', [1]]]), cborMap([['bats', 'x']])]) {
    expect(() => batIdsOfCbor(bad)).toThrow(FormatError);
  }
});

test('arguments are checked', () => {
  const bat = Bat.generate(crypto);
  expect(() => Bat.of(new Uint8Array(31))).toThrow(ArgumentError);
  expect(() => Bat.parse(`z${'1'.repeat(31)}`)).toThrow(FormatError);
  expect(() => BatWithId.of(bat, bat.inlineId())).toThrow(ArgumentError);
  expect(() => blockBatList(bat, bat.inlineId())).toThrow(ArgumentError);
  expect(() => encodeRawPrefix([bat as never])).toThrow(ArgumentError);
  expect(() => hasRawPrefix('block' as never)).toThrow(ArgumentError);
  expect(() => batIdsOfBlock('cid' as never, payload)).toThrow(ArgumentError);
});

test('decoders give an error of the family or a value that re-encodes identically', () => {
  const bat = Bat.generate(crypto);
  const valid = [bat.encode(), bat.inlineId().encode(), bat.mirrorId(crypto).encode(), bat.withCalculatedId(crypto).encode()];
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([bytes, at, mask]) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      for (const kind of [Bat, BatId, BatWithId]) {
        try {
          expect(kind.decode(bytes).encode()).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PyrgosError);
        }
      }
    }),
  );
});

test('prefixes with any payload are stripped exactly, and damaged ones give an error of the family', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.nat({ max: 84 }), (data, withMirror, at) => {
      const bat = Bat.generate(crypto);
      const prefix = encodeRawPrefix(blockBatList(bat, withMirror ? bat.mirrorId(crypto) : undefined));
      const block = concatBytes(prefix, data);
      expect(stripRawPrefix(block)).toEqual(data);
      const damaged = block.map((byte, i) => (i === at ? byte ^ 0xff : byte));
      try {
        stripRawPrefix(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});

test('a raw prefix read as CBOR is not canonical CBOR of a Peergos block', () => {
  expect(() => decodeCbor(fromHex('711d10cf3d322f2b80'))).toThrow(FormatError);
});

test('a BAT may be presented under either of its two hashes, and under no other id', () => {
  const [bat, other] = [Bat.generate(crypto), Bat.generate(crypto)];
  expect(bat.withMirrorId(crypto).hasOwnId(crypto)).toBe(true);
  expect(bat.withCalculatedId(crypto).hasOwnId(crypto)).toBe(true);
  expect(BatWithId.of(bat, other.mirrorId(crypto)).hasOwnId(crypto)).toBe(false);
});
