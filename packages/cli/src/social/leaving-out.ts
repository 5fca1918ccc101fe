import type { LeftOutOptions } from '@pyrgos/client';
import type { Command } from 'commander';
import { explainError } from '../files/explain-error.js';
import type { FilesContext } from '../files/files-context.js';
import { printableMessage, printableName } from '../terminal.js';

/** What is done with damaged files when something gets new keys. */
export interface LeavingOutOptions {
  readonly leaveOutDamaged?: true;
}

/** Adds `--leave-out-damaged` to a command that gives new keys. */
export function addLeavingOutOption(command: Command): Command {
  return command.option('--leave-out-damaged', 'leave out what is damaged and cannot get new keys; it is gone then');
}

/** The options of the client, which name what was left out. */
export function leftOutOf({ output }: FilesContext, { leaveOutDamaged }: LeavingOutOptions): LeftOutOptions {
  return {
    leaveOutDamaged: leaveOutDamaged === true,
    onLeftOut: (path, error) => {
      output.note(`'${printableName(path)}' was left out: ${printableMessage(explainError(error).text)}`);
    },
  };
}
