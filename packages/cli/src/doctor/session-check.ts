import { PyrgosError } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import { readKeyFile, readSessionFile } from '../files/session-file.js';
import { type Check, fine, problem } from './check.js';

/** What was found of a kept session. */
export interface SessionCheck {
  readonly check: Check;
  /** The server that it is of, when there is one that commands can use. */
  readonly server?: string;
}

/** Whether commands can use the session that is kept in a file: it and the key beside it are whole, and of this user alone. Opens nothing. */
export async function checkSession(file: string): Promise<SessionCheck> {
  try {
    const kept = await readSessionFile(file);
    if (kept === undefined) return { check: fine('session', `none is kept in ${file}`) };
    if (kept.salt === undefined) await readKeyFile(file);
    const seal = kept.salt === undefined ? 'a key beside it' : 'a passphrase';
    const text = `${file} belongs to you alone, for '${kept.username}' on ${kept.server}, sealed with ${seal}`;
    return { check: fine('session', text), server: kept.server };
  } catch (error) {
    const advice = `correct that, or log in again: ${commandName} logout, then ${commandName} login`;
    if (error instanceof PyrgosError) return { check: problem('session', error.message, advice) };
    if (!(error instanceof Error) || !('code' in error)) throw error;
    // A link is not followed.
    return { check: problem('session', `${file} cannot be read (${String(error.code)})`, advice) };
  }
}
