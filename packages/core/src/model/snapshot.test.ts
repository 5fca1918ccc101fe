import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec, parseCid } from '../codec/cid.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import v from '../../../../vectors/03/writer-data.json' with { type: 'json' };
import { CommittedWriterData } from './committed-writer-data.js';
import { Snapshot } from './snapshot.js';

const crypto = await loadCrypto();
const [A, B] = [1, 2].map((byte) => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(byte)).publicKey.hash) as [
  PublicKeyHash,
  PublicKeyHash,
];
const X = parseCid(v.snapshots[0]!.hash);
const at = (sequence: number): CommittedWriterData => CommittedWriterData.of(X, sequence, undefined);
const conflict = expect.objectContaining({ code: 'conflict.snapshot' }) as Error;
const blockHash = (fill: number): PublicKeyHash => PublicKeyHash.fromCid(Cid.ofSha256(new Uint8Array(32).fill(fill), CidCodec.dagCbor));
const inlineHash = (...digest: number[]): PublicKeyHash =>
  PublicKeyHash.fromCid(Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, Uint8Array.from(digest))));

describe('Snapshot', () => {
  test.each(v.snapshots)('vector: $name', (vector) => {
    const snapshot = Snapshot.decode(fromHex(vector.cbor));
    expect(snapshot.writers.map((writer) => toHex(writer.encode()))).toEqual([vector.writer]);
    expect(snapshot.get(A)?.hash?.toString()).toBe(vector.hash);
    expect(snapshot.get(A)?.sequence).toBe(vector.sequence);
    expect(toHex(snapshot.encode())).toBe(vector.cbor);
    expect(toHex(Snapshot.of(A, at(7)).encode())).toBe(vector.cbor);
  });

  test.each(v.invalidSnapshots)('refuses: $reason', ({ cbor }) => {
    expect(() => Snapshot.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('writers are sorted by digest length, signed bytes and code, and read in any order', () => {
    const sorted = [
      inlineHash(1, 2),
      inlineHash(0x80, 0, 0),
      inlineHash(0, 0, 0),
      inlineHash(0, 0, 1),
      inlineHash(0x7f, 0, 0),
      blockHash(0x80),
      blockHash(0xff),
      inlineHash(...new Uint8Array(32).fill(1)),
      blockHash(1),
      A,
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(sorted, { minLength: sorted.length }), (shuffled) => {
        const snapshot = shuffled.reduce((sum, writer) => sum.withVersion(writer, at(1)), Snapshot.empty());
        expect(snapshot.writers.map(String)).toEqual(sorted.map(String));
        const unsorted = shuffled.flatMap((writer) => [writer.toCbor(), at(1).toCbor()]);
        expect(Snapshot.fromCbor(unsorted).encode()).toEqual(snapshot.encode());
      }),
    );
  });

  test('merge is the union and refuses unequal versions', () => {
    const [a, b] = [Snapshot.of(A, at(1)), Snapshot.of(B, at(2))];
    const both = a.merge(b);
    expect([both.size, both.get(A)?.sequence, both.get(B)?.sequence]).toEqual([2, 1, 2]);
    expect(both.equals(b.merge(a))).toBe(true);
    expect(both.merge(a).equals(both)).toBe(true);
    expect(() => both.merge(Snapshot.of(A, at(2)))).toThrow(conflict);
    expect(() => both.merge('x' as never)).toThrow(ArgumentError);
  });

  test('overwrite lets the other win', () => {
    const both = Snapshot.of(A, at(1))
      .withVersion(B, at(2))
      .overwrite(Snapshot.of(A, at(9)));
    expect([both.size, both.get(A)?.sequence, both.get(B)?.sequence]).toEqual([2, 9, 2]);
  });

  test('withVersion, remove and retainOnly leave the original alone', () => {
    const both = Snapshot.of(A, at(1)).withVersion(B, at(2));
    expect(both.withVersion(A, at(5)).get(A)?.sequence).toBe(5);
    expect(both.remove(A).writers.map(String)).toEqual([String(B)]);
    expect(both.retainOnly(A).writers.map(String)).toEqual([String(A)]);
    expect(both.remove(A).retainOnly(A).size).toBe(0);
    expect([both.size, both.get(A)?.sequence, both.has(B)]).toEqual([2, 1, true]);
    expect(both.equals(both.remove(A))).toBe(false);
  });

  test('withWriter asks only for what is missing', async () => {
    const asked: string[] = [];
    const fetch = async (writer: PublicKeyHash, isReadOnly: boolean): Promise<Snapshot> => {
      asked.push(`${writer.toString()} ${isReadOnly}`);
      return Snapshot.of(writer, at(3)).withReadOnly(isReadOnly);
    };
    const both = await (await Snapshot.of(A, at(1)).withWriter(A, fetch)).withReadOnly(true).withWriter(B, fetch);
    expect(asked).toEqual([`${B.toString()} true`]);
    expect([both.get(B)?.sequence, both.isReadOnly]).toEqual([3, true]);
  });

  test('the read-only flag spreads, can be cleared and is not serialised', () => {
    const readOnly = Snapshot.of(A, at(1)).withReadOnly(true);
    expect(Snapshot.of(B, at(1)).merge(readOnly).isReadOnly).toBe(true);
    expect(readOnly.overwrite(Snapshot.of(B, at(1))).isReadOnly).toBe(true);
    expect(readOnly.withVersion(B, at(1)).isReadOnly).toBe(true);
    expect(readOnly.withReadOnly(false).isReadOnly).toBe(false);
    expect(Snapshot.decode(readOnly.encode()).isReadOnly).toBe(false);
    expect(readOnly.equals(readOnly.withReadOnly(false))).toBe(true);
  });
});
