import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap } from '../codec/cbor-value.js';
import { Cid, CidCodec, decodeCid, parsePeerId } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, PyrgosError } from '../errors.js';
import { MAX_BLOCK_AUTH_AHEAD_SECONDS, MAX_BLOCK_AUTH_SECONDS, MAX_BLOCK_BATS } from '../limits.js';
import v from '../../../../vectors/01/block-auth.json' with { type: 'json' };
import { Bat, type BatId } from './bat.js';
import { batIdsOfBlock, blockBatList } from './bat-prefix.js';
import {
  allowRead,
  BlockAuth,
  type BlockReadCheck,
  isValidBlockAuth,
  opensAsMirrorBat,
  packBlockAuthTime,
  signBlockRead,
  unpackBlockAuthTime,
} from './block-auth.js';
import { formatS3Time } from './s3-time.js';

const crypto = await loadCrypto();
const vector = v.valid[0];
if (vector === undefined) throw new Error('no vector');
const now = vector.time;
const bat = Bat.of(fromHex(vector.secret ?? ''));
const block = decodeCid(fromHex(vector.block ?? ''));
const node = parsePeerId(vector.node ?? '');
const request = { block, node };

function changed(auth: BlockAuth, fields: Partial<{ e: number; t: number; s: Uint8Array }>): BlockAuth {
  const map = new Map(auth.toCbor() as ReadonlyMap<string, never>);
  for (const [key, value] of Object.entries(fields)) map.set(key, value as never);
  return BlockAuth.fromCbor(map);
}

describe('vector', () => {
  test('signature and text', () => {
    const signed = signBlockRead(crypto, request, now, bat);
    expect(signed.canonicalHash).toBe(vector.canonicalHash);
    expect(toHex(signed.signature)).toBe(vector.signature);
    const auth = BlockAuth.create(crypto, request, bat.withCalculatedId(crypto), now);
    expect(auth.expirySeconds).toBe(vector.expirySeconds);
    expect(String(auth)).toBe(vector.auth);
    const read = BlockAuth.parse(vector.auth ?? '');
    expect(read?.equals(auth)).toBe(true);
    expect(read?.time).toBe(now);
  });

  test('the node may be any CID with the same multihash', () => {
    const other = Cid.v1(CidCodec.raw, node.multihash);
    expect(toHex(signBlockRead(crypto, { block, node: other }, now, bat).signature)).toBe(vector.signature);
  });
});

test.each(v.valid)('time $timeText', ({ time, timeText, packed, legacyPacked }) => {
  expect(formatS3Time(time)).toBe(timeText);
  expect(packBlockAuthTime(time)).toBe(packed);
  expect(packBlockAuthTime(time + 999)).toBe(packed);
  expect(unpackBlockAuthTime(packed)).toBe(time);
  if (legacyPacked !== undefined) expect(unpackBlockAuthTime(legacyPacked)).toBe(time);
});

test.each(v.invalid)('refused: $reason', ({ auth }) => {
  expect(() => BlockAuth.parse(auth)).toThrow(FormatError);
});

test('the empty text is no authorisation', () => {
  expect(BlockAuth.parse('')).toBeUndefined();
});

test('packed times of all years go and come back', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2000, 0) / 1000, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 }), (seconds) => {
      const packed = packBlockAuthTime(seconds * 1000);
      expect(packed).toBeGreaterThan(0);
      expect(unpackBlockAuthTime(packed)).toBe(seconds * 1000);
      const overflowed = packed | 0;
      if (packed < 2 ** 32) expect(unpackBlockAuthTime(overflowed)).toBe(seconds * 1000);
    }),
  );
});

