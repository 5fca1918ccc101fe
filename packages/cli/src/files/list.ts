import { type FileEntry, pathOfDamaged } from '@pyrgos/client';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { compareNames, entryJson, longLine } from './entry-text.js';
import type { FilesContext } from './files-context.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** How a directory is listed. */
export interface ListOptions {
  /** With rights, size and time. */
  readonly long?: true;
  /** Hidden elements, too. */
  readonly all?: true;
}

/** `pyrgos ls` */
export function addListCommand(program: Command): void {
  const command = program
    .command('ls')
    .description('list directories')
    .argument('[paths...]', 'files or directories in the account (default: the home directory)')
    .option('-l, --long', 'with rights, size and time')
    .option('-a, --all', 'hidden elements, too');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[], options: ListOptions) =>
    withFiles(command, paths, async (context) => {
      const wanted = paths.length === 0 ? ['.'] : paths;
      await context.each(wanted, async (path) => list(context, path, options, wanted.length > 1));
    }),
  );
}

/** Lists a directory, sorted by name; of a file, that file. What is damaged is reported, the rest listed all the same. */
export async function list(context: FilesContext, path: string, { all, long }: ListOptions, isTitled = false): Promise<void> {
  const { files, output, signal } = context;
  const target = context.remote(path);
  const entry = await files.stat(target, { signal });
  if (!entry.isDirectory) {
    output.result(long === true ? longLine(entry) : printableName(entry.name), entryJson(entry));
    return;
  }
  const entries: FileEntry[] = [];
  try {
    for await (const found of files.list(target, { signal })) {
      if (found.isDamaged) output.problem(pathOfDamaged(found), found.error);
      else if (all === true || !found.isHidden) entries.push(found);
    }
  } catch (error) {
    // What of the list could be read has come before.
    output.problem(target, error);
  }
  if (isTitled && !output.isJson) output.result(`${printableName(target)}:`, {});
  for (const found of entries.sort(compareNames)) {
    output.result(long === true ? longLine(found) : printableName(found.name), entryJson(found));
  }
}
