import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, SecretSigningKey, type Signer, SigningPrivateKeyAndPublicHash } from '@pyrgos/core/keys';
import type { PkiFiles } from './pki-files.js';

/**
 * The key that signs the username tree. It is decrypted when it is first needed, which takes most of a second and 128 MiB (chapter 05
 * section 24), and stays in memory until {@link PkiKey.close}.
 */
export class PkiKey {
  private opened: Promise<Signer> | undefined;
  private closed = false;

  constructor(
    private readonly crypto: CryptoProvider,
    private readonly files: PkiFiles,
  ) {}

  /** What signs for `pkiKey`. FormatError `format.config` when the files hold another key, or none; PyrgosError `aborted` after close(). */
  async signer(pkiKey: PublicKeyHash): Promise<Signer> {
    if (this.closed) throw new PyrgosError('aborted', 'The server is shutting down.');
    // A failure is not remembered: the operator may repair the files meanwhile.
    this.opened ??= this.open(pkiKey).catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  /** Wipes the key. */
  async close(): Promise<void> {
    this.closed = true;
    try {
      wipe((await this.opened)?.secretKey);
    } catch {
      // It never came into memory.
    }
  }

  private async open(pkiKey: PublicKeyHash): Promise<Signer> {
    const [secrets, sealed] = [await this.files.readSecrets(), await this.files.readSecretKey()];
    if (secrets === undefined || sealed === undefined) {
      throw new FormatError('format.config', 'PKI key', 'is missing; restore the key files of this server from a backup');
    }
    const secretKey = await openPkiKey(this.crypto, sealed, secrets.keyPassword);
    if (!secretKey.publicKey.hash.equals(pkiKey)) throw new FormatError('format.config', 'PKI key', 'is the one of another server');
    return SigningPrivateKeyAndPublicHash.of(pkiKey, secretKey);
  }
}

/** Overwrites a secret key that is not needed any more. */
export function wipe(secretKey: SecretSigningKey | undefined): void {
  // The one case in which the bytes of a key may be changed: nobody uses it afterwards.
  secretKey?.bytes.fill(0);
}

/** Opens the file of the PKI's secret key. CryptoError `crypto.authentication` for a wrong password, FormatError when it holds no key. */
export async function openPkiKey(
  crypto: CryptoProvider,
  sealed: { readonly open: (crypto: CryptoProvider, password: string) => Promise<Uint8Array> },
  password: string,
): Promise<SecretSigningKey> {
  const cleartext = await sealed.open(crypto, password);
  try {
    const secretKey = SecretSigningKey.decode(cleartext);
    if (!secretKey.isConsistent(crypto)) throw new FormatError('format.key', 'PKI key', 'public half does not match the seed');
    return secretKey;
  } finally {
    cleartext.fill(0);
  }
}
