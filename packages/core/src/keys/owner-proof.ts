import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { Cid } from '../codec/cid.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, DeniedError, FormatError } from '../errors.js';
import { copyBytes, equalBytes } from '../bytes.js';
import { PublicKeyHash } from './public-key-hash.js';
import { type KeyLookup, resolveSigningKey } from './resolve-signing-key.js';
import {
  openSigned,
  type PublicSigningKey,
  SIGNATURE_SIZE,
  signAttached,
  type Signer,
  SigningPrivateKeyAndPublicHash,
} from './signing-key.js';

/** Proof that the holder of a key agrees to be owned by another key (chapter 01 section 16). Immutable; not verified by parsing. */
export class OwnerProof implements ToCbor {
  private constructor(
    /** The owned key. */
    readonly ownedKey: PublicKeyHash,
    /** Attached signature by the owned key over the CBOR of the owner's hash; never modify it. */
    readonly proof: Uint8Array,
  ) {}

  /** Lets `owned` agree to belong to `owner`. */
  static create(crypto: CryptoProvider, owned: Signer, owner: PublicKeyHash): OwnerProof {
    if (!(owned instanceof SigningPrivateKeyAndPublicHash)) throw new ArgumentError('owned', 'must be a signer');
    if (!(owner instanceof PublicKeyHash)) throw new ArgumentError('owner', 'must be a PublicKeyHash');
    return new OwnerProof(owned.publicKeyHash, signAttached(crypto, owned.secretKey, owner.encode()));
  }

  /** Reads the map `{"o", "p"}`. */
  static fromCbor(value: CborValue, where = 'OwnerProof'): OwnerProof {
    const fields = CborFields.map('format.proof', where, value);
    const ownedKey = PublicKeyHash.fromCid(fields.link('o'), fields.path('o'));
    const proof = fields.bytes('p');
    if (proof.length <= SIGNATURE_SIZE) return fields.fail('p', 'is too short for a signature and a link');
    return new OwnerProof(ownedKey, copyBytes(proof));
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): OwnerProof {
    return OwnerProof.fromCbor(decodeCbor(bytes));
  }

  /**
   * Verifies the signature and returns the owner that the proof names. CryptoError `crypto.signature`, or FormatError `format.proof`
   * when the signed bytes are no key hash. `ownedPublicKey` must be what `ownedKey` names.
   */
  open(crypto: CryptoProvider, ownedPublicKey: PublicSigningKey): PublicKeyHash {
    const message = decodeCbor(openSigned(crypto, ownedPublicKey, this.proof));
    if (!(message instanceof Cid)) throw new FormatError('format.proof', 'OwnerProof.p', 'must hold a link');
    return PublicKeyHash.fromCid(message, 'OwnerProof.p');
  }

  /**
   * Resolves the owned key and requires that the proof is valid for exactly `expectedOwner`; returns the owned public key.
   * DeniedError `denied.proof` when it names another owner; errors of {@link resolveSigningKey} and {@link OwnerProof.open}.
   */
  async verify(crypto: CryptoProvider, expectedOwner: PublicKeyHash, lookup: KeyLookup): Promise<PublicSigningKey> {
    if (!(expectedOwner instanceof PublicKeyHash)) throw new ArgumentError('expectedOwner', 'must be a PublicKeyHash');
    const ownedPublicKey = await resolveSigningKey(this.ownedKey, lookup);
    if (!this.open(crypto, ownedPublicKey).equals(expectedOwner)) {
      throw new DeniedError('denied.proof', 'the owner proof names another owner', { ownedKey: this.ownedKey.toString() });
    }
    return ownedPublicKey;
  }

  /** Value equality. */
  equals(other: OwnerProof | undefined): boolean {
    return other instanceof OwnerProof && this.ownedKey.equals(other.ownedKey) && equalBytes(this.proof, other.proof);
  }

  /** The map `{"o", "p"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['o', this.ownedKey.toCbor()],
      ['p', this.proof],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
