import type { Command } from 'commander';
import { DeniedError, PasswordPolicy } from '@pyrgos/client';
import { sealSession } from '@pyrgos/client/session';
import { isInteractive } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { FilesContext } from './files-context.js';
import { logInWith } from './open-session.js';
import { askSecret, askText } from './prompts.js';
import { MORE_CODES, secondFactorOf } from './second-factor.js';
import { keepWithKey, readSessionFile, removeSessionFile } from './session-file.js';
import { addSessionOptions, type SessionOptions } from './session-options.js';
import { nameAccount, readPasswordFile, sessionFileOf } from './session-source.js';
import { withOutput } from './with-session.js';

/** `pyrgos passwd` */
export function addPasswordCommand(program: Command): void {
  const command = program
    .command('passwd')
    .description('change the password of the account')
    .option('--new-password-file <file>', 'a file with the new password');
  addSessionOptions(command).action(async ({ newPasswordFile }: { readonly newPasswordFile?: string }) =>
    withOutput(command, async (options, output, signal) => {
      const source = await nameAccount(options);
      // The log-in and the change each ask for a second factor. What would fail then is told before a code is used up.
      if (options.totp?.covers(2) === false && !isInteractive()) throw new UsageError(MORE_CODES);
      const oldPassword = source.password ?? (await currentPassword());
      const newPassword = newPasswordFile === undefined ? await newPasswordAsked() : await readPasswordFile(newPasswordFile);
      assertNewPassword(source.username, oldPassword, newPassword);
      const session = await logInWith(source, oldPassword, options.totp, signal);
      const context = new FilesContext(session, source.server, output, signal);
      try {
        await changePassword(context, options, oldPassword, newPassword);
      } finally {
        context.close();
      }
    }),
  );
}

/** Judges a new password as the client does. DeniedError `denied.password`. */
function assertNewPassword(username: string, oldPassword: string, newPassword: string): void {
  PasswordPolicy.account.assertGood(newPassword, username);
  if (newPassword === oldPassword)
    throw new DeniedError('denied.password', 'You must change to a different password.', { reason: 'unchanged' });
}

/** The current password, asked. UsageError where nobody can be asked. */
export async function currentPassword(): Promise<string> {
  return askSecret('Enter current password', 'The current password is needed: say --password-file FILE or --password-stdin.');
}

/** A new password, asked twice. UsageError when the answers differ. */
export async function newPasswordAsked(): Promise<string> {
  const advice = 'The new password is needed: say --new-password-file FILE.';
  const password = await askSecret('Enter new password', advice);
  if ((await askSecret('Re-enter new password', advice)) !== password) throw new UsageError("Passwords don't match!");
  return password;
}

/**
 * Changes the password; the context has the session that goes on. A session that is kept on this machine opens the account with it, too; one that is sealed
 * with a passphrase is forgotten. `lend` lets a question have the terminal. DeniedError `denied.password`, `denied.login`.
 */
export async function changePassword(
  context: FilesContext,
  options: SessionOptions,
  oldPassword: string,
  newPassword: string,
  lend: <T>(work: () => Promise<T>) => Promise<T> = async (work) => work(),
): Promise<void> {
  const { output, server, session, signal } = context;
  const question = 'Enter TOTP code for the new password (or a backup code that was not used yet)';
  const factor = secondFactorOf(options.totp, async () => lend(async () => askText(question, MORE_CODES)));
  context.session = await session.changePassword({ oldPassword, newPassword, signal, ...factor });
  output.done('Password updated', { event: 'password-changed', username: session.username });
  const file = sessionFileOf(options);
  const kept = await readSessionFile(file);
  if (kept === undefined || kept.username !== session.username || kept.server !== server) return;
  if (kept.salt === undefined) {
    await keepWithKey(file, (key) => ({ ...kept, sealed: sealSession(context.session.account, key) }));
    return;
  }
  await removeSessionFile(file);
  output.note('the kept session does not fit the new password and is forgotten: log in again to keep one');
}
