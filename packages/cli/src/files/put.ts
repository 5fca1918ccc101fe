import { basename } from 'node:path';
import type { FileEntry } from '@pyrgos/client';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { aboutPlace } from './explain-error.js';
import type { FilesContext } from './files-context.js';
import { localEntry, type LocalFile, localSource } from './local-tree.js';
import { joinRemote, splitRemote } from './remote-path.js';
import { addLinkOptions, type LinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { TerminalProgress } from './terminal-progress.js';
import { aboutFile, TransferMeter } from './tree-progress.js';
import { Upload } from './upload.js';
import { withFiles } from './with-session.js';

/** How something is stored. */
export interface PutOptions {
  readonly recursive?: true;
  readonly skipExisting?: true;
}

/** `pyrgos put` */
export function addPutCommand(program: Command): void {
  const command = program
    .command('put')
    .description('store a file or folder of this machine in the account')
    .argument('<local>', 'a file or folder, or - for the standard input')
    .argument('[remote]', 'a directory in the account to put it into, or the new path of a file (default: the home directory)')
    .option('-r, --recursive', 'a folder with all that is in it; what is there with the same size and time is passed over')
    .option('--skip-existing', 'what is there already stays as it is');
  addSessionOptions(addLinkOptions(command)).action(
    async (local: string, remote: string | undefined, options: PutOptions & LinkOptions & { passwordStdin?: true }) =>
      withFiles(command, [remote], async (context) => {
        if (local === '-' && options.passwordStdin === true)
          throw new UsageError('The standard input cannot be both the password and the file.');
        if (local === '-' && options.linkFile === '-') throw new UsageError('The standard input cannot be both the link and the file.');
        await put(context, local, remote, options);
      }),
  );
}

/**
 * Stores a file, or a folder with all that is in it (chapter 09 section 5.3). A file goes into `remote` when that is a directory, otherwise to that path; a
 * folder to `<remote>/<its name>`. One file of a folder that cannot be stored is reported, and the others go on. UsageError for a folder without `recursive`;
 * errors of the client and of the system.
 */
export async function put(context: FilesContext, local: string, remote: string | undefined, options: PutOptions): Promise<void> {
  if (local === '-') {
    await putInput(context, remote);
    return;
  }
  const path = context.local(local);
  const found = await localEntry(path);
  const name = basename(path);
  if (!found.isDirectory) {
    await putFile(context, path, name, found, remote, options);
    return;
  }
  if (options.recursive !== true) throw new UsageError(`${printableName(path)} is a folder: say -r to store it with all that is in it.`);
  if (name === '') throw new UsageError('The root of the disk has no name: name a folder in it.');
  const { output } = context;
  const directory = context.remote(remote ?? '.');
  context.requirePlace(directory, directory);
  await context.requireHome(directory);
  const target = joinRemote(directory, name);
  // In the shell earlier commands have had theirs.
  const before = output.problems;
  const upload = new Upload(context, options.skipExisting === true);
  try {
    await upload.folder(path, target);
  } catch (error) {
    throw aboutPlace(error, target, context.files.homePath);
  } finally {
    upload.end();
  }
  const { bytes, leftOut, passedOver, stored } = upload;
  const problems = output.problems - before;
  const summary = { event: 'summary', local: path, path: target, stored, passedOver, leftOut, bytes, problems };
  const failed = problems === 0 ? '' : `, ${problems} not stored`;
  output.summary(`${stored} stored, ${passedOver} there already${failed}`, summary, problems > 0);
  // Told in any case: a file of somebody may have such a name.
  if (leftOut > 0) output.note(`${leftOut} ${leftOut === 1 ? 'item' : 'items'} left out: parts of unfinished downloads (.pyrgos-….part)`);
  if (problems === 0) tell(context, path, target);
}

async function putFile(
  context: FilesContext,
  path: string,
  name: string,
  found: LocalFile,
  remote: string | undefined,
  { skipExisting }: PutOptions,
): Promise<void> {
  const { files, output, signal } = context;
  const target = await placeOf(context, name, remote);
  if (skipExisting === true && (await files.find(target, { signal })) !== undefined) {
    output.done(`Skipping ${printableName(path)}`, { event: 'passed-over', local: path, path: target });
    return;
  }
  const progress = new TerminalProgress(output.isJson);
  const meter = new TransferMeter();
  await files
    .write(target, localSource(path, found, { followsLinks: true }), {
      modified: found.modified,
      signal,
      onProgress: ({ done, total = done }) => {
        meter.add(done);
        progress.follow(() => ({
          path: aboutFile(target, meter.text(done, total)),
          index: 1,
          count: 1,
          fraction: total === 0 ? 1 : done / total,
        }));
      },
    })
    .catch((error: unknown) => {
      throw aboutPlace(error, target, files.homePath);
    })
    .finally(() => progress.end());
  tell(context, path, target);
}

async function putInput(context: FilesContext, remote: string | undefined): Promise<void> {
  if (remote === undefined) throw new UsageError('Say how the file is to be called: pyrgos put - NAME');
  const { files, output, signal } = context;
  const target = context.remote(remote);
  if (target === files.homePath)
    throw new UsageError(`${printableName(target)} is a directory: say how the file in it is to be called: pyrgos put - NAME`);
  context.requirePlace(target, splitRemote(target).directory);
  const progress = new TerminalProgress(output.isJson);
  const meter = new TransferMeter();
  await files
    .write(target, process.stdin as AsyncIterable<Uint8Array>, {
      signal,
      onProgress: ({ done }) => {
        meter.add(done);
        progress.follow(() => ({ path: aboutFile(target, meter.text(done, undefined)), index: 1, count: 1, fraction: 0 }));
      },
    })
    .catch((error: unknown) => {
      throw aboutPlace(error, target, files.homePath);
    })
    .finally(() => progress.end());
  tell(context, '-', target);
}

function tell({ output }: FilesContext, local: string, path: string): void {
  output.done(`Successfully uploaded ${printableName(local)} to remote ${printableName(path)}`, { event: 'uploaded', local, path });
}

async function placeOf(context: FilesContext, name: string, remote: string | undefined): Promise<string> {
  const path = context.remote(remote ?? '.');
  if (remote === undefined) return joinRemote(path, name);
  const there: FileEntry | undefined = await context.files.find(path, { signal: context.signal });
  const place = there?.isDirectory === true || remote.endsWith('/') ? joinRemote(path, name) : path;
  context.requirePlace(path, splitRemote(place).directory);
  return place;
}
