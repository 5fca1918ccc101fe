import { type DamagedEntry, type FileEntry, pathOfDamaged } from '@pyrgos/client';
import type { Command } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { aboutPlace } from './explain-error.js';
import type { FilesContext } from './files-context.js';
import { splitRemote } from './remote-path.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { TerminalProgress } from './terminal-progress.js';
import { withFiles } from './with-session.js';

/** What becomes of a file that has the name already. */
export interface ReplaceOptions {
  readonly replace?: true;
}

/** `pyrgos mv` */
export function addMoveCommand(program: Command): void {
  const command = program
    .command('mv')
    .description('move or rename a file or directory in the account')
    .argument('<source>', 'what to move')
    .argument('<target>', 'a directory to move it into, or its new path')
    .option('--replace', 'a file that has the name already is replaced, in one step');
  addSessionOptions(addLinkOptions(command)).action(async (source: string, target: string, options: ReplaceOptions) =>
    withFiles(command, [source, target], async (context) => move(context, source, target, options)),
  );
}

/** `pyrgos cp` */
export function addCopyCommand(program: Command): void {
  const command = program
    .command('cp')
    .description('copy a file or directory inside the account')
    .argument('<source>', 'what to copy')
    .argument('<target>', 'a directory to copy it into, or the path of the copy')
    .option('-r, --recursive', 'a directory with all that is in it')
    .option('--replace', 'a file that has the name already is replaced, in one step');
  addSessionOptions(addLinkOptions(command)).action(async (source: string, target: string, options: CopyOptions) =>
    withFiles(command, [source, target], async (context) => copy(context, source, target, options)),
  );
}

/** How something is copied. */
export interface CopyOptions extends ReplaceOptions {
  readonly recursive?: true;
}

/** Moves something into the directory `target`, or to that path when there is none. NotFoundError, ConflictError `conflict.exists`; UsageError into itself. */
export async function move(context: FilesContext, source: string, target: string, { replace }: ReplaceOptions): Promise<void> {
  const { files, output, signal } = context;
  const { isDirectory, path: from } = await context.movable(source);
  const { directory, name } = await placeOf(context, from, target);
  if (isDirectory && isInside(directory, from)) throw intoItself('moved');
  const progress = new TerminalProgress(output.isJson);
  const moved = await files
    .move(from, directory, { name, replace, signal, onProgress: shown(progress, from) })
    .catch((error: unknown) => {
      throw aboutPlace(error, directory, files.homePath);
    })
    .finally(() => progress.clear());
  tell(context, 'Moved', 'moved', from, moved);
}

/** Copies something into the directory `target`, or to that path when there is none. What cannot be opened is left out and reported. Errors as {@link move}; UsageError for a directory without `recursive`. */
export async function copy(context: FilesContext, source: string, target: string, { recursive, replace }: CopyOptions): Promise<void> {
  const { files, output, signal } = context;
  const from = context.remote(source);
  const entry = await files.stat(from, { signal });
  if (entry.isDirectory && recursive !== true) {
    throw new UsageError(`${printableName(from)} is a directory: say -r to copy it with all that is in it.`);
  }
  const { directory, name } = await placeOf(context, from, target);
  if (entry.isDirectory && isInside(directory, from)) throw intoItself('copied');
  const progress = new TerminalProgress(output.isJson);
  const leftOut: DamagedEntry[] = [];
  const copied = await files
    .copy(from, directory, { name, replace, signal, onProgress: shown(progress, from), onDamaged: (damaged) => leftOut.push(damaged) })
    .catch((error: unknown) => {
      throw aboutPlace(error, directory, files.homePath);
    })
    .finally(() => progress.clear());
  for (const damaged of leftOut) output.problem(pathOfDamaged(damaged), damaged.error);
  tell(context, 'Copied', 'copied', from, copied);
}

/** Where something goes: below its own name into a directory that is there, otherwise to the path itself. */
async function placeOf(
  context: FilesContext,
  from: string,
  target: string,
): Promise<{ readonly directory: string; readonly name: string }> {
  const path = context.remote(target);
  const there = await context.files.find(path, { signal: context.signal });
  const place = there?.isDirectory === true ? { directory: path, name: splitRemote(from).name } : splitRemote(path);
  context.requirePlace(path, place.directory);
  return place;
}

/** Whether a path is that of a directory, or below it. */
function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function intoItself(done: string): UsageError {
  return new UsageError(`A folder cannot be ${done} into itself: name a target outside of it.`);
}

function shown(progress: TerminalProgress, path: string): (told: { readonly done: number; readonly total: number | undefined }) => void {
  return ({ done, total }) => progress.show(path, 1, 1, total === undefined || total === 0 ? 0 : done / total);
}

function tell({ output }: FilesContext, verb: string, event: string, from: string, { path }: FileEntry): void {
  output.done(`${verb} ${printableName(from)} to ${printableName(path)}`, { event, path: from, target: path });
}
