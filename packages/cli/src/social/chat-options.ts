import { type Command, InvalidArgumentError } from 'commander';
import type { FilesContext } from '../files/files-context.js';
import { withSession } from '../files/with-session.js';
import { parseCount } from '../parse-arguments.js';

/** What names a chat, for the help of the commands. */
export const CHAT_ARGUMENT = 'its number or the beginning of it, its title, or the only other member';

/** As {@link withSession}; ends when the copies of files that others have sent are made. */
export async function withChats(command: Command, work: (context: FilesContext) => Promise<void>): Promise<void> {
  await withSession(command, async (context) => {
    await work(context);
    await context.session.chats.settled();
  });
}

/** Adds the option by which nobody else is asked. */
export function addRefreshOption(command: Command): Command {
  return command.option('--no-refresh', 'do not ask the others for what is new: only what is here already');
}

/** Adds the options that say which part of a long list is wanted. */
export function addPageOptions(command: Command, what: string): Command {
  return command
    .option('--limit <count>', `at most so many ${what} (default: 50)`, parseCount)
    .option('--before <number>', `only ${what} before the message with this number`, parseNumber);
}

function parseNumber(text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of a message.');
}
