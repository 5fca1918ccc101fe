import { Command } from 'commander';
import { commandName } from './command-name.js';
import { withoutLinkSecrets } from './secret-text.js';
import { printableMessage, printJson } from './terminal.js';

/** What Commander says of an option that nobody knows, with all that was typed. */
const UNKNOWN_OPTION = /^error: unknown option '(--[^=]*|-[^-])[\s\S]*'/;

/** What Commander adds on a line of its own. Its words are those of commands and options. */
const SUGGESTION = /\n\(Did you mean [\w ,-]+\?\)$/;

/** A command that never repeats what may be a secret, and says in which help to look. Its subcommands are the same. */
export class PyrgosCommand extends Command {
  private isJson = false;

  /** Whether programs read what is printed. Known from the beginning, whatever is wrong with the other options. */
  get wantsJson(): boolean {
    return this.parent instanceof PyrgosCommand ? this.parent.wantsJson : this.isJson;
  }

  override async parseAsync(...[args, options]: Parameters<Command['parseAsync']>): Promise<this> {
    const typed = args ?? [];
    const end = typed.indexOf('--');
    this.isJson = (end < 0 ? typed : typed.slice(0, end)).includes('--json');
    return super.parseAsync(args, options);
  }

  override createCommand(name?: string): Command {
    return new PyrgosCommand(name);
  }

  override error(...[message, options]: Parameters<Command['error']>): never {
    this.showHelpAfterError(`(see: ${[commandName, ...wordsOf(this), '--help'].join(' ')})`);
    // A mistyped option may have a password as its value: only its name is shown.
    const shown = withoutLinkSecrets(escaped(options?.code === 'commander.unknownOption' ? withoutValue(message) : message));
    if (this.wantsJson) printJson({ event: 'error', code: 'argument', message: shown.replace(/^error: /, '') });
    // As everything else that goes wrong is told.
    return super.error(shown.replace(/^error: /, 'pyrgos: '), options);
  }
}

/** The words behind the name of the program that call a command. */
function wordsOf(command: Command): string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
}

/** On one line, but for a suggestion: what was typed cannot steer the terminal. */
function escaped(message: string): string {
  const suggestion = SUGGESTION.exec(message)?.[0] ?? '';
  return `${printableMessage(message.slice(0, message.length - suggestion.length))}${suggestion}`;
}

function withoutValue(message: string): string {
  const name = UNKNOWN_OPTION.exec(message)?.[1];
  if (name === undefined) return 'error: unknown option';
  return message.includes('=') || !name.startsWith('--') ? `error: unknown option '${name}'` : message;
}
