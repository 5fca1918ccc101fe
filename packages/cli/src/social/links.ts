import type { CreateLinkOptions, LinkChanges, OwnLink } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import { timeText } from '../files/entry-text.js';
import type { FilesContext } from '../files/files-context.js';
import { adviseIfUnwritten, printableMessage, printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { nothingToDo } from './recipients.js';
import { withProgress } from './with-progress.js';

/** Makes a secret link and prints it, and nothing else. Errors of the client. */
export async function createLink(
  context: FilesContext,
  path: string,
  options: Omit<CreateLinkOptions, 'signal' | 'onProgress'>,
): Promise<void> {
  const { output, session, signal } = context;
  const target = context.remote(path);
  const link = await withProgress(context, target, async (onProgress) => session.links.create(target, { ...options, signal, onProgress }));
  adviseIfUnwritten(
    `The link is there all the same: ${commandName} link list --show prints it, and ${commandName} link delete ends it (number ${link.label})`,
  );
  output.result(addressOf(context, link), { event: 'created', ...linkJson(link), link: addressOf(context, link) });
}

/** Prints the links of what is at or below a path, with what is left of them; `shows`: the links themselves, too, which are secrets. */
export async function listLinks(context: FilesContext, path: string | undefined, shows: boolean): Promise<void> {
  const { output, session, signal } = context;
  const where = path === undefined ? '/' : context.remote(path);
  for await (const link of session.links.list(where, { signal })) {
    const address = shows ? addressOf(context, link) : undefined;
    output.result(lineOf(link, address), { ...linkJson(link), link: address });
  }
}

/** Changes a link, which stays valid as it is written. NotFoundError; UsageError where it is not clear which one. */
export async function editLink(context: FilesContext, path: string, label: string | undefined, changes: LinkChanges): Promise<void> {
  const { output, session, signal } = context;
  const target = context.remote(path);
  const [which] = await chosen(context, target, label === undefined ? [] : [label]);
  if (which === undefined) throw noLinks(target);
  const link = await session.links.update(target, which, changes, { signal });
  output.done(lineOf(link, undefined), { event: 'edited', ...linkJson(link) });
}

/** Ends links of a path: those with these labels, the only one, or all. NotFoundError; UsageError where it is not clear which one. */
export async function deleteLinks(context: FilesContext, path: string, labels: readonly string[], isAll: boolean): Promise<void> {
  const { output, session, signal } = context;
  const target = context.remote(path);
  const which = isAll ? await labelsAt(context, target) : await chosen(context, target, labels);
  for (const label of which) {
    if (!(await session.links.delete(target, label, { signal })))
      throw nothingToDo(`'${printableName(target)}' has no link ${label}: ${commandName} link list shows those that there are.`);
    output.done(`Link ${label} to '${printableName(target)}' works no more.`, { event: 'deleted', path: target, label: String(label) });
  }
  if (which.length === 0) throw noLinks(target);
}

/** The labels that were named, or that of the only link. */
async function chosen(context: FilesContext, target: string, labels: readonly string[]): Promise<bigint[]> {
  if (labels.length > 0) return [...new Set(labels)].map(labelOf);
  const all = await labelsAt(context, target);
  if (all.length > 1) throw new UsageError(`'${printableName(target)}' has ${all.length} links: say which one, ${all.join(' or ')}.`);
  return all;
}

async function labelsAt({ session, signal }: FilesContext, target: string): Promise<bigint[]> {
  const { links } = await session.shares.sharedWith(target, { signal });
  return links.map(({ label }) => label);
}

function labelOf(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/u.test(text)) throw new UsageError(`A link is named by its number: ${commandName} link list shows it.`);
  return BigInt(text);
}

function noLinks(target: string): Error {
  return nothingToDo(`'${printableName(target)}' has no link.`);
}

function addressOf({ server }: FilesContext, { text, url }: OwnLink): string {
  // The server says under which host.
  return printableMessage(url ?? `${server}/${text}`);
}

function lineOf(
  { expires, hasPassword, isWritable, label, maxRetrievals, path, retrievals, retrievalsLeft }: OwnLink,
  address?: string,
): string {
  const uses = maxRetrievals === undefined ? `${retrievals ?? '?'} uses` : `${retrievalsLeft ?? '?'} of ${maxRetrievals} uses left`;
  const columns = [
    String(label).padStart(10),
    (isWritable ? 'write' : 'read').padEnd(5),
    uses.padEnd(20),
    (expires === undefined ? 'for ever' : `until ${timeText(expires)}`).padEnd(22),
    (hasPassword ? 'password' : '').padEnd(8),
    printableName(path),
    ...(address === undefined ? [] : [address]),
  ];
  return columns.join('  ');
}

function linkJson({ expires, hasPassword, isWritable, label, maxRetrievals, path, retrievals, retrievalsLeft }: OwnLink): object {
  return {
    path,
    label: String(label),
    isWritable,
    hasPassword,
    expires: expires?.toISOString(),
    maxRetrievals,
    retrievals,
    retrievalsLeft,
  };
}
