import { once } from 'node:events';
import { PyrgosError } from '@pyrgos/client';
import type { Command } from 'commander';
import { UsageError } from '../usage-error.js';
import { printable, printableName } from '../terminal.js';
import type { FilesContext } from './files-context.js';
import { requireReader } from './output.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** `pyrgos cat` */
export function addCatCommand(program: Command): void {
  const command = program
    .command('cat')
    .description('write files to the standard output; to a terminal as text that cannot steer it')
    .argument('<paths...>', 'files in the account');
  addSessionOptions(addLinkOptions(command)).action(async (paths: string[]) =>
    withFiles(command, paths, async (context) => {
      if (context.output.isJson) throw new UsageError('A file is no JSON: leave out --json, or use get.');
      await context.each(paths, async (path) => printFile(context, path, process.stdout.isTTY));
    }),
  );
}

/**
 * Writes the content of a file to the standard output, piece by piece; as text, bytes that are no UTF-8 are replaced, and so is what could steer a
 * terminal. PyrgosError `conflict.file` for a directory; CommandEnd when nobody reads any more.
 */
export async function printFile(context: FilesContext, path: string, isText: boolean): Promise<void> {
  const { files, signal } = context;
  const target = context.remote(path);
  if ((await files.stat(target, { signal })).isDirectory) {
    throw new PyrgosError('conflict.file', `'${printableName(target)}' is a directory.`, { data: { path: target, isDirectory: true } });
  }
  // Characters of several bytes may span pieces.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const piece of await files.stream(target, { signal })) {
    await write(isText ? printable(decoder.decode(piece, { stream: true })) : piece);
  }
  if (isText) await write(printable(decoder.decode()));
}

/** CommandEnd when nobody reads any more. */
async function write(piece: string | Uint8Array): Promise<void> {
  requireReader();
  if (piece.length === 0 || process.stdout.write(piece)) return;
  try {
    // Who reads may be slow, or gone.
    await once(process.stdout, 'drain');
  } catch (error) {
    requireReader();
    throw error;
  }
}
