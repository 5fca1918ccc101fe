import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8Encode } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborMap, CborValue } from '../codec/cbor-value.js';
import { decodeCid, parsePeerId } from '../codec/cid.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, CryptoError, FormatError, LimitError } from '../errors.js';
import { signDetached, SigningKeyPair } from '../keys/signing-key.js';
import { MAX_IPNS_RECORD_SIZE } from '../limits.js';
import v from '../../../../vectors/08/server-identity.json' with { type: 'json' };
import { IpnsEntry } from './ipns-entry.js';
import { peerIdOf } from './peer-key.js';
import { ResolutionRecord } from './resolution-record.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.fromSeed(crypto, fromHex(v.key.seed));
const id = peerIdOf(pair.publicKey);
const now = Date.UTC(2026, 10, 22, 2, 8, 26, 614);
const next = peerIdOf(SigningKeyPair.fromSeed(crypto, new Uint8Array(32)).publicKey).multihash;

/** An entry with other signed data. */
function resigned(change: (data: Map<string, CborValue>) => void): IpnsEntry {
  const entry = IpnsEntry.sign(crypto, pair.secretKey, ResolutionRecord.of({ sequence: 1 }), now);
  const data = new Map(decodeCbor(entry.data) as CborMap);
  change(data);
  const bytes = encodeCbor(data);
  return IpnsEntry.of(signDetached(crypto, pair.secretKey, concatBytes(utf8Encode('ipns-signature:'), bytes)), bytes);
}

describe('a record of a reference server', () => {
  const peer = decodeCid(fromHex(`0172${v.record.peerId}`));
  const entry = IpnsEntry.decode(fromHex(v.record.bytes));

  test('is read, verified and written', () => {
    expect(toHex(entry.encode())).toBe(v.record.bytes);
    expect(entry.claimedEndOfLife).toBe(v.record.endOfLife);
    const record = entry.verify(crypto, peer, now);
    expect(record).toMatchObject({ sequence: v.record.sequence, moved: false, host: undefined, pointer: undefined });
    expect(IpnsEntry.of(entry.signature, entry.data).equals(entry)).toBe(true);
  });

  test('expires', () => {
    expect(entry.verify(crypto, peer, v.record.endOfLife).sequence).toBe(1);
    expect(() => entry.verify(crypto, peer, v.record.endOfLife + 1)).toThrow(expect.objectContaining({ code: 'denied.stale' }));
  });

  test('is not the record of another server', () => {
    expect(() => entry.verify(crypto, id, now)).toThrow(CryptoError);
  });

  test.each(v.invalidRecords)('refused: $reason', ({ bytes }) => {
    expect(() => IpnsEntry.decode(fromHex(bytes))).toThrow(FormatError);
  });

  test('changed data or signature is not verified', () => {
    const data = entry.data.slice();
    data[data.length - 15] = 2;
    expect(IpnsEntry.of(entry.signature, data).claimedRecord.equals(entry.claimedRecord)).toBe(false);
    expect(() => IpnsEntry.of(entry.signature, data).verify(crypto, peer, now)).toThrow(CryptoError);
    expect(() => IpnsEntry.of(entry.signature.with(3, 0), entry.data).verify(crypto, peer, now)).toThrow(CryptoError);
  });
});

describe('our own record', () => {
  test('has the form of the reference', () => {
    const entry = IpnsEntry.sign(crypto, pair.secretKey, ResolutionRecord.of({ sequence: 1 }), now);
    const reference = IpnsEntry.decode(fromHex(v.record.bytes));
    const [ours, theirs] = [entry.data, reference.data].map((data) => new Map(decodeCbor(data) as CborMap));
    expect(ours?.get('Validity')).toEqual(utf8Encode('2027-11-22T02:08:26.614000000Z'));
    ours?.delete('Validity');
    theirs?.delete('Validity');
    expect(ours).toEqual(theirs);
  });

  test('survives', () => {
    const record = ResolutionRecord.of({ sequence: 7, host: next, moved: true, pointer: Uint8Array.of(1, 2) });
    const entry = IpnsEntry.sign(crypto, pair.secretKey, record, now);
    const read = IpnsEntry.decode(entry.encode());
    expect(read.equals(entry)).toBe(true);
    expect(read.verify(crypto, id, now).equals(record)).toBe(true);
  });

  test.each([
    [Date.UTC(2024, 1, 29, 12, 0, 0, 5), '2025-02-28T12:00:00.5000000Z', Date.UTC(2025, 1, 28, 12, 0, 0, 5)],
    [Date.UTC(2025, 11, 31, 23, 59, 59, 0), '2026-12-31T23:59:59.0Z', Date.UTC(2026, 11, 31, 23, 59, 59, 0)],
  ])('signed at %d it is valid until %s', (at, text, endOfLife) => {
    const entry = IpnsEntry.sign(crypto, pair.secretKey, ResolutionRecord.of({ sequence: 1 }), at);
    expect((decodeCbor(entry.data) as CborMap).get('Validity')).toEqual(utf8Encode(text));
    expect(entry.claimedEndOfLife).toBe(endOfLife);
  });
});