test('any integer unpacks to a date or is an error of the family', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (packed) => {
      try {
        const time = unpackBlockAuthTime(packed);
        expect(packBlockAuthTime(time)).toBe(packed < 0 ? packed + 2 ** 32 : packed);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
  for (const bad of [0, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, packBlockAuthTime(now) + 60, 0.5, NaN]) {
    expect(() => unpackBlockAuthTime(bad)).toThrow(FormatError);
  }
  expect(() => packBlockAuthTime(Date.UTC(1999, 11, 31))).toThrow(ArgumentError);
});

describe('validity', () => {
  const auth = BlockAuth.create(crypto, request, bat.withCalculatedId(crypto), now);
  const valid = (candidate: BlockAuth, at: number): boolean => isValidBlockAuth(crypto, candidate, request, bat, at);

  test('fresh is valid, and until the last second', () => {
    expect(valid(auth, now)).toBe(true);
    expect(valid(auth, now + 300_000)).toBe(true);
    expect(valid(auth, now + 300_001)).toBe(false);
    expect(valid(auth, now + 301_000)).toBe(false);
  });

  test('other signature, time, block, node or BAT is not', () => {
    expect(valid(changed(auth, { s: new Uint8Array(32) }), now)).toBe(false);
    expect(valid(changed(auth, { t: packBlockAuthTime(now + 1000) }), now)).toBe(false);
    const otherBlock = Cid.ofSha256(new Uint8Array(32), CidCodec.raw);
    expect(isValidBlockAuth(crypto, auth, { block: otherBlock, node }, bat, now)).toBe(false);
    expect(isValidBlockAuth(crypto, auth, { block, node: otherBlock }, bat, now)).toBe(false);
    expect(isValidBlockAuth(crypto, auth, request, Bat.generate(crypto), now)).toBe(false);
  });

  test('the unsigned validity is bounded', () => {
    const longest = changed(auth, { e: MAX_BLOCK_AUTH_SECONDS });
    expect(valid(longest, now + MAX_BLOCK_AUTH_SECONDS * 1000)).toBe(true);
    expect(valid(changed(auth, { e: MAX_BLOCK_AUTH_SECONDS + 1 }), now)).toBe(false);
    expect(valid(changed(auth, { e: -1 }), now)).toBe(false);
    expect(valid(changed(auth, { e: 0 }), now)).toBe(true);
    expect(valid(changed(auth, { e: 0 }), now + 1)).toBe(false);
    expect(() => BlockAuth.create(crypto, request, bat.withCalculatedId(crypto), now, MAX_BLOCK_AUTH_SECONDS + 1)).toThrow(ArgumentError);
  });

  test('a time stamp far ahead is refused', () => {
    expect(valid(auth, now - MAX_BLOCK_AUTH_AHEAD_SECONDS * 1000)).toBe(true);
    expect(valid(auth, now - MAX_BLOCK_AUTH_AHEAD_SECONDS * 1000 - 1)).toBe(false);
  });

  test('after 2032, in both packings', () => {
    const later = Date.UTC(2033, 4, 5, 6, 7, 8);
    const modern = BlockAuth.create(crypto, request, bat.withCalculatedId(crypto), later);
    expect(valid(modern, later)).toBe(true);
    const legacy = changed(modern, { t: packBlockAuthTime(later) | 0 });
    expect(packBlockAuthTime(later) | 0).toBeLessThan(0);
    expect(valid(legacy, later)).toBe(true);
    expect(legacy.equals(modern)).toBe(true);
  });
});

describe('allowRead', () => {
  const mirror = Bat.generate(crypto);
  const instance = Bat.generate(crypto);
  const batIds = blockBatList(bat, mirror.mirrorId(crypto));
  const lookUps: BatId[] = [];
  const check = (fields: Partial<BlockReadCheck>): Promise<boolean> =>
    allowRead(crypto, {
      ...request,
      batIds,
      now,
      auth: '',
      lookUpBat: async (id) => {
        lookUps.push(id);
        return id.equals(mirror.mirrorId(crypto)) ? mirror : undefined;
      },
      ...fields,
    });
  const authOf = (secret: Bat, at = now): string => String(BlockAuth.create(crypto, request, secret.withCalculatedId(crypto), at));

  test('public blocks are open to all, whatever the auth', async () => {
    expect(await check({ batIds: [] })).toBe(true);
    expect(await check({ batIds: [], auth: 'junk' })).toBe(true);
  });

  test('no auth, another BAT or a stale one is denied', async () => {
    expect(await check({})).toBe(false);
    expect(await check({ auth: authOf(Bat.generate(crypto)) })).toBe(false);
    expect(await check({ auth: authOf(bat, now - 301_000) })).toBe(false);
  });

  test('the inline BAT opens, whatever id it is presented under, without a look-up', async () => {
    lookUps.length = 0;
    expect(await check({ auth: authOf(bat) })).toBe(true);
    expect(await check({ auth: String(BlockAuth.create(crypto, request, bat.withMirrorId(crypto), now)) })).toBe(true);
    expect(lookUps).toEqual([]);
  });

  test('the mirror BAT opens when the server knows it', async () => {
    const auth = String(BlockAuth.create(crypto, request, mirror.withMirrorId(crypto), now));
    expect(await check({ auth })).toBe(true);
    expect(await check({ auth, lookUpBat: async () => undefined })).toBe(false);
    // Presented under another id the server does not find it.
    expect(await check({ auth: authOf(mirror) })).toBe(false);
  });

  test('the instance BAT opens everything', async () => {
    expect(await check({ auth: authOf(instance), instanceBat: instance })).toBe(true);
    expect(await check({ auth: authOf(instance) })).toBe(false);
  });

  test('a block that lists too many ids is closed, but not to the instance BAT', async () => {
    const many = (count: number): BatId[] => [...Array.from({ length: count - 1 }, () => Bat.generate(crypto).inlineId()), bat.inlineId()];
    const auth = authOf(bat);
    expect(await check({ auth, batIds: many(MAX_BLOCK_BATS) })).toBe(true);
    expect(await check({ auth, batIds: many(MAX_BLOCK_BATS + 1) })).toBe(false);
    expect(await check({ auth: authOf(instance), batIds: many(MAX_BLOCK_BATS + 1), instanceBat: instance })).toBe(true);
    const listing = (count: number): Uint8Array => encodeCbor(cborMap([['bats', many(count).map((id) => id.toCbor())]]));
    const cid = Cid.ofSha256(new Uint8Array(32), CidCodec.dagCbor);
    expect(batIdsOfBlock(cid, listing(MAX_BLOCK_BATS))).toHaveLength(MAX_BLOCK_BATS);
    expect(() => batIdsOfBlock(cid, listing(MAX_BLOCK_BATS + 1))).toThrow(FormatError);
  });

  test('the request is hashed once, whatever the number of ids; a stale auth costs nothing', async () => {
    const counts = { sha256: 0, hmacSha256: 0 };
    const counting = {
      sha256: (data: Uint8Array): Uint8Array => {
        counts.sha256++;
        return crypto.sha256(data);
      },
      hmacSha256: (key: Uint8Array, data: Uint8Array): Uint8Array => {
        counts.hmacSha256++;
        return crypto.hmacSha256(key, data);
      },
    };
    const batIds = Array.from({ length: MAX_BLOCK_BATS }, () => Bat.generate(crypto).inlineId());
    const asked = { ...request, batIds, now, lookUpBat: async () => undefined };
    expect(await allowRead(counting, { ...asked, auth: authOf(bat) })).toBe(false);
    expect(counts).toEqual({ sha256: 1, hmacSha256: 5 * MAX_BLOCK_BATS });
    expect(await allowRead(counting, { ...asked, auth: authOf(bat, now - 301_000) })).toBe(false);
    expect(counts.sha256).toBe(1);
  });

  test('wrong types are argument errors', async () => {
    await expect(allowRead(crypto, undefined as never)).rejects.toThrow(ArgumentError);
    await expect(check({ batIds: 'x' as never })).rejects.toThrow(ArgumentError);
    await expect(check({ batIds: [undefined] as never })).rejects.toThrow(ArgumentError);
    await expect(check({ block: 'x' as never })).rejects.toThrow(ArgumentError);
    await expect(check({ instanceBat: 'x' as never })).rejects.toThrow(ArgumentError);
    await expect(check({ lookUpBat: undefined as never })).rejects.toThrow(ArgumentError);
  });

  test('other codecs are denied, malformed auths are errors', async () => {
    const odd = Cid.v1(CidCodec.libp2pKey, block.multihash);
    expect(await check({ block: odd, auth: authOf(bat) })).toBe(false);
    await expect(check({ auth: 'zz' })).rejects.toThrow(FormatError);
  });

  test('a fresh mirror recognises the mirror BAT by its id', () => {
    expect(opensAsMirrorBat(crypto, batIds, mirror.withMirrorId(crypto))).toBe(true);
    expect(opensAsMirrorBat(crypto, batIds, bat.withMirrorId(crypto))).toBe(false);
    expect(() => opensAsMirrorBat(crypto, batIds, mirror as never)).toThrow(ArgumentError);
  });
});

test('the decoder gives an error of the family or a value that re-encodes identically, negative times aside', () => {
  const valid = BlockAuth.create(crypto, request, bat.withCalculatedId(crypto), now).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      try {
        expect(BlockAuth.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
