import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { utf8Decode, utf8Encode } from '@pyrgos/core/bytes';
import { PasswordProtected } from '@pyrgos/core/containers';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { PublicSigningKey, Secret } from '@pyrgos/core/keys';
import { systemCode, systemReason } from '../system-reason.js';
import { writePrivateFile } from '../config/private-file.js';
import { MAX_PKI_FILE_SIZE } from '../limits.js';
import { syncFolder } from '../sql/wal-file.js';

/** The passwords of this server's PKI. */
export class PkiSecrets extends Secret {
  protected readonly secretKind: string = 'PkiSecrets';

  constructor(
    /** From which the identity of the user `peergos` is derived (chapter 05 section 3). */
    readonly identityPassword: string,
    /** Opens the file of the PKI's secret key. */
    readonly keyPassword: string,
  ) {
    super();
  }
}

/** The names of the files in the folder of the PKI: all of them belong into a backup. */
const PKI_FILE_NAMES = { secrets: 'secrets.json', publicKey: 'public.key', secretKey: 'secret.key' } as const;

type FileName = (typeof PKI_FILE_NAMES)[keyof typeof PKI_FILE_NAMES];

/** The calls of the operating system that key files need, so that tests can make each of them fail. Errors are those of Node. */
export interface PkiDisk {
  /** The content, or its first MAX_PKI_FILE_SIZE + 1 bytes. */
  read(path: string): Promise<Uint8Array>;
  /** Writes a file for the owner of the process only: complete and durable, or not at all. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** Makes a folder for the owner of the process only, durably, unless it is there. */
  makeFolder(path: string): Promise<void>;
}

/** The disk of this machine. */
export const pkiDisk: PkiDisk = {
  read: async (path) => {
    const file = await open(path, 'r');
    try {
      const buffer = new Uint8Array(MAX_PKI_FILE_SIZE + 1);
      let size = 0;
      for (let count = -1; count !== 0 && size < buffer.length; size += count) {
        count = (await file.read(buffer, size, buffer.length - size)).bytesRead;
      }
      return buffer.slice(0, size);
    } finally {
      await file.close();
    }
  },
  write: writePrivateFile,
  makeFolder: async (path) => {
    if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(path));
  },
};

/**
 * The folder with what signs for this server's PKI: passwords as JSON, the public key as CBOR, the secret key as password-protected CBOR
 * (chapter 05 sections 17.3 and 24; these two are the files of the reference). For the owner of the process only. Each file appears complete and
 * durable, or not at all, and is never changed. PyrgosError `storage` when the disk fails; FormatError `format.config` for a damaged file.
 */
export class PkiFiles {
  constructor(
    private readonly folder: string,
    private readonly disk: PkiDisk = pkiDisk,
  ) {}

  /** The passwords, or undefined before they are made. */
  async readSecrets(): Promise<PkiSecrets | undefined> {
    const bytes = await this.read(PKI_FILE_NAMES.secrets);
    return bytes === undefined ? undefined : parseSecrets(bytes);
  }

  /** Writes the passwords. */
  async writeSecrets(secrets: PkiSecrets): Promise<void> {
    const { identityPassword, keyPassword } = secrets;
    await this.write(
      PKI_FILE_NAMES.secrets,
      utf8Encode(`${JSON.stringify({ version: 1, identityPassword, keyPassword }, undefined, 2)}\n`),
    );
  }

  /** The public key, or undefined before it is made. */
  async readPublicKey(): Promise<PublicSigningKey | undefined> {
    const bytes = await this.read(PKI_FILE_NAMES.publicKey);
    return bytes === undefined ? undefined : decodeFile(PKI_FILE_NAMES.publicKey, () => PublicSigningKey.decode(bytes));
  }

  /** Writes the public key. */
  async writePublicKey(key: PublicSigningKey): Promise<void> {
    await this.write(PKI_FILE_NAMES.publicKey, key.encode());
  }

  /** The protected secret key, or undefined before it is made. */
  async readSecretKey(): Promise<PasswordProtected | undefined> {
    const bytes = await this.read(PKI_FILE_NAMES.secretKey);
    return bytes === undefined ? undefined : decodeFile(PKI_FILE_NAMES.secretKey, () => PasswordProtected.decode(bytes));
  }

  /** Whether all files are there and have their form; nobody can sign up without them. PyrgosError `storage` when the disk fails. */
  async areWhole(): Promise<boolean> {
    try {
      const files = await Promise.all([this.readSecrets(), this.readPublicKey(), this.readSecretKey()]);
      return files.every((file) => file !== undefined);
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
  }

  /** Writes the protected secret key. */
  async writeSecretKey(key: PasswordProtected): Promise<void> {
    await this.write(PKI_FILE_NAMES.secretKey, key.encode());
  }

  private async read(name: FileName): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await this.disk.read(join(this.folder, name));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw fileError('read', error);
    }
    if (bytes.length > MAX_PKI_FILE_SIZE) throw new FormatError('format.config', name, 'is too large');
    return bytes;
  }

  private async write(name: FileName, content: Uint8Array): Promise<void> {
    try {
      await this.disk.makeFolder(this.folder);
      await this.disk.write(join(this.folder, name), content);
    } catch (error) {
      throw fileError('written', error);
    }
  }
}

function fileError(action: 'read' | 'written', error: unknown): PyrgosError {
  if (error instanceof PyrgosError) return error;
  const system = systemCode(error) ?? 'unknown';
  return new PyrgosError(
    'storage',
    `The key files of this server could not be ${action}: ${systemReason(error)}. Check the data directory.`,
    {
      data: { system },
      cause: error,
    },
  );
}

function decodeFile<T>(name: FileName, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    throw new FormatError('format.config', name, 'is damaged; restore it from a backup', { cause: error });
  }
}

function parseSecrets(bytes: Uint8Array): PkiSecrets {
  const damaged = new FormatError('format.config', PKI_FILE_NAMES.secrets, 'is damaged; restore it from a backup');
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes) ?? '');
  } catch {
    // The parser's message would quote the file.
    throw damaged;
  }
  if (typeof value !== 'object' || value === null) throw damaged;
  const fields = new Map<string, unknown>(Object.entries(value));
  const [identityPassword, keyPassword] = [fields.get('identityPassword'), fields.get('keyPassword')];
  if (typeof identityPassword !== 'string' || typeof keyPassword !== 'string') throw damaged;
  return new PkiSecrets(identityPassword, keyPassword);
}
