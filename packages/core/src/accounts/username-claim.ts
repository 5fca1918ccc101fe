import { assertInstances } from '../arguments.js';
import { equalBytes } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import { Cid, decodeCid } from '../codec/cid.js';
import { DataFrameWriter } from '../codec/data-framing.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError } from '../errors.js';
import { type PublicSigningKey, type SecretSigningKey, SIGNATURE_SIZE, signAttached, verifyDetached } from '../keys/signing-key.js';
import { MAX_CLAIM_EXPIRY_SIZE, MAX_CLAIM_PROVIDER_SIZE, MAX_CLAIM_PROVIDERS, MAX_USERNAME_SIZE } from '../limits.js';
import { boundedBytes, usernameField } from './bounded-fields.js';
import { isClaimDate } from './claim-dates.js';
import { assertWireUsername } from './usernames.js';

/** The longest signed payload that the limits of its parts allow. */
const MAX_SIGNED_SIZE =
  SIGNATURE_SIZE + 4 + MAX_USERNAME_SIZE + 4 + MAX_CLAIM_EXPIRY_SIZE + 4 + MAX_CLAIM_PROVIDERS * (4 + MAX_CLAIM_PROVIDER_SIZE);

/** What an identity key signs to claim a username (chapter 05 section 16.1). Immutable; not verified by parsing. */
export class UsernameClaim implements ToCbor {
  private constructor(
    readonly username: string,
    /** ISO date; see {@link NEVER_EXPIRES}. Claims that have expired stay valid (section 16.4). */
    readonly expiry: string,
    /** Ids of the servers that hold the user's data: one in the last claim of a chain, none before. */
    readonly storageProviders: readonly Cid[],
    /** Attached signature over {@link UsernameClaim.payload}; never modify it. */
    readonly signed: Uint8Array,
  ) {}

  /** Claims a name with the key `signer`. */
  static sign(
    crypto: CryptoProvider,
    signer: SecretSigningKey,
    username: string,
    expiry: string,
    providers: readonly Cid[],
  ): UsernameClaim {
    assertWireUsername('username', username);
    if (!isClaimDate(expiry)) throw new ArgumentError('expiry', 'must be an ISO date');
    assertInstances('providers', providers, Cid);
    if (providers.length > MAX_CLAIM_PROVIDERS || providers.some(({ bytes }) => bytes.length > MAX_CLAIM_PROVIDER_SIZE)) {
      throw new ArgumentError('providers', `must be at most ${MAX_CLAIM_PROVIDERS} of at most ${MAX_CLAIM_PROVIDER_SIZE} bytes`);
    }
    return new UsernameClaim(username, expiry, [...providers], signAttached(crypto, signer, payloadOf(username, expiry, providers)));
  }

  /** Reads the list `[username, expiry, providers, signed]`. */
  static fromCbor(value: CborValue, where = 'UsernameClaim'): UsernameClaim {
    const fields = CborFields.list('format.account', where, value, 4);
    const username = usernameField(fields, 0);
    const expiry = fields.text(1);
    if (!isClaimDate(expiry)) return fields.fail(1, 'must be an ISO date');
    const list = CborFields.list('format.account', fields.path(2), fields.list(2));
    if (list.size > MAX_CLAIM_PROVIDERS) return fields.fail(2, `must have at most ${MAX_CLAIM_PROVIDERS} elements`);
    const providers = Array.from({ length: list.size }, (_, i) => {
      try {
        return decodeCid(boundedBytes(list, i, 1, MAX_CLAIM_PROVIDER_SIZE));
      } catch (error) {
        return list.fail(i, 'must be a binary CID', error);
      }
    });
    return new UsernameClaim(username, expiry, providers, boundedBytes(fields, 3, SIGNATURE_SIZE, MAX_SIGNED_SIZE));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): UsernameClaim {
    return UsernameClaim.fromCbor(decodeCbor(bytes));
  }

  /** The bytes that are signed: name, date and providers in the framing of section 12.3. */
  payload(): Uint8Array {
    return payloadOf(this.username, this.expiry, this.storageProviders);
  }

  /**
   * Whether `signed` is a signature by `owner` over exactly {@link UsernameClaim.payload}. The reference compares the fields; we compare
   * the bytes, which no writer makes differ.
   */
  isSignedBy(crypto: CryptoProvider, owner: PublicSigningKey): boolean {
    const payload = this.payload();
    return (
      equalBytes(this.signed.subarray(SIGNATURE_SIZE), payload) &&
      verifyDetached(crypto, owner, this.signed.subarray(0, SIGNATURE_SIZE), payload)
    );
  }

  /** Value equality, of the signature too. */
  equals(other: UsernameClaim | undefined): boolean {
    return (
      other instanceof UsernameClaim &&
      this.username === other.username &&
      this.expiry === other.expiry &&
      this.storageProviders.length === other.storageProviders.length &&
      this.storageProviders.every((provider, i) => provider.equals(other.storageProviders[i])) &&
      equalBytes(this.signed, other.signed)
    );
  }

  /** The list `[username, expiry, providers, signed]`. */
  toCbor(): CborValue {
    return [this.username, this.expiry, this.storageProviders.map((provider) => provider.bytes), this.signed];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

function payloadOf(username: string, expiry: string, providers: readonly Cid[]): Uint8Array {
  const writer = new DataFrameWriter().writeText(username).writeText(expiry).writeInt(providers.length);
  for (const provider of providers) writer.writeBytes(provider.bytes);
  return writer.finish();
}
