import type { FileEntry } from '@pyrgos/client';
import { formatSize } from '@pyrgos/server/config';
import type { Command } from 'commander';
import { formatTable, printableName } from '../terminal.js';
import { entryJson, timeText } from './entry-text.js';
import type { FilesContext } from './files-context.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** `pyrgos stat` */
export function addStatCommand(program: Command): void {
  const command = program
    .command('stat')
    .description('say what is known of files and directories: kind, size, type, times, rights')
    .argument('<paths...>', 'in the account');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[]) =>
    withFiles(command, paths, async (context) => context.each(paths, async (path) => printStat(context, path))),
  );
}

/** Prints what is known of one file or directory. NotFoundError. */
export async function printStat(context: FilesContext, path: string): Promise<void> {
  const { files, output, signal } = context;
  const entry = await files.stat(context.remote(path), { signal });
  output.result(formatTable(rowsOf(entry)).join('\n'), entryJson(entry));
}

function rowsOf(entry: FileEntry): string[][] {
  const { created, isDirectory, isHidden, isWritable, kind, mimeType, modified, path, size } = entry;
  return [
    ['Path', printableName(path)],
    ['Kind', `${kind}${isHidden ? ', hidden' : ''}${isWritable ? '' : ', read-only'}`],
    ...(isDirectory
      ? []
      : [
          ['Size', `${formatSize(size)} (${size} bytes)`],
          ['Type', printableName(mimeType)],
        ]),
    ['Modified', timeText(modified)],
    ['Created', timeText(created)],
  ];
}
