import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { Cid, CidCodec } from '../codec/cid.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { Bat } from '../keys/bat.js';
import { SignedRequest } from '../keys/signed-request.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { MAX_BLOCK_SIZE, MAX_OP_LOG_SIZE, MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import { EntryPoints } from '../model/user-static-data.js';
import v from '../../../../vectors/05/op-log.json' with { type: 'json' };
import { BLOCK_SIGNATURE_SIZE, BlockWrite, PointerWrite } from './block-write.js';
import { LoginData } from './login-data.js';
import { OpLog } from './op-log.js';

const crypto = await loadCrypto();
const identity = SigningKeyPair.fromSeed(crypto, fromHex(v.identitySeed));
const writer = identity.publicKey.hash;
const block = BlockWrite.of(writer, fromHex(v.blockSignature), fromHex(v.block), false);
const pointer = PointerWrite.of(writer, fromHex(v.pointerSignature));

test('vector', () => {
  const log = OpLog.of([block, pointer]);
  expect(toHex(log.encode())).toBe(v.opLog);
  const read = OpLog.decode(fromHex(v.opLog));
  expect(read.equals(log)).toBe(true);
  expect(read.operations[0]).toBeInstanceOf(BlockWrite);
  expect(read.operations[1]).toBeInstanceOf(PointerWrite);
  expect([read.login, read.mirrorBat]).toEqual([undefined, undefined]);
});

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => OpLog.decode(fromHex(cbor))).toThrow(FormatError);
});

describe('a complete log', () => {
  const data = LoginData.of('alice', EntryPoints.of([], { identity }).seal(crypto, SymmetricKey.generate(crypto)), identity.publicKey);
  const bat = Bat.generate(crypto).withMirrorId(crypto);
  const auth = SignedRequest.of('peergos/v0/bats/addBat', 1_700_000_000_000).sign(crypto, identity.secretKey);
  const signed = BlockWrite.sign(crypto, identity.signer, Uint8Array.of(1, 2, 3), true);
  const log = OpLog.of([signed, pointer], { login: { data, auth: data.sign(crypto, identity.secretKey) }, mirrorBat: { bat, auth } });

  test('survives', () => {
    const read = OpLog.decode(log.encode());
    expect(read.equals(log)).toBe(true);
    expect(read.login?.data.isSignedBy(crypto, identity.publicKey, read.login.auth)).toBe(true);
    expect(read.mirrorBat?.bat.equals(bat)).toBe(true);
    expect(toHex(read.mirrorBat?.auth ?? new Uint8Array())).toBe(toHex(auth));
    expect(read.equals(OpLog.of(log.operations))).toBe(false);
    expect(OpLog.of([pointer, signed]).equals(OpLog.of([signed, pointer]))).toBe(false);
  });

  test('the secret BAT is not printed', () => {
    expect(JSON.stringify(log.mirrorBat?.bat)).toBe('"BatWithId(redacted)"');
  });

  test('arguments are checked', () => {
    expect(() => OpLog.of([{} as never])).toThrow(ArgumentError);
    expect(() => OpLog.of([], { login: { data, auth: new Uint8Array(63) } })).toThrow(ArgumentError);
    expect(() => OpLog.of([], { login: { data: {} as never, auth: new Uint8Array(64) } })).toThrow(ArgumentError);
    expect(() => OpLog.of([], { mirrorBat: { bat: {} as never, auth } })).toThrow(ArgumentError);
    expect(() => OpLog.of([], { mirrorBat: { bat, auth: new Uint8Array() } })).toThrow(ArgumentError);
    expect(() => OpLog.of([], { mirrorBat: { bat, auth: new Uint8Array(257) } })).toThrow(ArgumentError);
    expect(() => OpLog.decode('a0' as never)).toThrow(ArgumentError);
  });
});

describe('a block', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const signed = BlockWrite.sign(crypto, identity.signer, bytes, false);

  test('is signed by its writer', () => {
    expect(signed.signature).toHaveLength(BLOCK_SIGNATURE_SIZE);
    expect(signed.isSignedBy(crypto, identity.publicKey)).toBe(true);
    expect(signed.isSignedBy(crypto, SigningKeyPair.generate(crypto).publicKey)).toBe(false);
    expect(block.isSignedBy(crypto, identity.publicKey)).toBe(false);
    for (const at of [0, 70]) {
      const forged = BlockWrite.of(
        writer,
        signed.signature.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        bytes,
        false,
      );
      expect(forged.isSignedBy(crypto, identity.publicKey)).toBe(false);
    }
    expect(BlockWrite.of(writer, signed.signature, Uint8Array.of(1, 2), false).isSignedBy(crypto, identity.publicKey)).toBe(false);
  });

  test('has the CID of its codec', () => {
    const hash = crypto.sha256(bytes);
    expect(signed.cid(crypto).equals(Cid.ofSha256(hash, CidCodec.dagCbor))).toBe(true);
    expect(BlockWrite.of(writer, signed.signature, bytes, true).cid(crypto).equals(Cid.ofSha256(hash, CidCodec.raw))).toBe(true);
  });

  test('differs from a pointer', () => {
    expect(signed.equals(pointer)).toBe(false);
    expect(pointer.equals(signed)).toBe(false);
  });

  test('arguments are checked', () => {
    expect(() => BlockWrite.of({} as never, signed.signature, bytes, true)).toThrow(ArgumentError);
    expect(() => BlockWrite.of(writer, new Uint8Array(), bytes, true)).toThrow(ArgumentError);
    expect(() => BlockWrite.of(writer, new Uint8Array(97), bytes, true)).toThrow(ArgumentError);
    expect(() => BlockWrite.of(writer, signed.signature, new Uint8Array(), true)).toThrow(ArgumentError);
    expect(() => BlockWrite.of(writer, signed.signature, bytes, 1 as never)).toThrow(ArgumentError);
    expect(() => BlockWrite.sign(crypto, identity as never, bytes, true)).toThrow(ArgumentError);
    expect(() => PointerWrite.of({} as never, bytes)).toThrow(ArgumentError);
    expect(() => PointerWrite.of(writer, new Uint8Array())).toThrow(ArgumentError);
  });
});

describe('limits', () => {
  test('MAX_OP_LOG_SIZE', () => {
    const sized = (length: number): OpLog => OpLog.of([BlockWrite.of(writer, new Uint8Array(96), new Uint8Array(length), true)]);
    const overhead = sized(60_000).encode().length - 60_000;
    const largest = sized(MAX_OP_LOG_SIZE - overhead).encode();
    expect(largest.length).toBe(MAX_OP_LOG_SIZE);
    expect(OpLog.decode(largest).encode()).toEqual(largest);
    expect(() => sized(MAX_OP_LOG_SIZE - overhead + 1)).toThrow(LimitError);
    expect(() => OpLog.decode(new Uint8Array(MAX_OP_LOG_SIZE + 1))).toThrow(LimitError);
  });

  test('MAX_BLOCK_SIZE', () => {
    const sized = (length: number): BlockWrite => BlockWrite.of(writer, new Uint8Array(96), new Uint8Array(length), true);
    const largest = sized(MAX_BLOCK_SIZE);
    expect(BlockWrite.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_BLOCK_SIZE + 1)).toThrow(ArgumentError);
  });

  test('MAX_SIGNED_POINTER_SIZE', () => {
    const sized = (length: number): PointerWrite => PointerWrite.of(writer, new Uint8Array(length));
    const largest = sized(MAX_SIGNED_POINTER_SIZE);
    expect(PointerWrite.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_SIGNED_POINTER_SIZE + 1)).toThrow(ArgumentError);
  });
});
