import { Argument, type Command } from 'commander';
import { type CompletionShell, completionScript, completionShells } from '../completion-scripts.js';

/** `pyrgos completion`: what shells need to complete this command. Added last: it knows what is there. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print what a shell needs to complete commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(completionShells))
    .action((shell: CompletionShell) => {
      process.stdout.write(completionScript(program, shell));
    });
}
