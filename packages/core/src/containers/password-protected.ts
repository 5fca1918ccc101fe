import { assertInstance, assertMethods } from '../arguments.js';
import { assertBytes, copyBytes, equalBytes, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import type { CborValue, ToCbor } from '../codec/cbor-value.js';
import type { ComputationOptions, CryptoProvider } from '../crypto/provider.js';
import { drawRandomBytes } from '../crypto/random.js';
import { ArgumentError } from '../errors.js';
import { hashToKeyBytes } from '../keys/kdf.js';
import { ScryptSecretGeneration, secretGenerationAlgorithmFromCbor } from '../keys/secret-generation-algorithm.js';
import { MAC_SIZE, NONCE_SIZE, SYMMETRIC_KEY_SIZE } from '../keys/symmetric-key.js';

const SALT_SIZE = 32;

/** A secret under a password (chapter 01 section 15). Immutable. */
export class PasswordProtected implements ToCbor {
  private constructor(
    readonly algorithm: ScryptSecretGeneration,
    /** 32 bytes; never modify them. */
    readonly salt: Uint8Array,
    /** 24 bytes; never modify them. */
    readonly nonce: Uint8Array,
    /** The secretbox; never modify it. */
    readonly boxed: Uint8Array,
  ) {}

  /** Encrypts `cleartext` under a key that scrypt derives from the password. AbortedError when cancelled. */
  static async seal(
    crypto: CryptoProvider,
    cleartext: Uint8Array,
    password: string,
    algorithm: ScryptSecretGeneration = ScryptSecretGeneration.of({ length: 32 }),
    options: ComputationOptions = {},
  ): Promise<PasswordProtected> {
    assertMethods('crypto', crypto, 'secretboxSeal');
    assertBytes('cleartext', cleartext);
    assertInstance('algorithm', algorithm, ScryptSecretGeneration);
    if (algorithm.length !== SYMMETRIC_KEY_SIZE) throw new ArgumentError('algorithm', 'must have an output of 32 bytes');
    const salt = drawRandomBytes(crypto, SALT_SIZE);
    const key = await hashToKeyBytes(crypto, toHex(salt), password, algorithm, options);
    const nonce = drawRandomBytes(crypto, NONCE_SIZE);
    return new PasswordProtected(algorithm, salt, nonce, crypto.secretboxSeal(cleartext, nonce, key));
  }

  /** Reads the list. The algorithm must be scrypt with 32 bytes of output, within the limits for foreign parameters. */
  static fromCbor(value: CborValue, where = 'PasswordProtected'): PasswordProtected {
    const fields = CborFields.list('format.container', where, value, 4);
    const algorithm = secretGenerationAlgorithmFromCbor(fields.map(0), fields.path(0));
    if (!(algorithm instanceof ScryptSecretGeneration)) return fields.fail(0, 'must be scrypt');
    if (algorithm.length !== SYMMETRIC_KEY_SIZE) return fields.fail(0, 'must have an output of 32 bytes');
    const boxed = fields.bytes(3);
    if (boxed.length < MAC_SIZE) return fields.fail(3, 'is too short for a secretbox');
    return new PasswordProtected(
      algorithm,
      copyBytes(fields.bytes(1, SALT_SIZE)),
      copyBytes(fields.bytes(2, NONCE_SIZE)),
      copyBytes(boxed),
    );
  }

  /** Reads the CBOR bytes; anything after the item is an error. */
  static decode(bytes: Uint8Array): PasswordProtected {
    return PasswordProtected.fromCbor(decodeCbor(bytes));
  }

  /** The cleartext. CryptoError `crypto.authentication` for another password. AbortedError when cancelled. */
  async open(crypto: CryptoProvider, password: string, options: ComputationOptions = {}): Promise<Uint8Array> {
    assertMethods('crypto', crypto, 'secretboxOpen');
    // The salt is the random element; the extra salt inside the algorithm is not used here (section 15).
    const key = await hashToKeyBytes(crypto, toHex(this.salt), password, this.algorithm, options);
    return crypto.secretboxOpen(this.boxed, this.nonce, key);
  }

  /** Value equality. */
  equals(other: PasswordProtected | undefined): boolean {
    return (
      other instanceof PasswordProtected &&
      this.algorithm.equals(other.algorithm) &&
      equalBytes(this.salt, other.salt) &&
      equalBytes(this.nonce, other.nonce) &&
      equalBytes(this.boxed, other.boxed)
    );
  }

  /** The list `[algorithm, salt, nonce, boxed]`. */
  toCbor(): CborValue {
    return [this.algorithm.toCbor(), this.salt, this.nonce, this.boxed];
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}
