import { NotFoundError } from '@pyrgos/client';
import type { Command } from 'commander';
import { ExitCode } from '../exit-code.js';
import { isInteractive, printableName, printLine } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { CommandEnd } from './command-end.js';
import { FilesContext } from './files-context.js';
import { openSession } from './open-session.js';
import { Output } from './output.js';
import { addSessionOptions, type SessionOptions } from './session-options.js';
import { nameAccount } from './session-source.js';
import { completeLine } from './shell-completion.js';
import type { ShellWorld } from './shell-command.js';
import { shellCommands } from './shell-commands.js';
import { parseShellLine, type ShellLine } from './shell-line.js';
import { ShellTerminal } from './shell-terminal.js';
import { isNewName, signUpAsked } from './sign-up.js';
import { withOutput } from './with-session.js';

const END_WORDS: ReadonlySet<string> = new Set(['exit', 'quit', 'bye']);
/** Columns for the usage of commands in the help. */
const USAGE_WIDTH = 40;

/** `pyrgos shell` */
export function addShellCommand(program: Command): void {
  const command = program
    .command('shell')
    .description('work in an account, command by command; reads commands from the standard input when that is no terminal');
  addSessionOptions(command).action(async () =>
    withOutput(command, async (options, output, signal) => {
      if (output.isJson) throw new UsageError('The shell is for people: for programs there are the other commands.');
      if (options.passwordStdin === true)
        throw new UsageError('The shell reads its commands from the standard input: say --password-file.');
      const account = await nameAccount(options);
      const { kept, password, server, username } = account;
      const isNew = password === undefined && kept === undefined && isInteractive() && (await isNewName(server, username, signal));
      const session = isNew ? await signUpAsked(server, username, signal) : await openSession(account, options, signal);
      const context = new FilesContext(session, server, new Output({ isJson: false, isTalkative: true }), signal);
      try {
        await new Shell(context, options).run();
      } finally {
        context.close();
      }
    }),
  );
}

/** One run of the shell (chapter 09 section 5). */
class Shell {
  private failures = 0;

  constructor(
    private readonly context: FilesContext,
    private readonly options: SessionOptions,
  ) {}

  /** Reads and runs commands until there are no more. CommandEnd when they came from a script and one has failed. */
  async run(): Promise<void> {
    const { context } = this;
    const interruption = { controller: new AbortController() };
    const terminal = new ShellTerminal({
      prompt: promptOf(context),
      complete: async (line) => completeLine(context, line),
      interrupt: () => interruption.controller.abort(),
    });
    const world: ShellWorld = {
      context,
      options: this.options,
      ask: async (question) => (await terminal.ask(question)) ?? '',
      lend: async (work) => terminal.lend(work),
    };
    const whole = context.signal;
    try {
      for (let line = await terminal.nextLine(); line !== undefined; line = await terminal.nextLine()) {
        interruption.controller = new AbortController();
        context.signal = AbortSignal.any([whole, interruption.controller.signal]);
        if (!(await this.runLine(world, line))) break;
        if (whole.aborted) break;
      }
    } finally {
      terminal.close();
    }
    if (this.failures > 0 && !terminal.isForPeople) throw new CommandEnd(ExitCode.partly);
  }

  /** Runs one line. Resolves to false when it was the last one. */
  private async runLine(world: ShellWorld, text: string): Promise<boolean> {
    const line = parseShellLine(text);
    if (line === undefined) return true;
    if (line === null) {
      this.failures++;
      process.stderr.write('Could not parse command.\n');
      return true;
    }
    if (END_WORDS.has(line.command)) {
      printLine('Exiting');
      return false;
    }
    const problems = this.context.output.problems;
    try {
      if (line.command === 'help') printHelp();
      else await runCommand(world, line);
    } catch (error) {
      this.failures++;
      this.tell(error, line.command);
    }
    this.failures += this.context.output.problems - problems;
    return true;
  }

  private tell(error: unknown, command: string): void {
    // It has said everything itself.
    if (error instanceof CommandEnd) return;
    if (error instanceof NotFoundError && error.code === 'not-found.file') {
      const { path = '' } = error.data;
      this.context.output.failure(new UsageError(`Could not find remote specified remote path '${path}'`));
    } else this.context.output.failure(error);
    if (!(error instanceof UsageError)) process.stderr.write(`Failed to execute ${printableName(command)}\n`);
  }
}

async function runCommand(world: ShellWorld, { arguments: args, command, flags }: ShellLine): Promise<void> {
  const known = shellCommands.get(command);
  if (known === undefined) throw new UsageError(`Unknown command '${command}': help lists those that there are`);
  const [fewest, most] = known.counts;
  if (args.length < fewest || args.length > most || flags.some((flag) => !known.flags.includes(flag))) {
    throw new UsageError(`Usage: ${known.usage}`);
  }
  await known.run(world, args, new Set(flags));
}

function printHelp(): void {
  printLine('Available commands:');
  const rows = [
    ...[...shellCommands.values()].map(({ description, usage }) => [usage, description] as const),
    ['help', 'show this help'] as const,
    ['exit, quit, bye', 'leave the shell'] as const,
  ];
  for (const [usage, description] of rows) printLine(`${usage.padEnd(USAGE_WIDTH)}\t${description}`);
  printLine('Note: <TAB> based autocomplete is available on most commands.');
}

/** `<user>@<server> > `, user red and server green, unless colours are not wanted. */
function promptOf({ server, session }: FilesContext): string {
  const isPlain = (process.env['NO_COLOR'] ?? '') !== '' || !process.stdout.isTTY;
  const colour = (code: number, text: string): string => (isPlain ? text : `\u001b[${code}m${text}\u001b[0m`);
  return `${colour(31, session.username)}@${colour(32, new URL(server).host)} > `;
}
