import { connect, type LinkSession, type PyrgosServer } from '@pyrgos/client';
import type { Command } from 'commander';
import { isInteractive, readInput } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { askSecret } from './prompts.js';
import type { SessionOptions } from './session-options.js';
import { nameServer, readPasswordFile, readSecretFile, serverUrl } from './session-source.js';

/** What commands take that read what a link leads to. */
export interface LinkOptions {
  readonly linkFile?: string;
  readonly linkPasswordFile?: string;
}

/** A link that somebody has given, and the argument that it was, if it was one. */
export interface GivenLink {
  /** A secret. */
  readonly text: string;
  readonly argument: string | undefined;
}

/** Adds the options of commands that work with a link as well, without an account. */
export function addLinkOptions(command: Command): Command {
  return command
    .option(
      '--link-file <file>',
      'work in what a secret link leads to, without an account: a file with the link, or - for the standard input',
    )
    .option('--link-password-file <file>', 'a file with the password that belongs to the link');
}

/** Whether an argument is a link rather than a path. */
function isLink(text: string): boolean {
  return /^https?:\/\//iu.test(text);
}

/** The link that a command is to open instead of an account: in a file, on the standard input, or in place of a path. UsageError for two. */
export async function givenLink(
  { linkFile, linkPasswordFile, passwordStdin }: LinkOptions & SessionOptions,
  args: readonly (string | undefined)[],
): Promise<GivenLink | undefined> {
  const [argument, ...more] = new Set(args.filter((text) => text !== undefined && isLink(text)));
  if (more.length > 0 || (argument !== undefined && linkFile !== undefined)) throw new UsageError('A command works with one link only.');
  if (argument === undefined && linkFile === undefined) {
    if (linkPasswordFile !== undefined) throw new UsageError('Which link? Say --link-file FILE, or give the link in place of a path.');
    return undefined;
  }
  if (linkFile === '-' && passwordStdin === true) throw new UsageError('The standard input cannot be both the link and a password.');
  const text = argument ?? (linkFile === '-' ? await readInput() : await readSecretFile(linkFile ?? '', 'link')).trim();
  if (text === '') throw new UsageError('The standard input holds no link.');
  return { text, argument };
}

/**
 * Opens a link without an account: a secret one, an old one that holds the keys, or the address of something published. Its password comes from a file, or is asked on a
 * terminal. Errors of `PyrgosServer.openLink`; UsageError where the link names no server.
 */
export async function openGivenLink(
  { text }: GivenLink,
  options: LinkOptions & SessionOptions,
  signal: AbortSignal,
): Promise<{ readonly server: string; readonly opened: LinkSession }> {
  const named = isLink(text) ? (options.server ?? originOf(text)) : undefined;
  const server = named === undefined ? await nameServer(options) : serverUrl(named);
  const peer = await connect(server);
  const path = publicPath(text);
  return { server, opened: path === undefined ? await openSecret(peer, text, options, signal) : await peer.openPublic(path, { signal }) };
}

async function openSecret(peer: PyrgosServer, text: string, { linkPasswordFile }: LinkOptions, signal: AbortSignal): Promise<LinkSession> {
  if (linkPasswordFile !== undefined) return peer.openLink(text, { password: await readPasswordFile(linkPasswordFile), signal });
  if (!isInteractive()) return peer.openLink(text, { signal });
  const question = ({ attempt }: { readonly attempt: number }): string =>
    attempt === 1 ? 'Enter the password of this link' : 'That is not the password of this link. Enter it once more';
  return peer.openLink(text, { password: async (asked) => askSecret(question(asked), 'say --link-password-file FILE'), signal });
}

/** The server of a link. UsageError, which does not show it: the link is a secret. */
function originOf(text: string): string {
  if (!URL.canParse(text)) throw new UsageError('The link is not complete: copy it again, with all that stands behind the #.');
  return new URL(text).origin;
}

/** The path of something published, of its address; undefined for every other link. */
function publicPath(text: string): string | undefined {
  if (!isLink(text) || text.includes('#') || !URL.canParse(text)) return undefined;
  const { pathname } = new URL(text);
  if (!pathname.startsWith('/public/')) return undefined;
  try {
    return decodeURIComponent(pathname.slice('/public'.length)).replace(/\/$/u, '');
  } catch {
    throw new UsageError('The address is not complete: copy it again.');
  }
}