describe('signed data of other forms', () => {
  test('legacy: the record in the value', () => {
    const record = ResolutionRecord.of({ sequence: 3, host: next });
    const entry = resigned((data) => {
      data.delete('_peergos_rr');
      data.set('Value', record.encode());
    });
    expect(entry.verify(crypto, id, now).equals(record)).toBe(true);
    expect(IpnsEntry.decode(entry.encode()).equals(entry)).toBe(true);
  });

  test('more keys are kept', () => {
    const entry = resigned((data) => data.set('Extra', 'x'));
    expect(IpnsEntry.decode(entry.encode()).equals(entry)).toBe(true);
  });

  test('refused', () => {
    const changes: readonly ((data: Map<string, CborValue>) => unknown)[] = [
      (data) => data.delete('_peergos_rr'),
      (data) => data.set('_peergos_rr', new Uint8Array()),
      (data) => data.set('ValidityType', 1),
      (data) => data.delete('Sequence'),
      (data) => data.set('Sequence', -1),
      (data) => data.set('TTL', -1),
      (data) => data.set('Validity', utf8Encode('tomorrow')),
      (data) => data.set('Validity', utf8Encode('2027-13-22T02:08:26.0Z')),
      (data) => data.set('Validity', '2027-11-22T02:08:26.0Z'),
      (data) => data.delete('Value'),
    ];
    for (const change of changes) expect(() => resigned(change), change.toString()).toThrow(FormatError);
  });

  test('a server whose id holds no key', () => {
    const entry = resigned(() => undefined);
    const rsa = parsePeerId('QmVdFZgHnEgcedCS2G2ZNiEN59LuVrnRm7z3yXtEBv2XiF');
    expect(() => entry.verify(crypto, rsa, now)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  test('unknown protobuf fields are ignored', () => {
    const entry = resigned(() => undefined);
    // An old signature, a fixed 64-bit and a fixed 32-bit field.
    const extended = concatBytes(entry.encode(), fromHex('1202aabb'), fromHex('510000000000000000'), fromHex('5d00000000'));
    expect(IpnsEntry.decode(extended).equals(entry)).toBe(true);
    for (const bad of ['53', '1202aabb1202aabb', '0000', '51000000', '12ff', '5d0000']) {
      expect(() => IpnsEntry.decode(concatBytes(entry.encode(), fromHex(bad))), bad).toThrow(FormatError);
    }
  });
});

describe('ResolutionRecord', () => {
  test.each(v.invalidResolutionRecords)('refused: $reason', ({ cbor }) => {
    expect(() => ResolutionRecord.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('only what is true is written', () => {
    expect(toHex(ResolutionRecord.of({ sequence: 1 }).encode())).toBe('a1617301');
    expect(toHex(ResolutionRecord.of({ sequence: 1, host: next, moved: true }).encode())).toMatch(/^a361685826[0-9a-f]{76}616df5617301$/);
  });

  test('what may follow', () => {
    const other = Multihash.create(MultihashCode.sha2_256, new Uint8Array(32));
    const first = ResolutionRecord.of({ sequence: 1 });
    const announced = ResolutionRecord.of({ sequence: 2, host: next });
    const moved = ResolutionRecord.of({ sequence: 3, host: next, moved: true });
    for (const [previous, later] of [
      [first, announced],
      [announced, moved],
      [first, moved],
      [moved, ResolutionRecord.of({ sequence: 9, host: next, moved: true })],
    ] as const) {
      expect(later.mayFollow(previous)).toBe(true);
      expect(previous.mayFollow(later)).toBe(false);
    }
    expect(first.mayFollow(first)).toBe(false);
    expect(ResolutionRecord.of({ sequence: 4, host: next }).mayFollow(moved)).toBe(false);
    expect(ResolutionRecord.of({ sequence: 4, host: other }).mayFollow(announced)).toBe(false);
    expect(ResolutionRecord.of({ sequence: 4 }).mayFollow(announced)).toBe(false);
  });

  test('arguments are checked', () => {
    for (const bad of [{ sequence: -1 }, { host: 'x' as never }, { moved: true }, { moved: 1 as never }, { pointer: 'x' as never }]) {
      expect(() => ResolutionRecord.of({ sequence: 1, ...bad })).toThrow(ArgumentError);
    }
    expect(() => ResolutionRecord.of({ sequence: 1 }).mayFollow({} as never)).toThrow(ArgumentError);
  });
});

test('MAX_IPNS_RECORD_SIZE', () => {
  const sized = (size: number): Uint8Array => {
    // Field 100 as filling.
    const entry = resigned(() => undefined).encode();
    const length = size - entry.length - 4;
    return concatBytes(entry, Uint8Array.of(0xa2, 0x06, (length & 0x7f) | 0x80, length >> 7), new Uint8Array(length));
  };
  expect(sized(MAX_IPNS_RECORD_SIZE)).toHaveLength(MAX_IPNS_RECORD_SIZE);
  expect(IpnsEntry.decode(sized(MAX_IPNS_RECORD_SIZE)).claimedRecord.sequence).toBe(1);
  expect(() => IpnsEntry.decode(sized(MAX_IPNS_RECORD_SIZE + 1))).toThrow(LimitError);
  expect(() => IpnsEntry.of(new Uint8Array(64), new Uint8Array(MAX_IPNS_RECORD_SIZE + 1))).toThrow(LimitError);
});

test('arguments are checked', () => {
  const record = ResolutionRecord.of({ sequence: 1 });
  expect(() => IpnsEntry.sign(crypto, pair.secretKey, {} as never, now)).toThrow(ArgumentError);
  expect(() => IpnsEntry.sign(crypto, pair.secretKey, record, -1)).toThrow(ArgumentError);
  expect(() => IpnsEntry.sign(crypto, pair.secretKey, record, Date.UTC(9999, 0, 1))).toThrow(ArgumentError);
  expect(() => IpnsEntry.of(new Uint8Array(63), new Uint8Array())).toThrow(FormatError);
  expect(() => IpnsEntry.of('x' as never, new Uint8Array())).toThrow(ArgumentError);
  expect(() => IpnsEntry.decode('x' as never)).toThrow(ArgumentError);
  const entry = IpnsEntry.sign(crypto, pair.secretKey, record, now);
  expect(() => entry.verify(crypto, id, Number.NaN)).toThrow(ArgumentError);
  expect(entry.equals(undefined)).toBe(false);
});
