import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { commandName } from '../command-name.js';
import { readInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { askSecret, askText } from './prompts.js';
import { defaultSessionFile, type KeptSession, readSessionFile } from './session-file.js';
import type { SessionOptions } from './session-options.js';

/** Most bytes of a file with a password. */
const MAX_PASSWORD_BYTES = 65_536;

/** Which account is meant, and what is there to open it: nothing, when somebody has to be asked. */
export interface NamedAccount {
  readonly server: string;
  readonly username: string;
  /** A password that somebody has named. */
  readonly password: string | undefined;
  /** A session of this account that was kept; not looked for when there is a password. */
  readonly kept: KeptSession | undefined;
}

/** Where the session of a command is kept. */
export function sessionFileOf({ sessionFile }: SessionOptions): string {
  const named = sessionFile ?? process.env['PYRGOS_SESSION_FILE'];
  return named === undefined || named === '' ? defaultSessionFile() : resolve(named);
}

/**
 * Finds out which account is meant: options win over the environment, that over the session that was kept, and what is missing then is asked on a
 * terminal. A password that somebody names wins over the session; `usesKept`: whether that counts, default true. UsageError where nobody can be asked.
 */
export async function nameAccount(
  options: SessionOptions,
  { usesKept = true }: { readonly usesKept?: boolean } = {},
): Promise<NamedAccount> {
  const password = await givenPassword(options);
  const serverSaid = options.server ?? fromEnvironment('PYRGOS_SERVER');
  const nameSaid = options.username ?? fromEnvironment('PYRGOS_USERNAME');
  // With everything at hand the file is not even looked at: it may be damaged.
  const isNeeded = usesKept && (password === undefined || serverSaid === undefined || nameSaid === undefined);
  const kept = isNeeded ? await readSessionFile(sessionFileOf(options)) : undefined;
  const server = serverUrl(
    serverSaid ??
      kept?.server ??
      (await askText('Enter Server address', `Which server? Say --server URL, set PYRGOS_SERVER, or run ${commandName} login.`)),
  );
  // The name of an account of another server is no default.
  const isSameServer = kept !== undefined && serverUrl(kept.server) === server;
  const username = (
    nameSaid ??
    (isSameServer ? kept.username : undefined) ??
    (await askText('Enter username', `Whose account? Say --username NAME, set PYRGOS_USERNAME, or run ${commandName} login.`))
  )
    .trim()
    .toLowerCase();
  const isOpenedByKept = password === undefined && isSameServer && kept.username === username;
  return { server, username, password, kept: isOpenedByKept ? kept : undefined };
}

/** The server that is meant, where no account is: as {@link nameAccount} finds it. UsageError where nobody can be asked. */
export async function nameServer(options: SessionOptions): Promise<string> {
  const said = options.server ?? fromEnvironment('PYRGOS_SERVER') ?? (await readSessionFile(sessionFileOf(options)))?.server;
  return serverUrl(said ?? (await askText('Enter Server address', 'Which server? Say --server URL, or set PYRGOS_SERVER.')));
}

/** The password of an account, named or asked. UsageError where nobody can be asked. */
export async function passwordOf({ password, username }: NamedAccount): Promise<string> {
  const advice = `No password: say --password-file FILE or --password-stdin, set PYRGOS_PASSWORD_FILE, or run ${commandName} login.`;
  return password ?? askSecret(`Enter password for '${username}'`, advice);
}

/** A password that the options or the environment name; undefined when they name none. UsageError for a file that is empty or no file. */
async function givenPassword({ passwordFile, passwordStdin }: SessionOptions): Promise<string | undefined> {
  if (passwordStdin === true) return notEmpty(await readInput(), 'The standard input holds no password.');
  const path = passwordFile ?? fromEnvironment('PYRGOS_PASSWORD_FILE');
  return path === undefined ? undefined : readPasswordFile(path);
}

/** The password in a file: the last line break is no part of it. UsageError. */
export async function readPasswordFile(path: string): Promise<string> {
  return readSecretFile(path, 'password');
}

/** What a small file holds that nobody else is to see: the last line break is no part of it. `what` names it. UsageError. */
export async function readSecretFile(path: string, what: string): Promise<string> {
  const file = await open(path).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new UsageError(`The file ${path} with the ${what} cannot be read (${reason}).`);
  });
  try {
    const buffer = Buffer.alloc(MAX_PASSWORD_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > MAX_PASSWORD_BYTES) throw new UsageError(`The file ${path} is too large for a ${what}.`);
    return notEmpty(buffer.toString('utf8', 0, length).replace(/\r?\n$/, ''), `The file ${path} holds no ${what}.`);
  } finally {
    await file.close();
  }
}

/** The address of a server as it is used everywhere; people leave out `http://`. UsageError, in the words of chapter 09 section 5.1. */
export function serverUrl(given: string): string {
  const text = given.trim();
  const isLocal = /^(?:localhost|127\.|\[::1\])/i.test(text);
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${isLocal ? 'http' : 'https'}://${text}`;
  const url = URL.canParse(complete) ? new URL(complete) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // What stands before an @ may be a password.
    throw new UsageError(`Specified server ${text.includes('@') ? '' : `${text} `}is not valid! It looks like https://files.example.org`);
  }
  return url.origin;
}

function fromEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function notEmpty(text: string, problem: string): string {
  if (text === '') throw new UsageError(problem);
  return text;
}
