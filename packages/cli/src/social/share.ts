import { DeniedError, isOfClients, NotFoundError, type Recipient } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';
import { printableMessage, printableName } from '../terminal.js';
import { type LeavingOutOptions, leftOutOf } from './leaving-out.js';
import { nothingToDo, recipientText } from './recipients.js';
import { withProgress } from './with-progress.js';

/** What people may do who have got something. */
export type Access = 'read' | 'write';

/**
 * Shares a file or directory with users and groups, and says so (chapter 09 section 5.3). Errors of the client; in the words of the chapter NotFoundError for somebody who does not
 * follow the account, and DeniedError for the right to change what is somebody else's.
 */
export async function share(context: FilesContext, path: string, recipients: readonly Recipient[], access: Access): Promise<void> {
  const { files, output, session, signal } = context;
  const target = context.remote(path);
  const { isDirectory, owner } = await files.stat(target, { signal });
  const kind = isDirectory ? 'directory' : 'file';
  if (access === 'write' && owner !== session.username) {
    throw new DeniedError(
      'denied.file',
      `${isDirectory ? 'Directory' : 'File'} not shared: only the owner (${printableName(owner)}) can grant write access`,
      { path: target },
    );
  }
  await withProgress(context, target, async (onProgress) => session.shares.share(target, recipients, { access, signal, onProgress })).catch(
    (error: unknown) => {
      const user = error instanceof NotFoundError && error.code === 'not-found.recipient' ? error.data['recipient'] : undefined;
      if (typeof user !== 'string') throw error;
      const text = `${isDirectory ? 'Directory' : 'File'} not shared: specified-user ${printableName(user)} is not following you. Ask them to follow you, or follow them: with that they may follow you`;
      throw new NotFoundError('not-found.recipient', text, { recipient: user }, error);
    },
  );
  const names = recipients.map(recipientText).map(printableName).join(', ');
  const all = isDirectory ? ', including everything it contains.' : '';
  output.done(`Shared ${access}-access to ${kind} '${printableName(target)}' with ${names}${all}`, {
    event: 'shared',
    path: target,
    access,
    recipients,
  });
}

/** Ends sharing with users and groups: all access, or only that for writing. NotFoundError when there was nothing to end. */
export async function unshare(
  context: FilesContext,
  path: string,
  recipients: readonly Recipient[],
  access: Access | undefined,
  damaged: LeavingOutOptions = {},
): Promise<void> {
  const { output, session, signal } = context;
  const target = context.remote(path);
  const isEnded = await withProgress(context, target, async (onProgress) => {
    if (access === 'write') await keepReading(context, target, recipients);
    return session.shares.unshare(target, recipients, { access, signal, onProgress, ...leftOutOf(context, damaged) });
  });
  const names = recipients.map(recipientText).map(printableName).join(', ');
  if (!isEnded)
    throw nothingToDo(
      `'${printableName(target)}' is not shared${access === 'write' ? ' for writing' : ''} with ${recipients.length === 0 ? 'anybody' : names}: ${commandName} shared lists what is.`,
    );
  output.done(`${names} cannot ${access === 'write' ? 'change' : 'open'} '${printableName(target)}' any more. It has new keys.`, {
    event: 'unshared',
    path: target,
    access: access ?? 'all',
    recipients,
  });
}

/** Whoever loses the right to change something keeps that to read it, and has it before: nobody is without it in between. */
async function keepReading({ session, signal }: FilesContext, target: string, recipients: readonly Recipient[]): Promise<void> {
  const { readers, writers } = await session.shares.sharedWith(target, { signal });
  const [reading, writing] = [readers, writers].map((some) => new Set(some.map(recipientText)));
  const losing = recipients.filter((one) => writing?.has(recipientText(one)) === true && reading?.has(recipientText(one)) !== true);
  if (losing.length > 0) await session.shares.share(target, losing, { access: 'read', signal });
}

/** All with whom something is shared. */
export async function everybodyAt(context: FilesContext, path: string): Promise<Recipient[]> {
  const { readers, writers } = await context.session.shares.sharedWith(context.remote(path), { signal: context.signal });
  return [...new Map([...readers, ...writers].map((recipient) => [recipientText(recipient), recipient])).values()];
}

/** What of shares is listed. */
export interface SharedOptions {
  readonly byMe?: true;
  readonly withMe?: true;
  /** Posts, profiles and the like as well. */
  readonly all?: true;
}

