import { type Command, Option } from 'commander';
import { printableName } from '../terminal.js';
import { entryJson } from './entry-text.js';
import type { FilesContext } from './files-context.js';
import { matchesPattern } from './name-pattern.js';
import { walkRemote } from './remote-tree.js';
import { addLinkOptions } from './open-given-link.js';
import { addSessionOptions } from './session-options.js';
import { withFiles } from './with-session.js';

/** What is looked for. */
export interface FindOptions {
  /** A pattern for the name. */
  readonly name?: string;
  readonly type?: 'f' | 'd';
}

/** `pyrgos find` */
export function addFindCommand(program: Command): void {
  const command = program
    .command('find')
    .description('print the paths of everything below a directory, or of what fits')
    .argument('[path]', 'a directory in the account (default: the home directory)')
    .option('--name <pattern>', 'only names like this: * stands for any characters, ? for one')
    .addOption(new Option('--type <type>', 'only files, or only directories').choices(['f', 'd']));
  addSessionOptions(addLinkOptions(command)).action(async (path: string | undefined, options: FindOptions) =>
    withFiles(command, [path], async (context) => find(context, path ?? '.', options)),
  );
}

/** Prints what fits below a directory, and the directory itself when it does. What cannot be looked at is reported. NotFoundError. */
export async function find(context: FilesContext, path: string, { name, type }: FindOptions): Promise<void> {
  const { files, output, signal } = context;
  const root = await files.stat(context.remote(path), { signal });
  const fits = (entry: typeof root): boolean =>
    (type === undefined || entry.isDirectory === (type === 'd')) && (name === undefined || matchesPattern(entry.name, name));
  if (fits(root)) output.result(printableName(root.path), entryJson(root));
  if (!root.isDirectory) return;
  for await (const entry of walkRemote(files, root.path, { signal, onProblem: (place, error) => output.problem(place, error) })) {
    if (fits(entry)) output.result(printableName(entry.path), entryJson(entry));
  }
}
