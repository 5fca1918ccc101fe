import { isWireUsername } from '@pyrgos/core/accounts';
import { assertBytes } from '@pyrgos/core/bytes';
import { CborFields, cborMap, type CborValue, decodeCbor, encodeCbor, type ToCbor } from '@pyrgos/core/codec';
import { CipherText, PaddedCipherText } from '@pyrgos/core/containers';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, CryptoError, LimitError } from '@pyrgos/core/errors';
import { MAX_SEALED_SESSION_SIZE } from '@pyrgos/core/limits';
import {
  PublicKeyHash,
  PublicSigningKey,
  ScryptSecretGeneration,
  Secret,
  secretGenerationAlgorithmFromCbor,
  SymmetricKey,
} from '@pyrgos/core/keys';

const VERSION = 1;

/** The parts of a {@link StoredSession}. */
export interface StoredSessionParts {
  readonly username: string;
  readonly rootKey: SymmetricKey;
  readonly entryPoints: PaddedCipherText;
  readonly loginKey: PublicSigningKey;
  readonly algorithm: ScryptSecretGeneration;
  readonly identity: PublicKeyHash;
}

/**
 * What a device keeps of a user who wants to stay logged in (chapter 05 section 10.2): it opens the account without password and second
 * factor. A secret. Immutable.
 */
export class StoredSession extends Secret implements ToCbor {
  protected readonly secretKind: string = 'StoredSession';

  private constructor(
    readonly username: string,
    /** Opens {@link StoredSession.entryPoints}. */
    readonly rootKey: SymmetricKey,
    readonly entryPoints: PaddedCipherText,
    /** The public login key. */
    readonly loginKey: PublicSigningKey,
    /** How the root key was derived: when the account has another algorithm now, the password was changed. */
    readonly algorithm: ScryptSecretGeneration,
    /** The identity that the session is about. */
    readonly identity: PublicKeyHash,
  ) {
    super();
  }

  /** Puts a session together. */
  static of(parts: StoredSessionParts): StoredSession {
    const { username, rootKey, entryPoints, loginKey, algorithm, identity } = parts;
    if (!isWireUsername(username)) throw new ArgumentError('username', 'must be a username');
    return new StoredSession(username, rootKey, entryPoints, loginKey, algorithm, identity);
  }

  /** Reads the map `{"v", "u", "r", "e", "l", "a", "i"}`. */
  static fromCbor(value: CborValue, where = 'StoredSession'): StoredSession {
    const fields = CborFields.map('format.account', where, value);
    fields.integer('v', VERSION, VERSION);
    const username = fields.text('u');
    if (!isWireUsername(username)) return fields.fail('u', 'must be a username');
    const algorithm = secretGenerationAlgorithmFromCbor(fields.map('a'), fields.path('a'));
    if (!(algorithm instanceof ScryptSecretGeneration)) return fields.fail('a', 'must be scrypt');
    return new StoredSession(
      username,
      SymmetricKey.fromCbor(fields.list('r'), fields.path('r')),
      PaddedCipherText.fromCbor(fields.list('e'), fields.path('e')),
      PublicSigningKey.fromCbor(fields.list('l'), fields.path('l')),
      algorithm,
      PublicKeyHash.fromCid(fields.link('i'), fields.path('i')),
    );
  }

  /** The map. */
  toCbor(): CborValue {
    return cborMap([
      ['a', this.algorithm.toCbor()],
      ['e', this.entryPoints.toCbor()],
      ['i', this.identity.toCbor()],
      ['l', this.loginKey.toCbor()],
      ['r', this.rootKey.toCbor()],
      ['u', this.username],
      ['v', VERSION],
    ]);
  }

  /**
   * Encrypts the session for a place on the device. `deviceKey` belongs where other programs cannot read it, such as the key store of the
   * operating system; who has both is logged in.
   */
  seal(crypto: CryptoProvider, deviceKey: SymmetricKey): Uint8Array {
    return CipherText.seal(crypto, deviceKey, encodeCbor(this.toCbor())).encode();
  }

  /** Inverse of {@link StoredSession.seal}. CryptoError `crypto.authentication` for another key, FormatError; LimitError. */
  static open(crypto: CryptoProvider, deviceKey: SymmetricKey, sealed: Uint8Array): StoredSession {
    assertBytes('sealed', sealed);
    if (sealed.length > MAX_SEALED_SESSION_SIZE) throw new LimitError('sealed session', sealed.length, MAX_SEALED_SESSION_SIZE);
    const plain = opened(crypto, deviceKey, CipherText.decode(sealed));
    if (!(plain instanceof Uint8Array)) throw new CryptoError('crypto.authentication', 'This is no stored session.');
    return StoredSession.fromCbor(decodeCbor(plain));
  }
}

function opened(crypto: CryptoProvider, deviceKey: SymmetricKey, sealed: CipherText): CborValue {
  try {
    return sealed.open(crypto, deviceKey);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    const message = 'This key does not open the stored session: it was kept with another device key, or was changed since. Log in again.';
    throw new CryptoError('crypto.authentication', message, {}, error);
  }
}
