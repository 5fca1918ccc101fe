import { readdir } from 'node:fs/promises';
import { completeChats, isAboutChats } from '../social/complete-chats.js';
import { completePeople, isAboutPeople } from '../social/complete-users.js';
import type { FilesContext } from './files-context.js';
import type { Completion } from './shell-command.js';
import { shellCommands } from './shell-commands.js';
import { lastToken, quoteToken } from './shell-line.js';

/** Words that are no entries of {@link shellCommands}. */
const OWN_WORDS = ['help', 'exit', 'quit', 'bye'];

/** What the end of a line may become: the possible texts, and the part of the line that they take the place of. Never fails: what cannot be looked at has no completions. */
export async function completeLine(context: FilesContext, line: string): Promise<[string[], string]> {
  const { before, raw, text } = lastToken(line);
  const [command, ...args] = before;
  if (command === undefined) return [[...shellCommands.keys(), ...OWN_WORDS].filter((word) => word.startsWith(text)).sort(), raw];
  const known = shellCommands.get(command);
  if (known === undefined) return [[], raw];
  if (text.startsWith('-')) return [known.flags.filter((flag) => flag.startsWith(text)), raw];
  const place = args.filter((arg) => !arg.startsWith('-')).length;
  const kind = known.completions[place];
  if (kind === undefined) return [[], raw];
  try {
    const found = await possible(context, kind, text);
    // What is shown must not steer the terminal, and what cannot be typed is no help.
    return [found.filter((name) => !/\p{C}/u.test(name)).map(quoteToken), raw];
  } catch {
    return [[], raw];
  }
}

async function possible(context: FilesContext, kind: Completion, text: string): Promise<string[]> {
  if (isAboutPeople(kind)) return completePeople(context, kind, text);
  if (isAboutChats(kind)) return completeChats(context, kind, text);
  return kind.startsWith('remote') ? remoteNames(context, kind, text) : localNames(context, kind, text);
}

async function remoteNames(context: FilesContext, kind: Completion, text: string): Promise<string[]> {
  const [stem, start] = cut(text);
  const found: string[] = [];
  for await (const { isDirectory, name } of context.files.names(context.remote(stem === '' ? '.' : stem), { signal: context.signal })) {
    if (name?.startsWith(start) !== true || (kind === 'remote-directory' && !isDirectory)) continue;
    // Hidden ones of the system, unless somebody wants them.
    if (start === '' && name.startsWith('.')) continue;
    found.push(`${stem}${name}${isDirectory ? '/' : ''}`);
  }
  return found.sort();
}

async function localNames(context: FilesContext, kind: Completion, text: string): Promise<string[]> {
  const [stem, start] = cut(text);
  const entries = await readdir(context.local(stem === '' ? '.' : stem), { withFileTypes: true });
  return entries
    .filter((entry) => entry.name.startsWith(start) && (kind === 'local' || entry.isDirectory()))
    .map((entry) => `${stem}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}

/** The directory part of what is typed, with its slash, and the beginning of the name. */
function cut(text: string): [stem: string, start: string] {
  const end = text.lastIndexOf('/') + 1;
  return [text.slice(0, end), text.slice(end)];
}
