import { expect, test } from 'vitest';
import bats from '../../../../../vectors/04/bats.json' with { type: 'json' };
import v from '../../../../../vectors/04/chunk-locations.json' with { type: 'json' };
import { batOf, filled } from '../../../test/cryptree-values.js';
import { fromHex, toHex } from '../../bytes.js';
import { decodeCid } from '../../codec/cid.js';
import { loadCrypto } from '../../crypto/index.js';
import { ArgumentError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { blockBatList, encodeRawPrefix } from '../../keys/bat-prefix.js';
import { MAX_CHUNK_SIZE, MAX_FILE_SIZE, MAX_HASH_TREE_LEAVES } from '../../limits.js';
import { chunkCount, chunkIndexOf, chunkLength, hashBranchCount } from './chunk-arithmetic.js';
import { ChunkLocation, chunkLocationAt, chunkLocations, nextChunkLocation } from './chunk-location.js';

const crypto = await loadCrypto();
const secret = fromHex(v.streamSecret);
const first = ChunkLocation.of(fromHex(v.mapKey), Bat.of(fromHex(v.bat)));

test('vectors: locations follow from the one before, and from the first', () => {
  let location = first;
  const walk = chunkLocations(crypto, secret, first);
  expect(walk.next().value.equals(first)).toBe(true);
  for (const { index, mapKey, bat } of v.chunks) {
    const expected = ChunkLocation.of(fromHex(mapKey), Bat.of(fromHex(bat)));
    location = nextChunkLocation(crypto, secret, location);
    expect(location.equals(expected), `chunk ${index}`).toBe(true);
    expect(chunkLocationAt(crypto, secret, first, index).equals(expected)).toBe(true);
    expect(walk.next().value.equals(expected)).toBe(true);
  }
});

test('vectors: offsets', () => {
  for (const { offset, index } of v.offsets) expect(chunkIndexOf(offset)).toBe(index);
});

test('vectors: BATs and raw prefixes', () => {
  const bat = Bat.of(fromHex(bats.bat.secret));
  const mirror = Bat.of(fromHex(bats.mirror.secret));
  expect(toHex(bat.encode())).toBe(bats.bat.cbor);
  expect(bat.calculatedId(crypto).cid.equals(decodeCid(fromHex(bats.bat.id)))).toBe(true);
  expect(toHex(bat.inlineId().encode())).toBe(bats.bat.inlineIdCbor);
  expect(mirror.mirrorId(crypto).cid.equals(decodeCid(fromHex(bats.mirror.id)))).toBe(true);
  expect(toHex(encodeRawPrefix(blockBatList(bat, mirror.mirrorId(crypto))))).toBe(bats.rawPrefix.withMirror);
  expect(toHex(encodeRawPrefix(blockBatList(bat)))).toBe(bats.rawPrefix.without);
});

test('what asks for a chunk presents the calculated id of its BAT', () => {
  const { key, bat } = first.toMirrorCap(crypto);
  expect(toHex(key)).toBe(v.mapKey);
  expect(bat?.id.cid.equals(decodeCid(fromHex(bats.bat.id)))).toBe(true);
  expect(ChunkLocation.of(filled(1)).toMirrorCap(crypto).bat).toBeUndefined();
});

test('legacy chunks without a BAT have none later on', () => {
  const legacy = nextChunkLocation(crypto, secret, ChunkLocation.of(fromHex(v.mapKey)));
  expect(legacy.bat).toBeUndefined();
  expect(toHex(legacy.mapKey)).toBe(v.chunks[0]?.mapKey);
});

test('the second chunk has another BAT than the first', () => {
  expect(nextChunkLocation(crypto, secret, first).bat?.equals(first.bat)).toBe(false);
});

test('equality looks at both parts', () => {
  const location = ChunkLocation.of(filled(1), batOf(2));
  expect(location.equals(ChunkLocation.of(filled(1), batOf(2)))).toBe(true);
  for (const other of [
    ChunkLocation.of(filled(3), batOf(2)),
    ChunkLocation.of(filled(1), batOf(3)),
    ChunkLocation.of(filled(1)),
    undefined,
  ]) {
    expect(location.equals(other)).toBe(false);
    expect(other?.equals(location) ?? false).toBe(false);
  }
});

test('chunks of files of any size', () => {
  const MiB5 = MAX_CHUNK_SIZE;
  expect([0, 1, MiB5, MiB5 + 1, 10 * MiB5, MAX_FILE_SIZE].map((size) => chunkCount(size))).toEqual([1, 1, 1, 2, 10, MAX_HASH_TREE_LEAVES]);
  expect([0, MiB5 - 1, MiB5, MAX_FILE_SIZE - 1].map((offset) => chunkIndexOf(offset))).toEqual([0, 0, 1, MAX_HASH_TREE_LEAVES - 1]);
  // Beyond 32 bits, in offsets and in indices times the size of a chunk.
  expect(chunkLength(MiB5 * 1000 + 7, 1000)).toBe(7);
  expect([0, 1, 2, 3].map((index) => chunkLength(2 * MiB5 + 1, index))).toEqual([MiB5, MiB5, 1, 0]);
  expect(chunkLength(0, 0)).toBe(0);
  expect([0, 1024 * MiB5, 1024 * MiB5 + 1].map((size) => hashBranchCount(size))).toEqual([1, 1, 2]);
  for (const bad of [-1, 0.5, MAX_FILE_SIZE + 1, Number.NaN]) {
    expect(() => chunkCount(bad)).toThrow(ArgumentError);
    expect(() => chunkIndexOf(bad)).toThrow(ArgumentError);
    expect(() => chunkLength(bad, 0)).toThrow(ArgumentError);
  }
});

test('arguments are checked', () => {
  expect(() => ChunkLocation.of(filled(1, 31))).toThrow(ArgumentError);
  expect(() => nextChunkLocation(crypto, filled(1, 31), first)).toThrow(ArgumentError);
  expect(() => chunkLocationAt(crypto, secret, first, -1)).toThrow(ArgumentError);
  expect(() => chunkLocationAt(crypto, secret, first, MAX_HASH_TREE_LEAVES + 1)).toThrow(ArgumentError);
  expect(() => chunkLocations(crypto, filled(1, 31), first).next()).toThrow(ArgumentError);
});
