import { BlindFollowRequest } from '../accounts/blind-follow-request.js';
import { assertInstance, assertOptionalInstance } from '../arguments.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PaddedAsymmetricCipherText } from '../containers/asymmetric-cipher-text.js';
import { PaddingBlock } from '../containers/padded-cipher-text.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { BoxingKeyPair, type PublicBoxingKey, type SecretBoxingKey } from '../keys/boxing-key.js';
import { Secret } from '../keys/secret.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import { EntryPoint } from '../model/user-static-data.js';
import { isFriendName, socialMap } from './social-fields.js';

/**
 * A wish to follow somebody, or the answer to one, before it is encrypted (chapter 06 section 3.1). A secret. Immutable.
 *
 * Whether it is a wish or an answer is not in it: it answers when its sender is somebody whom we have asked (section 4.4).
 */
export class FollowRequest extends Secret implements ToCbor {
  protected readonly secretKind: string = 'FollowRequest';

  private constructor(
    /**
     * The sender's name, claimed, and a capability to `/sender/shared/<recipient>`, or the null capability. Without it the request says nothing
     * and is dropped.
     */
    readonly entryPoint: EntryPoint | undefined,
    /** In a wish: the read key for the recipient's folder for the sender. In an answer: present when the sender follows the recipient. */
    readonly key: SymmetricKey | undefined,
  ) {
    super();
  }

  /** Builds a request. ArgumentError for a writable capability: nobody gets more than reading with it. */
  static of(entryPoint: EntryPoint, key?: SymmetricKey): FollowRequest {
    assertInstance('entryPoint', entryPoint, EntryPoint);
    if (!isFriendName(entryPoint.ownerName)) throw new ArgumentError('entryPoint', 'must have a username without a leading dot');
    if (entryPoint.capability.isWritable) throw new ArgumentError('entryPoint', 'must be read-only');
    assertOptionalInstance('key', key, SymmetricKey);
    return new FollowRequest(entryPoint, key);
  }

  /** Reads the map `{"e"?, "k"?}`. */
  static fromCbor(value: CborValue, where = 'FollowRequest'): FollowRequest {
    const fields = socialMap(where, value);
    const entry = fields.optionalMap('e');
    const key = fields.optionalList('k');
    const entryPoint = entry === undefined ? undefined : EntryPoint.fromCbor(entry, fields.path('e'));
    if (entryPoint !== undefined && !isFriendName(entryPoint.ownerName)) {
      return fields.fail('e', 'must have a username without a leading dot');
    }
    return new FollowRequest(entryPoint, key === undefined ? undefined : SymmetricKey.fromCbor(key, fields.path('k')));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): FollowRequest {
    return FollowRequest.fromCbor(decodeCbor(bytes));
  }

  /**
   * Opens a request from the own inbox (section 3.2). CryptoError `crypto.authentication` when it is for somebody else or made with a key of
   * the other type; FormatError. Neither says who sent it: the name in it is claimed.
   */
  static open(crypto: CryptoProvider, recipient: SecretBoxingKey, request: BlindFollowRequest): FollowRequest {
    assertInstance('request', request, BlindFollowRequest);
    return FollowRequest.fromCbor(request.cipherText.open(crypto, recipient, request.ephemeralKey));
  }

  /** Whether it brings access: a capability that is not the null capability. */
  get grantsAccess(): boolean {
    return this.entryPoint !== undefined && !this.entryPoint.capability.isNull;
  }

  /**
   * What is posted: padded to a multiple of 512 bytes and encrypted for `recipient` with a fresh key pair of the same type (section 3.2), so
   * that it does not tell who sent it. LimitError beyond MAX_FOLLOW_REQUEST_SIZE.
   */
  seal(crypto: CryptoProvider, recipient: PublicBoxingKey): BlindFollowRequest {
    const { publicKey, secretKey } = BoxingKeyPair.generateFor(crypto, recipient);
    const cipherText = PaddedAsymmetricCipherText.seal(crypto, recipient, secretKey, this.toCbor(), PaddingBlock.followRequest);
    return BlindFollowRequest.of(cipherText, publicKey);
  }

  /** Value equality. */
  equals(other: FollowRequest | undefined): boolean {
    return (
      other instanceof FollowRequest &&
      (this.entryPoint === undefined ? other.entryPoint === undefined : this.entryPoint.equals(other.entryPoint)) &&
      (this.key === undefined ? other.key === undefined : this.key.equals(other.key))
    );
  }

  /** The map `{"e"?, "k"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['e', this.entryPoint?.toCbor()],
      ['k', this.key?.toCbor()],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
