import { assertBoolean, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { LimitError } from '../errors.js';
import { openSigned, type PublicSigningKey, type SecretSigningKey, SIGNATURE_SIZE, signAttached } from '../keys/signing-key.js';
import { MAX_PAYMENT_PROOF_SIZE, MAX_SIGNED_SPACE_REQUEST_SIZE } from '../limits.js';
import { assertBoundedBytes, boundedBytes, optionalBoundedBytes, usernameField } from './bounded-fields.js';
import { assertWireUsername } from './usernames.js';

/** A user's wish for a quota, which its identity key signs (chapter 05 section 22.2). Immutable. */
export class SpaceRequest implements ToCbor {
  private constructor(
    readonly username: string,
    /** Bytes wanted in all. */
    readonly bytes: number,
    /** Billed once a year instead of monthly. */
    readonly annual: boolean,
    /** When it was signed, ms since the epoch. */
    readonly time: number,
    readonly paymentProof: Uint8Array | undefined,
  ) {}

  /** Builds a request; `annual` is false unless said otherwise. */
  static of(parts: {
    readonly username: string;
    readonly bytes: number;
    readonly annual?: boolean | undefined;
    readonly time: number;
    readonly paymentProof?: Uint8Array;
  }): SpaceRequest {
    assertObject('parts', parts);
    const { username, bytes, annual = false, time, paymentProof } = parts;
    assertWireUsername('username', username);
    assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    assertBoolean('annual', annual);
    assertInteger('time', time, 0, Number.MAX_SAFE_INTEGER);
    if (paymentProof !== undefined) assertBoundedBytes('paymentProof', paymentProof, 0, MAX_PAYMENT_PROOF_SIZE);
    return new SpaceRequest(username, bytes, annual, time, paymentProof === undefined ? undefined : copyBytes(paymentProof));
  }

  /** Reads the map `{"u", "s", "a"?, "t", "p"?}`. An absent `a` is false, and is written again. */
  static fromCbor(value: CborValue, where = 'SpaceRequest'): SpaceRequest {
    const fields = CborFields.map('format.account', where, value);
    return new SpaceRequest(
      usernameField(fields, 'u'),
      fields.integer('s', 0),
      fields.boolean('a', false),
      fields.integer('t', 0),
      optionalBoundedBytes(fields, 'p', 0, MAX_PAYMENT_PROOF_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): SpaceRequest {
    return SpaceRequest.fromCbor(decodeCbor(bytes));
  }

  /** The signed form: 64-byte signature || CBOR. */
  sign(crypto: CryptoProvider, identity: SecretSigningKey): Uint8Array {
    return signAttached(crypto, identity, this.encode());
  }

  /** Verifies and reads the signed form. CryptoError `crypto.signature`, FormatError, LimitError beyond MAX_SIGNED_SPACE_REQUEST_SIZE. */
  static open(crypto: CryptoProvider, identity: PublicSigningKey, signed: Uint8Array): SpaceRequest {
    assertBytes('signed', signed);
    if (signed.length > MAX_SIGNED_SPACE_REQUEST_SIZE) throw new LimitError('space request', signed.length, MAX_SIGNED_SPACE_REQUEST_SIZE);
    return SpaceRequest.decode(openSigned(crypto, identity, signed));
  }

  /** Value equality. */
  equals(other: SpaceRequest | undefined): boolean {
    return other instanceof SpaceRequest && equalBytes(this.encode(), other.encode());
  }

  /** The map `{"u", "s", "a", "t", "p"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.annual],
      ['p', this.paymentProof],
      ['s', this.bytes],
      ['t', this.time],
      ['u', this.username],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/**
 * A pending space request as administrators see it, and, signed by one, its approval (chapter 05 section 22.4). Immutable. Nothing
 * is verified by parsing; the name inside the request may differ.
 */
export class LabelledSignedSpaceRequest implements ToCbor {
  private constructor(
    /** Whose request it is said to be. */
    readonly username: string,
    /** The signed form of a {@link SpaceRequest}; never modify it. */
    readonly signedRequest: Uint8Array,
  ) {}

  /** Labels a signed request. */
  static of(username: string, signedRequest: Uint8Array): LabelledSignedSpaceRequest {
    assertWireUsername('username', username);
    assertBoundedBytes('signedRequest', signedRequest, SIGNATURE_SIZE + 1, MAX_SIGNED_SPACE_REQUEST_SIZE);
    return new LabelledSignedSpaceRequest(username, copyBytes(signedRequest));
  }

  /** Reads the map `{"u", "r"}`. */
  static fromCbor(value: CborValue, where = 'LabelledSignedSpaceRequest'): LabelledSignedSpaceRequest {
    const fields = CborFields.map('format.account', where, value);
    return new LabelledSignedSpaceRequest(
      usernameField(fields, 'u'),
      boundedBytes(fields, 'r', SIGNATURE_SIZE + 1, MAX_SIGNED_SPACE_REQUEST_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): LabelledSignedSpaceRequest {
    return LabelledSignedSpaceRequest.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: LabelledSignedSpaceRequest | undefined): boolean {
    return (
      other instanceof LabelledSignedSpaceRequest && this.username === other.username && equalBytes(this.signedRequest, other.signedRequest)
    );
  }

  /** The map `{"u", "r"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['r', this.signedRequest],
      ['u', this.username],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
