import { assertBytes } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import { Cid, CidCodec, parseCid } from '../codec/cid.js';
import { Multihash, MultihashCode } from '../codec/multihash.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_IDENTITY_DIGEST_WRITE } from '../limits.js';

/** The CID that names a public key (chapter 01 section 11): identity (the key itself) or sha2-256 (a block). */
export class PublicKeyHash implements ToCbor {
  private constructor(readonly cid: Cid) {}

  /**
   * Wraps a CID; any multihash but identity and sha2-256 is a FormatError, and so is an inlined key of another codec than dag-cbor: it would be a
   * second name of the same key.
   */
  static fromCid(cid: Cid, where = 'PublicKeyHash'): PublicKeyHash {
    if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
    const { code } = cid.multihash;
    if (code !== MultihashCode.identity && code !== MultihashCode.sha2_256) {
      throw new FormatError('format.key', where, 'a key hash must be identity or sha2-256');
    }
    if (code === MultihashCode.identity && cid.codec !== CidCodec.dagCbor) {
      throw new FormatError('format.key', where, 'an inlined key must be dag-cbor');
    }
    return new PublicKeyHash(cid);
  }

  /** The identity hash of a key whose CBOR is at most 36 bytes (section 11.2). */
  static ofInlineKey(keyCbor: Uint8Array): PublicKeyHash {
    assertBytes('keyCbor', keyCbor);
    if (keyCbor.length > MAX_IDENTITY_DIGEST_WRITE) {
      throw new ArgumentError('keyCbor', `is too long to inline: ${keyCbor.length} bytes`);
    }
    return new PublicKeyHash(Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, keyCbor)));
  }

  /** Parses the text form. */
  static parse(text: string): PublicKeyHash {
    return PublicKeyHash.fromCid(parseCid(text));
  }

  /** The CBOR of the key itself when it is inlined, otherwise undefined: fetch the block. */
  get inlineKey(): Uint8Array | undefined {
    return this.cid.isIdentity ? this.cid.multihash.digest : undefined;
  }

  /** A cheap string that is equal exactly for equal hashes; for Map keys only. */
  get key(): string {
    return this.cid.key;
  }

  /** Value equality. */
  equals(other: PublicKeyHash | undefined): boolean {
    return other instanceof PublicKeyHash && this.cid.equals(other.cid);
  }

  /** The link. */
  toCbor(): CborValue {
    return this.cid;
  }

  /** The CBOR bytes of the link: what owner proofs sign. */
  encode(): Uint8Array {
    return encodeCbor(this.cid);
  }

  /** The text form, `z…`. */
  toString(): string {
    return this.cid.toString();
  }

  /** The text form, for JSON and logs. */
  toJSON(): string {
    return this.cid.toString();
  }
}
