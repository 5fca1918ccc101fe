import { PyrgosError } from '@pyrgos/core/errors';
import { ConfigError } from '@pyrgos/server/config';
import { CommanderError } from 'commander';
import { PyrgosCommand } from './command.js';
import { addAdminCommand } from './commands/admin.js';
import { addCompletionCommand } from './commands/completion.js';
import { addConfigCommand } from './commands/config.js';
import { addCryptoCommand } from './commands/crypto.js';
import { addDaemonCommand } from './commands/daemon.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addStatusCommand } from './commands/status.js';
import { addTokenCommand } from './commands/token.js';
import { ExitCode } from './exit-code.js';
import { CommandEnd } from './files/command-end.js';
import { addFilesCommands } from './files/commands.js';
import { addHelpCommand } from './help-command.js';
import { addSocialCommands } from './social/commands.js';
import { withoutLinkSecrets } from './secret-text.js';
import { noticeClosedPipes, notify, printable, printJson } from './terminal.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

/** Builds the command line. Separate from {@link main} so that tests and completions can look at it. */
export function createProgram(): PyrgosCommand {
  const program = new PyrgosCommand('pyrgos');
  program
    .description('Pyrgos: a peer-to-peer, end-to-end-encrypted filesystem that speaks the Peergos protocol.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride();
  addDaemonCommand(program);
  addStatusCommand(program);
  addTokenCommand(program);
  addAdminCommand(program);
  addConfigCommand(program);
  addFilesCommands(program);
  addSocialCommands(program);
  addDoctorCommand(program);
  addCryptoCommand(program);
  addCompletionCommand(program);
  addHelpCommand(program);
  return program;
}

/** Runs the command line with `args` (without node and script). Resolves to the exit code, see {@link ExitCode}. */
export async function main(args: readonly string[]): Promise<number> {
  // Who reads our output may stop reading, as head does; that is no failure.
  noticeClosedPipes();
  const program = createProgram();
  if (args.length === 0) {
    process.stdout.write(program.helpInformation());
    return ExitCode.ok;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    // Commander has already printed its own message, help or version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error instanceof CommandEnd) return error.exitCode;
    if (!(error instanceof PyrgosError)) throw error;
    if (program.wantsJson) printJson({ event: 'error', code: error.code, message: withoutLinkSecrets(error.message) });
    notify(printable(error.message));
    return error instanceof ConfigError || error instanceof UsageError ? ExitCode.usage : ExitCode.failed;
  }
}
