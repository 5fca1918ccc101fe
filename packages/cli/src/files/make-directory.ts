import { NotFoundError } from '@pyrgos/client';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { aboutPlace } from './explain-error.js';
import type { FilesContext } from './files-context.js';
import { splitRemote } from './remote-path.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** How a directory is made. */
export interface MakeDirectoryOptions {
  /** Those on the way, too; one that is there already is fine. */
  readonly parents?: true;
}

/** `pyrgos mkdir` */
export function addMakeDirectoryCommand(program: Command): void {
  const command = program
    .command('mkdir')
    .description('make directories')
    .argument('<paths...>', 'in the account')
    .option('-p, --parents', 'those on the way, too; one that is there already is fine');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[], options: MakeDirectoryOptions) =>
    withFiles(command, paths, async (context) => context.each(paths, async (path) => makeDirectory(context, path, options))),
  );
}

/** Makes a directory. ConflictError `conflict.exists`. */
export async function makeDirectory(
  context: FilesContext,
  path: string,
  { parents = false }: { readonly parents?: boolean },
): Promise<void> {
  const { files, output, signal } = context;
  const target = context.remote(path);
  // What is there already is told, or is fine.
  if (target !== '/' && target !== files.homePath) {
    context.requirePlace(target, splitRemote(target).directory);
    if (parents) await context.requireHome(target);
  }
  await files.makeDirectory(target, { parents, signal }).catch((error: unknown) => {
    if (parents || !(error instanceof NotFoundError) || error.code !== 'not-found.file') throw aboutPlace(error, target, files.homePath);
    throw new NotFoundError('not-found.file', error.message, { ...error.data, advice: 'say -p to make the directories on the way, too' });
  });
  output.done(`Successfully created ${printableName(target)}`, { event: 'created', path: target });
}
