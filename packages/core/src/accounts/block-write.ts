import { assertBoolean, assertInstance, assertMethods } from '../arguments.js';
import { copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec } from '../codec/cid.js';
import type { CryptoProvider, Hasher } from '../crypto/provider.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import {
  type PublicSigningKey,
  SIGNATURE_SIZE,
  signAttached,
  type Signer,
  SigningPrivateKeyAndPublicHash,
  verifyDetached,
} from '../keys/signing-key.js';
import { MAX_BLOCK_SIZE, MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import { assertBoundedBytes, boundedBytes } from './bounded-fields.js';

/** Bytes of the attached signature of a block: 64 and the SHA-256 (chapter 01 section 10.3). */
export const BLOCK_SIGNATURE_SIZE = 96;

/** One block of an operation log (chapter 05 section 12.2). Immutable; the signature is not verified by parsing. */
export class BlockWrite implements ToCbor {
  private constructor(
    readonly writer: PublicKeyHash,
    /** Attached signature over the SHA-256 of the block: {@link BLOCK_SIGNATURE_SIZE} bytes when it is one. Never modify it. */
    readonly signature: Uint8Array,
    /** The block; never modify it. */
    readonly block: Uint8Array,
    /** Raw codec; otherwise dag-cbor. */
    readonly isRaw: boolean,
  ) {}

  /** Puts an operation together. */
  static of(writer: PublicKeyHash, signature: Uint8Array, block: Uint8Array, isRaw: boolean): BlockWrite {
    assertInstance('writer', writer, PublicKeyHash);
    assertBoundedBytes('signature', signature, 1, BLOCK_SIGNATURE_SIZE);
    assertBoundedBytes('block', block, 1, MAX_BLOCK_SIZE);
    assertBoolean('isRaw', isRaw);
    return new BlockWrite(writer, copyBytes(signature), copyBytes(block), isRaw);
  }

  /** Signs a block. */
  static sign(crypto: CryptoProvider, writer: Signer, block: Uint8Array, isRaw: boolean): BlockWrite {
    assertInstance('writer', writer, SigningPrivateKeyAndPublicHash);
    assertMethods('crypto', crypto, 'sha256');
    return BlockWrite.of(writer.publicKeyHash, signAttached(crypto, writer.secretKey, crypto.sha256(block)), block, isRaw);
  }

  /** Reads the map `{"w", "s", "b", "r"}`. */
  static fromCbor(value: CborValue, where = 'BlockWrite'): BlockWrite {
    const fields = CborFields.map('format.account', where, value);
    return new BlockWrite(
      PublicKeyHash.fromCid(fields.link('w'), fields.path('w')),
      boundedBytes(fields, 's', 1, BLOCK_SIGNATURE_SIZE),
      boundedBytes(fields, 'b', 1, MAX_BLOCK_SIZE),
      fields.boolean('r'),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BlockWrite {
    return BlockWrite.fromCbor(decodeCbor(bytes));
  }

  /** The CID under which the block is stored. */
  cid(hasher: Pick<Hasher, 'sha256'>): Cid {
    assertMethods('hasher', hasher, 'sha256');
    return Cid.ofSha256(hasher.sha256(this.block), this.isRaw ? CidCodec.raw : CidCodec.dagCbor);
  }

  /** Whether the signature is one by `writerKey` over this block. `writerKey` must be what `writer` names. */
  isSignedBy(crypto: CryptoProvider, writerKey: PublicSigningKey): boolean {
    assertMethods('crypto', crypto, 'sha256');
    const hash = crypto.sha256(this.block);
    return (
      equalBytes(this.signature.subarray(SIGNATURE_SIZE), hash) &&
      verifyDetached(crypto, writerKey, this.signature.subarray(0, SIGNATURE_SIZE), hash)
    );
  }

  /** Value equality. */
  equals(other: BlockWrite | PointerWrite | undefined): boolean {
    return (
      other instanceof BlockWrite &&
      this.writer.equals(other.writer) &&
      this.isRaw === other.isRaw &&
      equalBytes(this.signature, other.signature) &&
      equalBytes(this.block, other.block)
    );
  }

  /** The map `{"w", "s", "b", "r"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.block],
      ['r', this.isRaw],
      ['s', this.signature],
      ['w', this.writer.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** One pointer update of an operation log (chapter 05 section 12.2). Immutable; the signature is not verified by parsing. */
export class PointerWrite implements ToCbor {
  private constructor(
    readonly writer: PublicKeyHash,
    /** The signed PointerUpdate (chapter 03 section 2.3); never modify it. */
    readonly signed: Uint8Array,
  ) {}

  /** Puts an operation together. */
  static of(writer: PublicKeyHash, signed: Uint8Array): PointerWrite {
    assertInstance('writer', writer, PublicKeyHash);
    assertBoundedBytes('signed', signed, 1, MAX_SIGNED_POINTER_SIZE);
    return new PointerWrite(writer, copyBytes(signed));
  }

  /** Reads the map `{"w", "s"}`. */
  static fromCbor(value: CborValue, where = 'PointerWrite'): PointerWrite {
    const fields = CborFields.map('format.account', where, value);
    return new PointerWrite(
      PublicKeyHash.fromCid(fields.link('w'), fields.path('w')),
      boundedBytes(fields, 's', 1, MAX_SIGNED_POINTER_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PointerWrite {
    return PointerWrite.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BlockWrite | PointerWrite | undefined): boolean {
    return other instanceof PointerWrite && this.writer.equals(other.writer) && equalBytes(this.signed, other.signed);
  }

  /** The map `{"w", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['s', this.signed],
      ['w', this.writer.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
