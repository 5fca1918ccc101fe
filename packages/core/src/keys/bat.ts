import { assertMethods } from '../arguments.js';
import { assertBytes, constantTimeEqual, copyBytes } from '../bytes.js';
import { encodeBase58 } from '../codec/base58.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec, decodeCid, parseCid } from '../codec/cid.js';
import { decodeMultibase } from '../codec/multibase.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import type { Hasher, RandomSource } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError, FormatError } from '../errors.js';
import { Secret } from './secret.js';

/** Bytes of a block access token secret (chapter 01 section 20). */
export const BAT_SIZE = 32;

/**
 * The id of a BAT: a CID with codec raw (chapter 01 section 18.1). An inline id carries the secret itself, so it prints redacted;
 * {@link BatId.format} gives the true text of both kinds.
 */
export class BatId extends Secret implements ToCbor {
  protected readonly secretKind: string = 'BatId';

  readonly #cid: Cid;

  private constructor(cid: Cid) {
    super();
    this.#cid = cid;
  }

  /** The id as a CID; that of an inline id contains the secret. */
  get cid(): Cid {
    return this.#cid;
  }

  /** Wraps a CID. FormatError `format.bat` unless the codec is raw and an identity digest has 32 bytes. */
  static fromCid(cid: Cid, where = 'BatId'): BatId {
    if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
    if (cid.version !== 1 || cid.codec !== CidCodec.raw) throw new FormatError('format.bat', where, 'codec must be raw');
    if (cid.isIdentity && cid.multihash.digest.length !== BAT_SIZE) {
      throw new FormatError('format.bat', where, `an inline id must hold ${BAT_SIZE} bytes`);
    }
    return new BatId(cid);
  }

