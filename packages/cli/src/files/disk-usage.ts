import type { Command } from 'commander';
import { formatSize } from '@pyrgos/server/config';
import { printableName } from '../terminal.js';
import type { FilesContext } from './files-context.js';
import { childrenOf } from './remote-tree.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** How sizes are told. */
export interface UsageOptions {
  /** Only the sum of each path. */
  readonly summarize?: true;
}

/** `pyrgos du` */
export function addUsageCommand(program: Command): void {
  const command = program
    .command('du')
    .description('say how large files are, and the files in directories together')
    .argument('[paths...]', 'in the account (default: the home directory)')
    .option('-s, --summarize', 'only one line for each path');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[], options: UsageOptions) =>
    withFiles(command, paths, async (context) => {
      await context.each(paths.length === 0 ? ['.'] : paths, async (path) => usage(context, path, options));
    }),
  );
}

/** What is in something. */
interface Sum {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Prints how many bytes the files have that are in a directory and below it, and the same of each directory in it. These are the sizes of the contents; what the
 * account is charged with is a little more ({@link FilesContext} `session.space`). NotFoundError.
 */
export async function usage(context: FilesContext, path: string, { summarize }: UsageOptions): Promise<void> {
  const { files, output, signal } = context;
  const root = await files.stat(context.remote(path), { signal });
  const tell = (place: string, { bytes, files: count }: Sum): void =>
    output.result(`${formatSize(bytes).padStart(9)}  ${printableName(place)}`, { path: place, bytes, files: count });
  const sumOf = async (directory: string): Promise<Sum> => {
    let bytes = 0;
    let count = 0;
    const directories: string[] = [];
    for await (const child of childrenOf(files, directory, { signal, onProblem: (place, error) => output.problem(place, error) })) {
      if (child.isDirectory) directories.push(child.path);
      else {
        bytes += child.size;
        count++;
      }
    }
    for (const child of directories.sort()) {
      const below = await sumOf(child);
      if (summarize !== true) tell(child, below);
      bytes += below.bytes;
      count += below.files;
    }
    return { bytes, files: count };
  };
  tell(root.path, root.isDirectory ? await sumOf(root.path) : { bytes: root.size, files: 1 });
}
