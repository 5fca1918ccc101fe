import { ArgumentError, NotFoundError, printable } from '@pyrgos/core/errors';
import type { InodeFileSystem } from '@pyrgos/core/model';
import { formatPath } from '../files/file-tree.js';
import { ancestryOf, CommittedView, findPath, openItem, splitPath } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import { type CallOptions, checkedOptions } from '../session/call-options.js';
import { type ClientContext, type ClientOptions, createClientContext } from '../session/client-context.js';
import { findAccount } from '../session/find-account.js';
import { given } from '../waiting/given.js';
import { LinkSession } from './link-session.js';
import { assertOwned, type SharedFileSettings } from './open-link.js';
import { publishedAt, publishedBy } from './public-entries.js';

/**
 * Opens a path that a user has published, or one in a published directory, without an account (chapter 06 section 13.3). The server's word counts for nothing: what is
 * published is read from what the user has signed. NotFoundError `not-found.user`, `not-found.file`; DeniedError for a server or a user that lies; `network`; AbortedError.
 */
export async function openPublic(
  network: Network,
  path: string,
  options: ClientOptions & SharedFileSettings & CallOptions = {},
): Promise<LinkSession> {
  const { signal, thumbnailer, chunksInFlight } = checkedOptions(options);
  const names = splitPath(path);
  const [username] = names;
  if (username === undefined || names.length < 2) throw new ArgumentError('path', 'must be a path below the home directory of a user');
  if (names.some((name) => name.includes('\\'))) throw notPublished(names);
  const context = await createClientContext(network, options);
  const { view, files } = await publishedFilesOf(context, username, signal);
  const entry = await files?.getByPath(names.join('/'));
  if (entry === undefined) throw files === undefined ? nothingPublished(username, names) : notPublished(names);
  const { capability, remaining } = entry;
  const root = names.slice(0, names.length - remaining.length);
  const item = await openItem(view, capability.toReadOnly());
  const ancestry = await ancestryOf(view, item);
  // Where it is published its owner decides; whose it is, not.
  await assertOwned(context, view, item, { names: [username], writers: ancestry.names[0] === username ? ancestry.writers : [item.writer] });
  const target = await findPath(view, item, remaining.join('/'));
  if (target === undefined) throw notPublished(names);
  const settings = given({ thumbnailer, chunksInFlight });
  return new LinkSession({ context, settings, root, capability: capability.toReadOnly(), target: { names, item: target } });
}

/**
 * The paths that a user has published, in no particular order; not what is in published directories. Errors of {@link openPublic}.
 */
export async function* listPublic(
  network: Network,
  username: string,
  options: ClientOptions & CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { signal } = checkedOptions(options);
  const context = await createClientContext(network, options);
  const { files } = await publishedFilesOf(context, username, signal);
  if (files === undefined) return;
  for await (const { names } of publishedAt(files, [username])) yield formatPath(names);
}

async function publishedFilesOf(
  context: ClientContext,
  username: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly view: CommittedView; readonly files: InodeFileSystem | undefined }> {
  const { identity } = await findAccount(context, username, signal);
  const view = new CommittedView(context.sessions, { signal });
  return { view, files: await publishedBy(view, identity) };
}

function nothingPublished(username: string, names: readonly string[]): NotFoundError {
  return new NotFoundError('not-found.file', `${printable(username, 64)} has not made any files public`, { path: formatPath(names) });
}

function notPublished(names: readonly string[]): NotFoundError {
  const path = formatPath(names);
  return new NotFoundError('not-found.file', `nothing is published at ${printable(path, 128)}`, { path });
}