  /** Reads the CBOR form, a byte string that holds the binary CID. */
  static fromCbor(value: CborValue, where = 'BatId'): BatId {
    if (!(value instanceof Uint8Array)) throw new FormatError('format.bat', where, 'must be a byte string');
    let cid: Cid;
    try {
      cid = decodeCid(value);
    } catch (error) {
      throw new FormatError('format.bat', where, 'must be a binary CID', { cause: error });
    }
    return BatId.fromCid(cid, where);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BatId {
    return BatId.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text form, a CID string. */
  static parse(text: string): BatId {
    return BatId.fromCid(parseCid(text));
  }

  /** Whether the id carries the secret itself. */
  get isInline(): boolean {
    return this.cid.isIdentity;
  }

  /** The BAT that an inline id carries, otherwise undefined. */
  get inlineBat(): Bat | undefined {
    return this.isInline ? Bat.of(this.cid.multihash.digest) : undefined;
  }

  /** Value equality, in constant time for inline ids. */
  equals(other: BatId | undefined): boolean {
    return other instanceof BatId && constantTimeEqual(this.cid.bytes, other.cid.bytes);
  }

  /** The binary CID as byte string. */
  toCbor(): CborValue {
    return this.cid.bytes;
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The text form. It contains the secret when the id is inline. */
  format(): string {
    return this.cid.toString();
  }

  /** The text form of an id that is not inline; redacted otherwise. */
  override toString(): string {
    return this.isInline ? 'BatId(inline, redacted)' : this.cid.toString();
  }
}

/** A block access token: 32 secret bytes (chapter 01 section 18). */
export class Bat extends Secret implements ToCbor {
  protected readonly secretKind: string = 'Bat';

  readonly #secret: Uint8Array;

  private constructor(secret: Uint8Array) {
    super();
    this.#secret = secret;
  }

  /** The 32 secret bytes; never modify them. */
  get secret(): Uint8Array {
    return this.#secret;
  }

  /** Copies a 32-byte secret. */
  static of(secret: Uint8Array): Bat {
    assertBytes('secret', secret, BAT_SIZE);
    return new Bat(copyBytes(secret));
  }

  /** A fresh random BAT. */
  static generate(random: RandomSource): Bat {
    return Bat.of(drawRandomBytes(random, BAT_SIZE));
  }

  /** Reads the map `{"s"}`. */
  static fromCbor(value: CborValue, where = 'Bat'): Bat {
    return Bat.of(CborFields.map('format.bat', where, value).bytes('s', BAT_SIZE));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): Bat {
    return Bat.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text form: multibase of the 32 raw bytes. */
  static parse(text: string): Bat {
    const secret = decodeMultibase(text);
    if (secret.length !== BAT_SIZE) throw new FormatError('format.bat', 'Bat', `must be ${BAT_SIZE} bytes, is ${secret.length}`);
    return Bat.of(secret);
  }

  /** The id that blocks list for their own BAT: v1 raw identity of the secret (section 18.2). It contains the secret. */
  inlineId(): BatId {
    return BatId.fromCid(Cid.v1(CidCodec.raw, Multihash.create(MultihashCode.identity, this.secret)));
  }

  /** The id that a client sends with a block's own BAT: v1 raw sha2-256 of the CBOR map (section 18.2). */
  calculatedId(hasher: Hasher): BatId {
    assertMethods('hasher', hasher, 'sha256');
    return BatId.fromCid(Cid.ofSha256(hasher.sha256(this.encode()), CidCodec.raw));
  }

  /** The id of a mirror BAT: v1 raw sha2-256 of the raw secret (section 18.2). */
  mirrorId(hasher: Hasher): BatId {
    assertMethods('hasher', hasher, 'sha256');
    return BatId.fromCid(Cid.ofSha256(hasher.sha256(this.secret), CidCodec.raw));
  }

  /** With its calculated id. */
  withCalculatedId(hasher: Hasher): BatWithId {
    return BatWithId.of(this, this.calculatedId(hasher));
  }

  /** With its mirror id. */
  withMirrorId(hasher: Hasher): BatWithId {
    return BatWithId.of(this, this.mirrorId(hasher));
  }

  /** Value equality in constant time. */
  equals(other: Bat | undefined): boolean {
    return other instanceof Bat && constantTimeEqual(this.secret, other.secret);
  }

  /** The map `{"s"}`. */
  toCbor(): CborValue {
    return cborMap([['s', this.secret]]);
  }

  /** The CBOR bytes, 37. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The secret text form, `z…`: also the signing key of block reads (section 18.5). */
  format(): string {
    return `z${encodeBase58(this.secret)}`;
  }
}

/** A BAT with the id under which it is presented (chapter 01 section 18.1). */
export class BatWithId extends Secret implements ToCbor {
  protected readonly secretKind: string = 'BatWithId';

  private constructor(
    readonly bat: Bat,
    readonly id: BatId,
  ) {
    super();
  }

  /** Pairs a BAT with an id that is not inline. */
  static of(bat: Bat, id: BatId): BatWithId {
    if (!(bat instanceof Bat)) throw new ArgumentError('bat', 'must be a Bat');
    if (!(id instanceof BatId) || id.isInline) throw new ArgumentError('id', 'must be a BatId that is not inline');
    return new BatWithId(bat, id);
  }

  /** Reads the map `{"b", "i"}`; an inline id is a FormatError. */
  static fromCbor(value: CborValue, where = 'BatWithId'): BatWithId {
    const fields = CborFields.map('format.bat', where, value);
    const bat = Bat.fromCbor(fields.map('b'), fields.path('b'));
    const id = BatId.fromCbor(fields.bytes('i'), fields.path('i'));
    if (id.isInline) return fields.fail('i', 'must not be an identity CID');
    return new BatWithId(bat, id);
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): BatWithId {
    return BatWithId.fromCbor(decodeCbor(bytes));
  }

  /** Parses the text form: multibase of the CBOR. */
  static parse(text: string): BatWithId {
    return BatWithId.decode(decodeMultibase(text));
  }

  /**
   * Whether the id is a hash of this BAT: the mirror id, or the calculated id, under which the Rust client registers its mirror BATs
   * (section 18.2). A server accepts both.
   */
  hasOwnId(hasher: Hasher): boolean {
    return this.id.equals(this.bat.mirrorId(hasher)) || this.id.equals(this.bat.calculatedId(hasher));
  }

  /** Value equality. */
  equals(other: BatWithId | undefined): boolean {
    return other instanceof BatWithId && this.bat.equals(other.bat) && this.id.equals(other.id);
  }

  /** The map `{"b", "i"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.bat.toCbor()],
      ['i', this.id.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }

  /** The secret text form, `z…`: query parameter `bat`. */
  format(): string {
    return `z${encodeBase58(this.encode())}`;
  }
}
