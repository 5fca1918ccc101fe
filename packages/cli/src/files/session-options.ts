import { type Command, Option } from 'commander';
import { UsageError } from '../usage-error.js';
import { FactorCodes } from './factor-codes.js';

/** What every command on an account takes. */
export interface SessionOptions {
  readonly server?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: true;
  readonly totp?: FactorCodes;
  readonly sessionFile?: string;
  readonly json?: true;
  /** Never accepted. */
  readonly password?: string | true;
}

/** Adds the options that say which account, and how it is opened. A password is accepted only to be refused: a command line is no secret. */
export function addSessionOptions(command: Command): Command {
  return command
    .option('--server <url>', 'the address of the server (default: PYRGOS_SERVER, or that of the kept session)')
    .option('--username <name>', 'the account (default: PYRGOS_USERNAME, or that of the kept session)')
    .option('--password-file <file>', 'a file with the password (default: PYRGOS_PASSWORD_FILE)')
    .option('--password-stdin', 'read the password from the standard input')
    .option('--totp <code>', 'the code of the authenticator app, or a backup code', (code: string, given: FactorCodes | undefined) =>
      (given ?? new FactorCodes()).add(code),
    )
    .option('--session-file <file>', 'where pyrgos login keeps the session (default: in the state folder of the user)')
    .option('--json', 'print one JSON object a line')
    .addOption(new Option('--password [password]').hideHelp());
}

/** The options of a command. UsageError for a password on the command line; it does not show it. */
export function sessionOptionsOf(command: Command): SessionOptions {
  const options: SessionOptions = command.opts();
  if (options.password !== undefined) {
    throw new UsageError(
      'A password on the command line can be seen by everybody on this machine. Use --password-file, or --password-stdin.',
    );
  }
  for (const [name, value] of [
    ['--server', options.server],
    ['--username', options.username],
    ['--password-file', options.passwordFile],
    ['--session-file', options.sessionFile],
  ]) {
    if (value === '') throw new UsageError(`What belongs to ${name} is missing: it is empty.`);
  }
  if (options.passwordFile !== undefined && options.passwordStdin === true) {
    throw new UsageError('Say either --password-file or --password-stdin.');
  }
  return options;
}
