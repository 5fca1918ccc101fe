import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { Cid, CidCodec, parseCid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { openSigned, SigningKeyPair } from '../keys/signing-key.js';
import { MAX_MULTI_WRITER_COMMIT_SIZE, MAX_POINTER_SEQUENCE, MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import v from '../../../../vectors/03/pointers.json' with { type: 'json' };
import { maybeMultihashFromCbor, maybeMultihashToCbor } from './maybe-multihash.js';
import { decodeMultiWriterCommit, encodeMultiWriterCommit, nextSequence, PointerUpdate } from './pointer-update.js';

const crypto = await loadCrypto();
const A = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1));
const cid = (text: string | null): Cid | undefined => (text === null ? undefined : parseCid(text));
const [X, Y] = v.opaque.map((value) => parseCid(value.cid)) as [Cid, Cid];
const linkHash = (hex: string): PublicKeyHash => PublicKeyHash.fromCid(decodeCbor(fromHex(hex)) as Cid);

test.each(v.keys)('key $name of the vectors', (key) => {
  const { publicKey } = SigningKeyPair.fromSeed(crypto, fromHex(key.seed));
  expect(toHex(publicKey.encode())).toBe(key.publicKey);
  expect(toHex(publicKey.hash.cid.bytes)).toBe(key.cid);
  expect(toHex(publicKey.hash.encode())).toBe(key.hash);
  expect(publicKey.hash.toString()).toBe(key.text);
});

test.each(v.opaque)('the opaque value $text', (value) => {
  const digest = crypto.sha256(new TextEncoder().encode(value.text));
  expect(Cid.ofSha256(digest, CidCodec.dagCbor).toString()).toBe(value.cid);
  expect(toHex(parseCid(value.cid).bytes)).toBe(value.bytes);
});

describe('PointerUpdate', () => {
  test.each(v.valid)('vector: $name', (vector) => {
    const update = PointerUpdate.decode(fromHex(vector.cbor));
    expect(update.original?.toString() ?? null).toBe(vector.original);
    expect(update.updated?.toString() ?? null).toBe(vector.updated);
    expect(update.sequence ?? null).toBe(vector.sequence);
    expect(toHex(update.encode())).toBe(vector.cbor);
    if (vector.sequence === null) return;
    const built = PointerUpdate.of(cid(vector.original), cid(vector.updated), vector.sequence);
    expect(built.equals(update)).toBe(true);
    expect(toHex(built.encode())).toBe(vector.cbor);
    if (vector.signedByA !== undefined) {
      const signed = built.sign(crypto, A.signer);
      expect(toHex(signed)).toBe(vector.signedByA + vector.cbor);
      expect(signed.length).toBe(built.signedSize);
      expect(toHex(openSigned(crypto, A.publicKey, signed))).toBe(vector.cbor);
      expect(PointerUpdate.decodeVerifiedBefore(signed).equals(built)).toBe(true);
    }
  });

  test.each(v.invalid)('refuses: $reason', ({ cbor }) => {
    expect(() => PointerUpdate.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('extra elements are ignored, version 0 CIDs are read', () => {
    const v0 = Cid.v0(X.multihash);
    expect(maybeMultihashFromCbor(v0.bytes)?.equals(v0)).toBe(true);
    expect(maybeMultihashToCbor(undefined)).toBeNull();
    const update = PointerUpdate.fromCbor([v0.bytes, X.bytes, 4, 'more']);
    expect(update.original?.equals(v0)).toBe(true);
    expect(update.sequence).toBe(4);
    expect(() => maybeMultihashFromCbor(undefined)).toThrow(FormatError);
  });

  test.each(v.sizes)('a signed update with sequence $sequence has $signedSize bytes', ({ sequence, signedSize }) => {
    const update = PointerUpdate.of(X, Y, sequence);
    expect(update.signedSize).toBe(signedSize);
    expect(update.sign(crypto, A.signer).length).toBe(signedSize);
    expect(signedSize).toBeLessThanOrEqual(MAX_SIGNED_POINTER_SIZE);
  });

  test('sequences grow by one and end where updates stop fitting', () => {
    expect([nextSequence(undefined), nextSequence(0), nextSequence(4)]).toEqual([1, 1, 5]);
    expect(nextSequence(MAX_POINTER_SEQUENCE - 1)).toBe(MAX_POINTER_SEQUENCE);
    expect(() => nextSequence(MAX_POINTER_SEQUENCE)).toThrow(LimitError);
    expect(() => nextSequence(-1)).toThrow(ArgumentError);
    expect(() => PointerUpdate.of(X, Y, MAX_POINTER_SEQUENCE + 1)).toThrow(ArgumentError);
  });

  test('the next update continues from the current one', () => {
    const first = PointerUpdate.next(undefined, X);
    expect(first.equals(PointerUpdate.of(undefined, X, 1))).toBe(true);
    expect(PointerUpdate.next(first, undefined).equals(PointerUpdate.of(X, undefined, 2))).toBe(true);
    expect(PointerUpdate.next({ updated: X, sequence: undefined }, Y).sequence).toBe(1);
    expect(() => PointerUpdate.next(first, X)).toThrow(ArgumentError);
  });

  test('arguments are checked', () => {
    expect(() => PointerUpdate.of(X, X, 1)).toThrow(ArgumentError);
    expect(() => PointerUpdate.of('X' as unknown as Cid, Y, 1)).toThrow(ArgumentError);
    expect(() => PointerUpdate.of(undefined, Y, 1).sign(crypto, A as never)).toThrow(ArgumentError);
    expect(() => PointerUpdate.decodeVerifiedBefore(new Uint8Array(64))).toThrow(FormatError);
  });
});

describe('MultiWriterCommit', () => {
  test.each(v.commits)('vector: $name', (vector) => {
    const updates = decodeMultiWriterCommit(fromHex(vector.cbor));
    expect(updates.map(({ writer, signed }) => ({ writer: toHex(writer.encode()), signed: toHex(signed) }))).toEqual(vector.updates);
    const built = vector.updates.map(({ writer, signed }) => ({ writer: linkHash(writer), signed: fromHex(signed) }));
    expect(toHex(encodeMultiWriterCommit(built))).toBe(vector.rewritten ?? vector.cbor);
  });

  test.each(v.invalidCommits)('refuses: $reason', ({ cbor }) => {
    expect(() => decodeMultiWriterCommit(fromHex(cbor))).toThrow(FormatError);
  });

  test('a writer occurs once, and the size is limited', () => {
    const update = { writer: A.publicKey.hash, signed: new Uint8Array(3) };
    expect(() => encodeMultiWriterCommit([update, update])).toThrow(ArgumentError);
    const frame = encodeMultiWriterCommit([{ ...update, signed: new Uint8Array(70_000) }]).length - 70_000;
    const largest = MAX_MULTI_WRITER_COMMIT_SIZE - frame;
    const bytes = encodeMultiWriterCommit([{ ...update, signed: new Uint8Array(largest) }]);
    expect(bytes.length).toBe(MAX_MULTI_WRITER_COMMIT_SIZE);
    expect(decodeMultiWriterCommit(bytes)).toHaveLength(1);
    expect(() => encodeMultiWriterCommit([{ ...update, signed: new Uint8Array(largest + 1) }])).toThrow(LimitError);
    expect(() => decodeMultiWriterCommit(new Uint8Array(MAX_MULTI_WRITER_COMMIT_SIZE + 1))).toThrow(LimitError);
  });
});
