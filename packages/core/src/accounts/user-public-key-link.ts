import { assertInstance, assertList } from '../arguments.js';
import { copyBytes, equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import type { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SIGNATURE_SIZE, signAttached, type Signer, SigningPrivateKeyAndPublicHash } from '../keys/signing-key.js';
import { assertBoundedBytes, optionalBoundedBytes } from './bounded-fields.js';
import { NEVER_EXPIRES } from './claim-dates.js';
import { UsernameClaim } from './username-claim.js';

/** A signature and the CBOR of a key hash, with room for any CID that can name a key. */
const MAX_KEY_CHANGE_SIZE = SIGNATURE_SIZE + 128;

/**
 * One element of a username's chain: an identity key and its claim (chapter 05 section 16.1). Immutable; not verified by parsing: see
 * {@link isValidClaim} and {@link assertValidChain}.
 */
export class UserPublicKeyLink implements ToCbor {
  private constructor(
    readonly owner: PublicKeyHash,
    readonly claim: UsernameClaim,
    /** Attached signature by `owner` over the CBOR of the next owner's hash; on every link but the last. Never modify it. */
    readonly keyChange: Uint8Array | undefined,
  ) {}

  /** Puts a link together. */
  static of(owner: PublicKeyHash, claim: UsernameClaim, keyChange?: Uint8Array): UserPublicKeyLink {
    assertInstance('owner', owner, PublicKeyHash);
    assertInstance('claim', claim, UsernameClaim);
    if (keyChange !== undefined) assertBoundedBytes('keyChange', keyChange, SIGNATURE_SIZE, MAX_KEY_CHANGE_SIZE);
    return new UserPublicKeyLink(owner, claim, keyChange === undefined ? undefined : copyBytes(keyChange));
  }

  /** The only link of a new account (section 16.2); exactly one storage provider. */
  static createInitial(
    crypto: CryptoProvider,
    identity: Signer,
    username: string,
    expiry: string,
    providers: readonly Cid[],
  ): UserPublicKeyLink {
    assertSigner('identity', identity);
    assertList('providers', providers);
    if (providers.length !== 1) throw new ArgumentError('providers', 'must have exactly one element');
    return UserPublicKeyLink.of(identity.publicKeyHash, UsernameClaim.sign(crypto, identity.secretKey, username, expiry, providers));
  }

  /** The two links that hand a name over from `old` to `next` (section 16.3): the tail of an update. */
  static createChain(
    crypto: CryptoProvider,
    old: Signer,
    next: Signer,
    username: string,
    expiry: string,
    providers: readonly Cid[],
  ): readonly [UserPublicKeyLink, UserPublicKeyLink] {
    assertSigner('old', old);
    assertSigner('next', next);
    return [
      UserPublicKeyLink.of(
        old.publicKeyHash,
        UsernameClaim.sign(crypto, old.secretKey, username, NEVER_EXPIRES, []),
        signAttached(crypto, old.secretKey, next.publicKeyHash.encode()),
      ),
      UserPublicKeyLink.createInitial(crypto, next, username, expiry, providers),
    ];
  }

  /** Reads the map `{"owner", "claim", "keychange"?}`. */
  static fromCbor(value: CborValue, where = 'UserPublicKeyLink'): UserPublicKeyLink {
    const fields = CborFields.map('format.account', where, value);
    return new UserPublicKeyLink(
      PublicKeyHash.fromCid(fields.link('owner'), fields.path('owner')),
      UsernameClaim.fromCbor(fields.list('claim'), fields.path('claim')),
      optionalBoundedBytes(fields, 'keychange', SIGNATURE_SIZE, MAX_KEY_CHANGE_SIZE),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): UserPublicKeyLink {
    return UserPublicKeyLink.fromCbor(decodeCbor(bytes));
  }

  /** Value equality, of the signatures too. */
  equals(other: UserPublicKeyLink | undefined): boolean {
    return (
      other instanceof UserPublicKeyLink &&
      this.owner.equals(other.owner) &&
      this.claim.equals(other.claim) &&
      (this.keyChange === undefined || other.keyChange === undefined
        ? this.keyChange === other.keyChange
        : equalBytes(this.keyChange, other.keyChange))
    );
  }

  /** The map `{"owner", "claim", "keychange"?}`. */
  toCbor(): CborValue {
    return cborMap([
      ['owner', this.owner.toCbor()],
      ['claim', this.claim.toCbor()],
      ['keychange', this.keyChange],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function assertSigner(field: string, signer: unknown): void {
  assertInstance(field, signer, SigningPrivateKeyAndPublicHash);
}
