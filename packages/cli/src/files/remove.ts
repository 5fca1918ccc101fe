import { NotFoundError } from '@pyrgos/client';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import type { FilesContext } from './files-context.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** How something is deleted. */
export interface RemoveOptions {
  /** Directories with all that is in them, too. */
  readonly recursive?: true;
  /** What is not there is fine. */
  readonly force?: true;
}

/** `pyrgos rm` */
export function addRemoveCommand(program: Command): void {
  const command = program
    .command('rm')
    .description('delete files, for good')
    .argument('<paths...>', 'in the account')
    .option('-r, --recursive', 'directories with all that is in them, too')
    .option('-f, --force', 'what is not there is fine');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[], { force, recursive }: RemoveOptions) =>
    withFiles(command, paths, async (context) => {
      await context.each(paths, async (path) => {
        const entry = await context.movable(path).catch((error: unknown) => {
          if (force === true && error instanceof NotFoundError && error.code === 'not-found.file') return undefined;
          throw error;
        });
        if (entry === undefined) return;
        if (entry.isDirectory && recursive !== true) {
          throw new UsageError(`${printableName(entry.path)} is a directory: say -r to delete it with all that is in it.`);
        }
        await remove(context, entry.path);
      });
    }),
  );
}

/** Deletes a file, or a directory with all that is in it, that {@link FilesContext.movable} has found. NotFoundError. */
export async function remove({ files, output, signal }: FilesContext, target: string): Promise<void> {
  await files.remove(target, { signal });
  output.done(`Deleted ${printableName(target)}`, { event: 'deleted', path: target });
}
