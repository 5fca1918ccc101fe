import { connect, generatePassphrase, loadCrypto, type UserSession } from '@pyrgos/client';
import { notify } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { askSecret, askText } from './prompts.js';

/** How often somebody may mistype a new password: it stands above. */
const TRIES = 3;

/** Whether nobody has this name on a server, as far as that tells. */
export async function isNewName(server: string, username: string, signal: AbortSignal): Promise<boolean> {
  const { network } = await connect(server);
  return (await network.core.getChain(username, signal)).length === 0;
}

/** Makes an account with a password that is generated here, after the person has typed it once (chapter 09 section 5.1). UsageError when it was typed wrongly again and again. */
export async function signUpAsked(server: string, username: string, signal: AbortSignal): Promise<UserSession> {
  const password = generatePassphrase(await loadCrypto());
  notify(`nobody has the name ${username} on this server: this makes an account. Write the password down, it cannot be found again`);
  process.stderr.write(`Generated password: ${password}\n`);
  const advice = 'An account can be made on a terminal only.';
  for (let tries = 1; (await askSecret('Re-enter password', advice)) !== password; tries++) {
    if (tries === TRIES) throw new UsageError("Passwords don't match!");
    notify('that is not the password above: type it again');
  }
  const given = await askText(
    "Enter a signup token, or press enter if this server doesn't require one. It is at the end of the sign-up link.",
    advice,
  );
  // People paste the whole link.
  const token = (/token=([0-9a-f]+)/i.exec(given)?.[1] ?? given).trim();
  return (await connect(server)).signUp({ username, password, signal, ...(token === '' ? {} : { token }) });
}
