import { randomBytes, scrypt } from 'node:crypto';
import { lstat, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { PyrgosError, SymmetricKey } from '@pyrgos/client';
import { readPrivateFile, writePrivateFile } from './private-file.js';

/** Most bytes of a session file, and of the key beside it. */
const MAX_SIZE = 1_048_576;
/** The only version there is. */
const VERSION = 1;
/** Cost of a guess at a passphrase: 128 MiB and some tenths of a second. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** A session that was kept, still sealed. Server and name are in the clear, so that they need not be said again. */
export interface KeptSession {
  readonly server: string;
  readonly username: string;
  /** What `sealSession` of the client has made. */
  readonly sealed: Uint8Array;
  /** The salt of a passphrase; undefined when the key lies in a file beside the session. */
  readonly salt: Uint8Array | undefined;
}

/** Where sessions are kept unless somebody says otherwise: the state folder of the user (XDG), on Windows that for local data. */
export function defaultSessionFile(environment: NodeJS.ProcessEnv = process.env): string {
  const { LOCALAPPDATA: windows, XDG_STATE_HOME: state } = environment;
  if (process.platform === 'win32' && windows !== undefined && windows !== '') return join(windows, 'pyrgos', 'session');
  // A relative path in this variable counts as none (XDG Base Directory Specification).
  const folder = state?.startsWith('/') === true ? state : join(homedir(), '.local', 'state');
  return join(folder, 'pyrgos', 'session');
}

/** The session in a file, or in the default one; undefined when none is kept. PyrgosError `storage` for a file that others can use or that is damaged. */
export async function readSessionFile(path: string): Promise<KeptSession | undefined> {
  const bytes = await readPrivateFile(path, MAX_SIZE);
  if (bytes === undefined) return undefined;
  const { salt, sealed, server, username, version } = parsed(path, bytes.toString('utf8'));
  if (version !== VERSION || typeof server !== 'string' || typeof username !== 'string' || typeof sealed !== 'string') throw damaged(path);
  if (salt !== undefined && typeof salt !== 'string') throw damaged(path);
  return {
    server,
    username,
    sealed: new Uint8Array(Buffer.from(sealed, 'base64')),
    salt: salt === undefined ? undefined : new Uint8Array(Buffer.from(salt, 'base64')),
  };
}

/** Keeps a session, in place of the one that was there. */
export async function writeSessionFile(path: string, { salt, sealed, server, username }: KeptSession): Promise<void> {
  const text = JSON.stringify({
    version: VERSION,
    server,
    username,
    ...(salt === undefined ? {} : { salt: Buffer.from(salt).toString('base64') }),
    sealed: Buffer.from(sealed).toString('base64'),
  });
  await writePrivateFile(path, `${text}\n`);
}

/** Forgets a session and its key. Returns whether there was one. */
export async function removeSessionFile(path: string): Promise<boolean> {
  // Whatever it is: it may be damaged.
  const wasThere = await lstat(path).then(
    () => true,
    () => false,
  );
  // The key first: without it the session opens nothing.
  await rm(keyFileOf(path), { force: true });
  await rm(path, { force: true });
  return wasThere;
}

/** Makes a key that opens a session and writes it into a file beside it, with mode 600. */
export async function writeKeyFile(path: string, key: SymmetricKey): Promise<void> {
  await writePrivateFile(keyFileOf(path), `${Buffer.from(key.encode()).toString('base64')}\n`);
}

/** The key beside a session. PyrgosError `storage` when it is missing, damaged, or can be used by others. */
export async function readKeyFile(path: string): Promise<SymmetricKey> {
  const bytes = await readPrivateFile(keyFileOf(path), MAX_SIZE);
  if (bytes === undefined) throw damaged(path);
  try {
    return SymmetricKey.decode(new Uint8Array(Buffer.from(bytes.toString('utf8'), 'base64')));
  } catch {
    throw damaged(path);
  }
}

/** Removes the key beside a session, if there is one. */
export async function removeKeyFile(path: string): Promise<void> {
  await rm(keyFileOf(path), { force: true });
}

/** A fresh salt for {@link keyFromPassphrase}. */
export function newSalt(): Uint8Array {
  return new Uint8Array(randomBytes(SALT_BYTES));
}

/** The key that a passphrase stands for (scrypt). */
export async function keyFromPassphrase(passphrase: string, salt: Uint8Array): Promise<SymmetricKey> {
  const bytes = await new Promise<Buffer>((done, fail) => {
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) => (error === null ? done(key) : fail(error)));
  });
  return SymmetricKey.of(new Uint8Array(bytes));
}

function keyFileOf(path: string): string {
  return `${resolve(path)}.key`;
}

function parsed(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // The same as any other damage.
  }
  throw damaged(path);
}

function damaged(path: string): PyrgosError {
  return new PyrgosError('storage', `the session in ${path} is damaged or its key is gone: log in again with pyrgos login`, {
    data: { reason: 'damaged' },
  });
}
