import { sealSession } from '@pyrgos/client/session';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { logInWith } from './open-session.js';
import { askSecret } from './prompts.js';
import { keepWithKey, keepWithPassphrase, keyFromPassphrase, newSalt, removeSessionFile } from './session-file.js';
import { addSessionOptions, type SessionOptions } from './session-options.js';
import { nameAccount, passwordOf, readPasswordFile, sessionFileOf } from './session-source.js';
import { withOutput } from './with-session.js';

/** How a session is sealed. */
interface LoginOptions {
  readonly passphrase?: true;
  readonly passphraseFile?: string;
}

/** `pyrgos login` and `pyrgos logout` */
export function addLoginCommands(program: Command): void {
  const login = program
    .command('login')
    .description('keep a session on this machine, so that no other command asks for the password')
    .option('--passphrase', 'seal it with a passphrase, which every command asks for; default: with a key in a file beside it')
    .option('--passphrase-file <file>', 'a file with the passphrase');
  addSessionOptions(login).action(async (options: LoginOptions) =>
    withOutput(login, async (session, output, signal) => {
      const source = await nameAccount(session, { usesKept: false });
      const opened = await logInWith(source, await passwordOf(source), session.totp, signal);
      try {
        const file = sessionFileOf(session);
        const kept = { server: source.server, username: opened.username };
        const phrase = await passphraseOf(options);
        if (phrase === undefined) {
          await keepWithKey(file, (key) => ({ ...kept, sealed: sealSession(opened.account, key), salt: undefined }));
        } else {
          const salt = newSalt();
          const sealed = sealSession(opened.account, await keyFromPassphrase(phrase, salt));
          await keepWithPassphrase(file, { ...kept, sealed, salt });
        }
        output.done(`Logged in as ${opened.username}. The session is in ${printableName(file)}; pyrgos logout removes it.`, {
          event: 'logged-in',
          username: opened.username,
          server: source.server,
          sessionFile: file,
        });
      } finally {
        opened.close();
      }
    }),
  );

  const logout = program.command('logout').description('forget the session that is kept on this machine');
  logout
    .option('--session-file <file>', 'where it is kept')
    .option('--json', 'print one JSON object')
    .action(async () =>
      withOutput(logout, async (options: SessionOptions, output) => {
        const file = sessionFileOf(options);
        const wasThere = await removeSessionFile(file);
        output.done(wasThere ? 'Logged out.' : 'No session was kept.', { event: 'logged-out', sessionFile: file, wasThere });
      }),
    );
}

/** The passphrase that is to seal a session; undefined for a key in a file. */
async function passphraseOf({ passphrase, passphraseFile }: LoginOptions): Promise<string | undefined> {
  return passphrase === true || passphraseFile !== undefined ? newPassphrase(passphraseFile) : undefined;
}

async function newPassphrase(file: string | undefined): Promise<string> {
  if (file !== undefined) return readPasswordFile(file);
  const advice = 'The passphrase is needed: say --passphrase-file FILE.';
  const passphrase = await askSecret('Enter a passphrase for the session', advice);
  if (passphrase === '') throw new UsageError('An empty passphrase protects nothing.');
  if ((await askSecret('Re-enter the passphrase', advice)) !== passphrase) throw new UsageError("Passphrases don't match!");
  return passphrase;
}
