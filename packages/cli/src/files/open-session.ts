import { connect, CryptoError, DeniedError, type UserSession } from '@pyrgos/client';
import { CipherText } from '@pyrgos/core/containers';
import { notify } from '../terminal.js';
import type { FactorCodes } from './factor-codes.js';
import { type NamedAccount, passwordOf, readPasswordFile, sessionFileOf } from './session-source.js';
import { askSecret } from './prompts.js';
import { secondFactorOf } from './second-factor.js';
import { damagedSession, keyFromPassphrase, type KeptSession, readKeyFile } from './session-file.js';
import type { SessionOptions } from './session-options.js';

/** Opens an account with what is there to open it, or with a password that is asked on a terminal. */
export async function openSession(account: NamedAccount, options: SessionOptions, signal: AbortSignal): Promise<UserSession> {
  const { kept, server, username } = account;
  if (kept === undefined) return logInWith(account, await passwordOf(account), options.totp, signal);
  const peer = await connect(server);
  const deviceKey = await keyOf(kept, sessionFileOf(options));
  try {
    return await peer.restore({ username, deviceKey, sealed: kept.sealed, signal });
  } catch (error) {
    if (!isReadable(kept.sealed)) throw damagedSession(sessionFileOf(options), error);
    if (!(error instanceof CryptoError) || error.code !== 'crypto.authentication') throw error;
    if (kept.salt === undefined) throw damagedSession(sessionFileOf(options), error);
    throw new DeniedError('denied.login', 'the passphrase of the kept session is wrong');
  }
}

/** Logs in with a password, with the second factor if the server wants one. */
export async function logInWith(
  { server, username }: Pick<NamedAccount, 'server' | 'username'>,
  password: string,
  totp: FactorCodes | undefined,
  signal: AbortSignal,
): Promise<UserSession> {
  const peer = await connect(server);
  if (process.stderr.isTTY) notify('opening the account …');
  return peer.logIn({ username, password, signal, ...secondFactorOf(totp) });
}

async function keyOf({ salt, username }: KeptSession, file: string): ReturnType<typeof readKeyFile> {
  if (salt === undefined) return readKeyFile(file);
  const path = process.env['PYRGOS_PASSPHRASE_FILE'];
  const passphrase =
    path === undefined || path === ''
      ? await askSecret(
          `Enter the passphrase of the kept session of '${username}'`,
          'The kept session is sealed with a passphrase: set PYRGOS_PASSPHRASE_FILE to a file that holds it.',
        )
      : await readPasswordFile(path);
  return keyFromPassphrase(passphrase, salt);
}

/** Whether something sealed is whole enough to be opened; otherwise nothing that the server said is to blame. */
function isReadable(sealed: Uint8Array): boolean {
  try {
    CipherText.decode(sealed);
    return true;
  } catch {
    return false;
  }
}
