import { randomBytes, scrypt } from 'node:crypto';
import { link, lstat, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadCrypto, PyrgosError, SymmetricKey } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

/** Most bytes of a session file, and of the key beside it. */
const MAX_SIZE = 1_048_576;
/** The only version there is. */
const VERSION = 1;
/** Cost of a guess at a passphrase: 128 MiB and some tenths of a second. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Times that a session is written when other commands write or forget it meanwhile. */
const MAX_ATTEMPTS = 10;

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
  if (version !== VERSION || typeof server !== 'string' || typeof username !== 'string' || typeof sealed !== 'string')
    throw damagedSession(path);
  if (salt !== undefined && typeof salt !== 'string') throw damagedSession(path);
  return {
    server,
    username,
    sealed: new Uint8Array(Buffer.from(sealed, 'base64')),
    salt: salt === undefined ? undefined : new Uint8Array(Buffer.from(salt, 'base64')),
  };
}

/** Keeps a session, in place of the one that was there. */
async function writeSessionFile(path: string, { salt, sealed, server, username }: KeptSession): Promise<void> {
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

/**
 * Keeps a session that `seal` seals with the key in the file beside it. That key stays until the session is forgotten, so whichever of several log-ins at once is the last: what
 * lies there fits together at every moment. Errors of the system; PyrgosError `storage` when others do not leave the files alone.
 */
export async function keepWithKey(path: string, seal: (key: SymmetricKey) => KeptSession): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const key = await keyBeside(path);
    await writeSessionFile(path, seal(key));
    // Somebody may have forgotten the session, or sealed it with a passphrase, meanwhile.
    if (isSameKey(await usableKey(path), key)) return;
  }
  throw damagedSession(path);
}

/** Keeps a session that is sealed with a passphrase, and forgets the key that is of no use any more. Errors as {@link keepWithKey}. */
export async function keepWithPassphrase(path: string, session: KeptSession): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    await writeSessionFile(path, session);
    await rm(keyFileOf(path), { force: true });
    // Another log-in may have put its session here, whose key has just gone.
    const now = await readSessionFile(path).catch(() => undefined);
    if (now === undefined || now.salt !== undefined) return;
  }
  throw damagedSession(path);
}

/** The key in the file beside a session, made when there is none that can be used: of several that make one at once, all get the same. */
async function keyBeside(path: string): Promise<SymmetricKey> {
  const there = await usableKey(path);
  if (there !== undefined) return there;
  const file = keyFileOf(path);
  const key = SymmetricKey.generate(await loadCrypto());
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  await writePrivateFile(fresh, `${Buffer.from(key.encode()).toString('base64')}\n`);
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await isLinked(fresh, file)) return key;
      const other = await usableKey(path);
      if (other !== undefined) return other;
      // One that is damaged, or that others could read, is of no use to anybody.
      await rm(file, { force: true });
    }
    throw damagedSession(path);
  } finally {
    await rm(fresh, { force: true });
  }
}

/** Gives a file a second name, in one step; false when there is something of this name. */
async function isLinked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    // A disk without links.
    await rename(file, name);
  }
  return true;
}

async function usableKey(path: string): Promise<SymmetricKey | undefined> {
  return readKeyFile(path).catch(() => undefined);
}

function isSameKey(one: SymmetricKey | undefined, other: SymmetricKey): boolean {
  return one !== undefined && Buffer.from(one.encode()).equals(other.encode());
}

/** The key beside a session. PyrgosError `storage` when it is missing, damaged, or can be used by others. */
export async function readKeyFile(path: string): Promise<SymmetricKey> {
  const bytes = await readPrivateFile(keyFileOf(path), MAX_SIZE);
  if (bytes === undefined) throw damagedSession(path);
  try {
    return SymmetricKey.decode(new Uint8Array(Buffer.from(bytes.toString('utf8'), 'base64')));
  } catch {
    throw damagedSession(path);
  }
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
  throw damagedSession(path);
}

/** PyrgosError `storage`: what is kept opens nothing, for it was changed since, or is of another account. */
export function damagedSession(path: string, cause?: unknown): PyrgosError {
  const text = `the session in ${path} is damaged, of another account, or its key is gone: log in again with ${commandName} login`;
  return new PyrgosError('storage', text, { data: { reason: 'damaged' }, cause });
}
