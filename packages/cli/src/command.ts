import { Command } from 'commander';
import { commandName } from './command-name.js';

/** What Commander says of an option that nobody knows, with all that was typed. */
const UNKNOWN_OPTION = /^error: unknown option '(--[^=]*|-[^-])[\s\S]*'/;

/** A command that never repeats what may be a secret, and says in which help to look. Its subcommands are the same. */
export class PyrgosCommand extends Command {
  override createCommand(name?: string): Command {
    return new PyrgosCommand(name);
  }

  override error(...[message, options]: Parameters<Command['error']>): never {
    this.showHelpAfterError(`(see: ${[commandName, ...wordsOf(this), '--help'].join(' ')})`);
    // A mistyped option may have a password as its value: only its name is shown.
    return super.error(options?.code === 'commander.unknownOption' ? withoutValue(message) : message, options);
  }
}

/** The words behind the name of the program that call a command. */
function wordsOf(command: Command): string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
}

function withoutValue(message: string): string {
  const name = UNKNOWN_OPTION.exec(message)?.[1];
  if (name === undefined) return 'error: unknown option';
  return message.includes('=') || !name.startsWith('--') ? `error: unknown option '${name}'` : message;
}
