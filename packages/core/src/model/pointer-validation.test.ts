import { describe, expect, test } from 'vitest';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { Cid, CidCodec, parseCid } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { signAttached, SigningKeyPair } from '../keys/signing-key.js';
import { MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import type { PointerStore } from '../store/pointer-store.js';
import v from '../../../../vectors/03/pointers.json' with { type: 'json' };
import { MemoryBlocks } from './memory-blocks.js';
import { maybeMultihashToCbor } from './maybe-multihash.js';
import { PointerUpdate } from './pointer-update.js';
import { assertNotRolledBack, openPointer, readPointer, validatePointerUpdate } from './pointer-validation.js';
import { readCommittedWriterData } from './read-writer-data.js';
import { WriterData } from './writer-data.js';

const crypto = await loadCrypto();
const [A, B] = [1, 2].map((byte) => SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(byte))) as [SigningKeyPair, SigningKeyPair];
const [X, Y] = v.opaque.map(({ cid }) => parseCid(cid)) as [Cid, Cid];
const signed = (from: Cid | undefined, to: Cid | undefined, sequence: number): Uint8Array =>
  PointerUpdate.of(from, to, sequence).sign(crypto, A.signer);
const legacy = (from: Cid | undefined, to: Cid | undefined): Uint8Array =>
  signAttached(crypto, A.signer.secretKey, encodeCbor([maybeMultihashToCbor(from), maybeMultihashToCbor(to)]));
const validate = (current: Uint8Array | undefined, update: Uint8Array): PointerUpdate =>
  validatePointerUpdate(crypto, A.publicKey, current, update);