/** Prints what the account shares, its links, and what is published, and what others share with it: one line for each path and each of those who have it. */
export async function listShared(context: FilesContext, path: string | undefined, { byMe, withMe, all }: SharedOptions): Promise<void> {
  const isBoth = byMe === withMe;
  const target = path === undefined ? undefined : context.remote(path);
  const isListed = (item: string): boolean =>
    isBelow(item, target) && (all === true || !isOfClients(item) || (target !== undefined && isOfClients(target)));
  if (isBoth || byMe === true) await listByMe(context, target, isListed);
  if (isBoth || withMe === true) await listWithMe(context, isListed);
}

/** Columns: direction, who, access, path. */
function line(direction: 'to' | 'from', who: string, access: string, path: string): string {
  return `${direction.padEnd(4)}  ${printableName(who).padEnd(16)}  ${access.padEnd(5)}  ${printableName(path)}`;
}

async function listByMe(
  { output, session, signal }: FilesContext,
  target: string | undefined,
  isListed: (path: string) => boolean,
): Promise<void> {
  for await (const { links, path, readers, writers } of session.shares.list(target ?? '/', { signal })) {
    if (!isListed(path)) continue;
    for (const [access, recipients] of [
      ['read', readers],
      ['write', writers],
    ] as const) {
      for (const recipient of recipients) {
        output.result(line('to', recipientText(recipient), access, path), { direction: 'by-me', path, access, ...recipient });
      }
    }
    for (const { isWritable, label } of links) {
      const access = isWritable ? 'write' : 'read';
      output.result(line('to', `link ${label}`, access, path), { direction: 'by-me', path, access, link: String(label) });
    }
  }
  for await (const { path, url } of session.publishing.list({ signal })) {
    if (isListed(path))
      output.result(line('to', 'the whole world', 'read', path), { direction: 'by-me', path, access: 'read', public: true, url });
  }
}

async function listWithMe({ output, session, signal }: FilesContext, isListed: (path: string) => boolean): Promise<void> {
  // Whom they have accepted meanwhile is a friend as well.
  await session.friends.requests({ signal });
  for await (const { access, entry, error, owner, path, sharers } of session.shares.received({ signal })) {
    if (!isListed(path)) continue;
    if (error !== undefined) {
      output.problem(path, error);
      continue;
    }
    const facts = { direction: 'with-me', path, owner, sharers, access, kind: entry?.kind, size: entry?.size };
    output.result(line('from', sharers.join(', '), access, path), facts);
  }
}

function isBelow(path: string, directory: string | undefined): boolean {
  return directory === undefined || directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Publishes a file or directory, or makes a directory the web site of the account. Gives what it is and where everybody finds it. */
export async function publish(
  context: FilesContext,
  path: string,
  isWebRoot = false,
): Promise<{ readonly path: string; readonly isDirectory: boolean; readonly url: string }> {
  const { files, server, session, signal } = context;
  const target = context.remote(path);
  const { isDirectory } = await files.stat(target, { signal });
  const { publishing } = session;
  const { url } = isWebRoot ? await publishing.publishWebRoot(target, { signal }) : await publishing.publish(target, { signal });
  // The server says under which host.
  const address = printableMessage(url ?? `${server}/public${target.split('/').map(encodeURIComponent).join('/')}`);
  return { path: target, isDirectory, url: address };
}

/** Ends that something is published: it gets new keys. NotFoundError when it was not. */
export async function unpublish(context: FilesContext, path: string | undefined, damaged: LeavingOutOptions = {}): Promise<void> {
  const { output, session, signal } = context;
  const { publishing } = session;
  const target = path === undefined ? await publishing.webRoot({ signal }) : context.remote(path);
  if (target === undefined) throw nothingToDo('The account has no web site.');
  const isEnded = await withProgress(context, target, async (onProgress) =>
    publishing.unpublish(target, { signal, onProgress, ...leftOutOf(context, damaged) }),
  );
  if (!isEnded)
    throw nothingToDo(`'${printableMessage(printableName(target))}' is not published: ${commandName} shared --by-me lists what is.`);
  output.done(`'${printableName(target)}' is private again, with new keys. Its shares and links have ended, too.`, {
    event: 'unpublished',
    path: target,
  });
}
