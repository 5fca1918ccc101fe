import { assertInstance } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { ArgumentError, LimitError } from '../errors.js';
import { Curve25519PublicKey, HybridPublicKey, type PublicBoxingKey, publicBoxingKeyFromCbor } from '../keys/boxing-key.js';
import { MAX_FOLLOW_REQUEST_SIZE } from '../limits.js';

export { MAX_FOLLOW_REQUEST_SIZE } from '../limits.js';

/** A follow request as it is posted and stored: only its recipient can tell who sent it (chapter 06 section 3.3). Immutable. */
export class BlindFollowRequest implements ToCbor {
  private constructor(
    readonly cipherText: PaddedAsymmetricCipherText,
    /** The key of this one request, with which the recipient opens it. */
    readonly ephemeralKey: PublicBoxingKey,
  ) {}

  /** Puts a request together. LimitError beyond MAX_FOLLOW_REQUEST_SIZE. */
  static of(cipherText: PaddedAsymmetricCipherText, ephemeralKey: PublicBoxingKey): BlindFollowRequest {
    assertInstance('cipherText', cipherText, PaddedAsymmetricCipherText);
    if (!(ephemeralKey instanceof Curve25519PublicKey) && !(ephemeralKey instanceof HybridPublicKey)) {
      throw new ArgumentError('ephemeralKey', 'must be a public boxing key');
    }
    const request = new BlindFollowRequest(cipherText, ephemeralKey);
    checkSize(request.encode().length);
    return request;
  }

  /** Reads the map `{"f", "k"}`. */
  static fromCbor(value: CborValue, where = 'BlindFollowRequest'): BlindFollowRequest {
    const fields = CborFields.map('format.account', where, value);
    return new BlindFollowRequest(
      PaddedAsymmetricCipherText.fromCbor(fields.bytes('f'), fields.path('f')),
      publicBoxingKeyFromCbor(fields.list('k'), fields.path('k')),
    );
  }

  /**
   * Reads the CBOR bytes; anything after the item is an error. LimitError beyond MAX_FOLLOW_REQUEST_SIZE. A server that stores the
   * bytes also requires that {@link BlindFollowRequest.encode} gives them again (chapter 06 section 3.5).
   */
  static decode(bytes: Uint8Array): BlindFollowRequest {
    assertBytes('bytes', bytes);
    checkSize(bytes.length);
    return BlindFollowRequest.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: BlindFollowRequest | undefined): boolean {
    return other instanceof BlindFollowRequest && this.cipherText.equals(other.cipherText) && this.ephemeralKey.equals(other.ephemeralKey);
  }

  /** The map `{"f", "k"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['f', this.cipherText.toCbor()],
      ['k', this.ephemeralKey.toCbor()],
    ]);
  }

  /** The CBOR bytes: what is posted, stored and, for removal, signed. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function checkSize(size: number): void {
  if (size > MAX_FOLLOW_REQUEST_SIZE) throw new LimitError('follow request', size, MAX_FOLLOW_REQUEST_SIZE);
}