describe('validatePointerUpdate', () => {
  test('accepts a first write, the next, a gap, a deletion and a revival', () => {
    expect(validate(undefined, signed(undefined, X, 1)).updated?.equals(X)).toBe(true);
    expect(validate(signed(undefined, X, 1), signed(X, Y, 2)).sequence).toBe(2);
    expect(validate(signed(undefined, X, 1), signed(X, Y, 4000)).sequence).toBe(4000);
    expect(validate(signed(undefined, X, 1), signed(X, undefined, 2)).updated).toBeUndefined();
    expect(validate(signed(X, undefined, 2), signed(undefined, Y, 3)).sequence).toBe(3);
  });

  test('reports a stale original before anything about the sequence', () => {
    expect(() => validate(signed(X, Y, 7), signed(X, undefined, 3))).toThrow(
      expect.objectContaining({ code: 'conflict.pointer', message: v.conflicts[0]!.message }) as Error,
    );
    expect(() => validate(undefined, signed(X, Y, 3))).toThrow(expect.objectContaining({ message: v.conflicts[1]!.message }) as Error);
  });

  test('compares version and codec of targets', () => {
    const others = [Cid.v0(X.multihash), Cid.v1(CidCodec.raw, X.multihash)];
    for (const other of others) {
      expect(() => validate(signed(undefined, X, 1), signed(other, Y, 2))).toThrow(
        expect.objectContaining({ code: 'conflict.pointer' }) as Error,
      );
    }
  });

  test.each([
    [1, '5 => 1'],
    [5, '5 => 5'],
  ])('refuses sequence %i after 5', (sequence, text) => {
    expect(() => validate(signed(undefined, X, 5), signed(X, Y, sequence))).toThrow(
      expect.objectContaining({ code: 'denied.pointer', message: `Invalid sequence number update in mutable pointer: ${text}` }) as Error,
    );
  });

  test('an update without sequence is fine only while there was none', () => {
    expect(validate(undefined, legacy(undefined, X)).sequence).toBeUndefined();
    expect(validate(legacy(undefined, X), legacy(X, Y)).sequence).toBeUndefined();
    expect(validate(legacy(undefined, X), signed(X, Y, 1)).sequence).toBe(1);
    expect(() => validate(signed(undefined, X, 1), legacy(X, Y))).toThrow('mutable pointer: 1 => none');
  });

  test('refuses what is longer than a server takes, at the limit and above', () => {
    const fill = (size: number): Uint8Array =>
      signAttached(crypto, A.signer.secretKey, encodeCbor([null, X.bytes, 1, new Uint8Array(size - 64 - 43)]));
    expect(fill(MAX_SIGNED_POINTER_SIZE).length).toBe(MAX_SIGNED_POINTER_SIZE);
    expect(validate(undefined, fill(MAX_SIGNED_POINTER_SIZE)).sequence).toBe(1);
    expect(() => validate(undefined, fill(MAX_SIGNED_POINTER_SIZE + 1))).toThrow(
      expect.objectContaining({ code: 'denied.pointer', message: 'Pointer update too big! 148' }) as Error,
    );
  });

  test('refuses a foreign, damaged or missing signature and a malformed update', () => {
    const bad = { code: 'crypto.signature' };
    const update = signed(undefined, X, 1);
    expect(() => validatePointerUpdate(crypto, B.publicKey, undefined, update)).toThrow(expect.objectContaining(bad) as Error);
    expect(() => validate(undefined, update.with(0, update[0]! ^ 1))).toThrow(expect.objectContaining(bad) as Error);
    expect(() => validate(undefined, update.with(70, update[70]! ^ 1))).toThrow(expect.objectContaining(bad) as Error);
    expect(() => validate(undefined, new Uint8Array(0))).toThrow(expect.objectContaining(bad) as Error);
    for (const { cbor } of v.invalid) {
      const content = Uint8Array.from(cbor.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      expect(() => validate(undefined, signAttached(crypto, A.signer.secretKey, content))).toThrow(FormatError);
    }
    expect(() => validate(undefined, 'x' as never)).toThrow(ArgumentError);
  });
});

describe('reading a pointer', () => {
  const owner = A.publicKey.hash;
  const blocks = new MemoryBlocks(crypto);
  const lookup = { hasher: crypto, blocks, context: { owner } };
  const holding = (bytes: Uint8Array | undefined): PointerStore => ({
    getPointer: async () => bytes,
    setPointer: async () => false,
    setPointers: async () => false,
  });

  test('verifies and decodes', async () => {
    const bytes = signed(X, Y, 4);
    expect(openPointer(crypto, A.publicKey, bytes).equals(PointerUpdate.of(X, Y, 4))).toBe(true);
    expect((await readPointer(crypto, holding(bytes), owner, owner, lookup))?.update.sequence).toBe(4);
    expect(() => openPointer(crypto, B.publicKey, bytes)).toThrow(expect.objectContaining({ code: 'crypto.signature' }) as Error);
  });

  test('nothing, an empty answer and an unknown key are an absent pointer; a bad signature is not', async () => {
    expect(await readPointer(crypto, holding(undefined), owner, owner, lookup)).toBeUndefined();
    expect(await readPointer(crypto, holding(new Uint8Array(0)), owner, owner, lookup)).toBeUndefined();
    const unknown = PublicKeyHash.fromCid(X);
    expect(await readPointer(crypto, holding(signed(X, Y, 4)), owner, unknown, lookup)).toBeUndefined();
    await expect(readPointer(crypto, holding(signed(X, Y, 4)), owner, B.publicKey.hash, lookup)).rejects.toMatchObject({
      code: 'crypto.signature',
    });
  });

  test('a key that is a block of its own is resolved', async () => {
    const hash = PublicKeyHash.fromCid(blocks.putCbor(A.publicKey.encode()));
    expect((await readPointer(crypto, holding(signed(X, Y, 4)), owner, hash, lookup))?.update.sequence).toBe(4);
  });

  test('the WriterData behind it must name the writer as its controller', async () => {
    const own = blocks.putCbor(WriterData.of(owner).encode());
    const version = await readCommittedWriterData(crypto, holding(signed(undefined, own, 3)), owner, owner, lookup);
    expect([version.hash?.toString(), version.sequence, version.writerData?.controller.toString()]).toEqual([
      String(own),
      3,
      String(owner),
    ]);
    const foreign = blocks.putCbor(WriterData.of(B.publicKey.hash).encode());
    await expect(readCommittedWriterData(crypto, holding(signed(undefined, foreign, 3)), owner, owner, lookup)).rejects.toMatchObject({
      code: 'denied.pointer',
      message: `WriterData controller mismatch for ${owner.toString()}`,
    });
    await expect(readCommittedWriterData(crypto, holding(signed(undefined, X, 3)), owner, owner, lookup)).rejects.toMatchObject({
      code: 'not-found.block',
    });
  });

  test('a deleted subspace has a sequence but no target, a new writer has neither', async () => {
    const deleted = await readCommittedWriterData(crypto, holding(signed(X, undefined, 9)), owner, owner, lookup);
    expect([deleted.hash, deleted.sequence, deleted.writerData]).toEqual([undefined, 9, undefined]);
    const fresh = await readCommittedWriterData(crypto, holding(undefined), owner, owner, lookup);
    expect([fresh.hash, fresh.sequence]).toEqual([undefined, undefined]);
    expect(decodeCbor(fresh.encode())).toEqual(new Map([['h', null]]));
  });
});

describe('rollback', () => {
  const stale = expect.objectContaining({ code: 'denied.stale' }) as Error;

  test('the same or a later version is fine', () => {
    assertNotRolledBack(undefined, undefined);
    assertNotRolledBack(undefined, signed(undefined, X, 1));
    assertNotRolledBack(signed(X, Y, 2), signed(X, Y, 2));
    assertNotRolledBack(signed(undefined, X, 1), signed(X, Y, 2));
    assertNotRolledBack(legacy(undefined, X), legacy(X, Y));
    assertNotRolledBack(legacy(undefined, X), signed(X, Y, 1));
  });

  test('an earlier version, a lost sequence and a lost pointer are refused', () => {
    expect(() => assertNotRolledBack(signed(X, Y, 2), signed(undefined, X, 1))).toThrow(stale);
    expect(() => assertNotRolledBack(signed(X, Y, 2), legacy(undefined, X))).toThrow(stale);
    expect(() => assertNotRolledBack(signed(X, Y, 2), undefined)).toThrow(stale);
    expect(() => assertNotRolledBack(legacy(undefined, X), undefined)).toThrow(stale);
  });
});
