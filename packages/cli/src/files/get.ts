import { stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { Download } from './download.js';
import type { FilesContext } from './files-context.js';
import { assertLocalName } from './local-name.js';
import { splitRemote } from './remote-path.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** How something is fetched. */
export interface GetOptions {
  readonly recursive?: true;
  readonly skipExisting?: true;
}

/** `pyrgos get` */
export function addGetCommand(program: Command): void {
  const command = program
    .command('get')
    .description('fetch a file or directory from the account to this machine')
    .argument('<remote>', 'a file or directory in the account')
    .argument('[local]', 'a folder to put it into, or its new path (default: the current folder)')
    .option('-r, --recursive', 'a directory with all that is in it; what is there with the same size and time is passed over')
    .option('--skip-existing', 'what is there already stays as it is');
  addSessionOptions(addLinkOptions(command)).action(async (remote: string, local: string | undefined, options: GetOptions) =>
    withFiles(command, [remote], async (context) => get(context, remote, local, options)),
  );
}

/**
 * Fetches a file, or a directory with all that is in it, to `local` (chapter 09 section 5.3): into it when it is a folder, otherwise to that path, whose
 * folder must be there. A directory that is named with `/.` at the end goes with what is in it into a folder that is there. One file of a directory that cannot be fetched is reported, and the others go on. NotFoundError; UsageError for a
 * directory without `recursive`, and for a place that is not there.
 */
export async function get(context: FilesContext, remote: string, local: string | undefined, options: GetOptions): Promise<void> {
  const { files, output, signal } = context;
  const path = context.remote(remote);
  const entry = await files.stat(path, { signal });
  if (entry.isDirectory && options.recursive !== true) {
    throw new UsageError(`${printableName(path)} is a directory: say -r to fetch it with all that is in it.`);
  }
  // As cp does: not the directory itself, but what is in it.
  const isContent = entry.isDirectory && remote.endsWith('/.');
  const target = await placeOf(context, splitRemote(path).name, local, isContent);
  // In the shell earlier commands have had theirs.
  const before = output.problems;
  const download = new Download(context, options.skipExisting === true);
  try {
    if (entry.isDirectory) await download.tree(entry, target);
    else await download.file(entry, target);
  } finally {
    download.end();
  }
  const { bytes, fetched, passedOver } = download;
  const problems = output.problems - before;
  if (entry.isDirectory)
    output.summary(
      summary(download, problems),
      { event: 'summary', path, local: target, fetched, passedOver, bytes, problems },
      problems > 0,
    );
  if (problems === 0)
    output.done(`Downloaded ${printableName(path)} to ${printableName(target)}`, { event: 'downloaded', path, local: target });
}

function summary({ fetched, passedOver }: Download, problems: number): string {
  return `${fetched} fetched, ${passedOver} there already${problems === 0 ? '' : `, ${problems} not fetched`}`;
}

/** Where something of this name goes. */
async function placeOf(context: FilesContext, name: string, local: string | undefined, isContent: boolean): Promise<string> {
  const given = context.local(local ?? '.');
  if ((await folderAt(given)) === true) {
    if (isContent) return given;
    if (name === '') throw new UsageError('/ has no name of its own: name a new folder for what is in it, or fetch a home directory.');
    assertLocalName(name);
    return join(given, name);
  }
  const isFolderMeant = local?.endsWith('/') === true || local?.endsWith(sep) === true;
  if (isFolderMeant || (await folderAt(dirname(given))) !== true || basename(given) === '') {
    throw new UsageError(`Specified local path '${printableName(local ?? '.')}' is not a directory or does not exist.`);
  }
  return given;
}

/** Whether there is a folder at a path; undefined when there is nothing. */
async function folderAt(path: string): Promise<boolean | undefined> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => undefined,
  );
}
