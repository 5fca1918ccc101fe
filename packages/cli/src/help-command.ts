import { closestName } from '@pyrgos/server/config';
import type { Command } from 'commander';

/**
 * Adds `help [command...]` to a command with subcommands, and to all such commands below it: the help of what the words lead to. Words that lead nowhere are told as an unknown command
 * is, with the name that was probably meant.
 */
export function addHelpCommand(command: Command): void {
  const subcommands = [...command.commands];
  if (subcommands.length === 0) return;
  for (const subcommand of subcommands) addHelpCommand(subcommand);
  command
    .helpCommand(false)
    .command('help')
    .description('display help for command')
    .argument('[command...]')
    .helpOption(false)
    .action((words: readonly string[]) => {
      commandAt(command, words).outputHelp();
    });
}

/** The command that words lead to. Ends with an error of the last command on the way for a word that is none of its subcommands. */
function commandAt(command: Command, words: readonly string[]): Command {
  const [word, ...more] = words;
  if (word === undefined) return command;
  const found = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
  if (found !== undefined) return commandAt(found, more);
  if (command.commands.length === 0) return command.error(`error: there is no '${word}' below '${command.name()}'`);
  return unknown(command, word);
}

function unknown(command: Command, word: string): never {
  const near = closestName(
    word,
    command.commands.map((one) => one.name()),
  );
  const suggestion = near === undefined ? '' : `\n(Did you mean ${near}?)`;
  return command.error(`error: unknown command '${word}'${suggestion}`, { code: 'commander.unknownCommand' });
}
