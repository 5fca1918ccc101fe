import type { Command } from 'commander';
import { ExitCode } from '../exit-code.js';
import { CommandEnd } from './command-end.js';
import { FilesContext } from './files-context.js';
import { givenLink, type LinkOptions, openGivenLink } from './open-given-link.js';
import { openSession } from './open-session.js';
import { Output } from './output.js';
import { type SessionOptions, sessionOptionsOf } from './session-options.js';
import { nameAccount } from './session-source.js';

/** Does something with the account that a command names, tells what failed, and ends the command with the exit code that belongs to it. */
export async function withSession(command: Command, work: (context: FilesContext) => Promise<void>): Promise<void> {
  await withOutput(command, async (options, output, signal) => useAccount(options, output, signal, work));
}

/**
 * As {@link withSession}, for commands on files: they work in what a link leads to, without an account, when one is given, be it in place of one of the paths
 * that are among the arguments `paths`.
 */
export async function withFiles(
  command: Command,
  paths: readonly (string | undefined)[],
  work: (context: FilesContext) => Promise<void>,
): Promise<void> {
  await withOutput(command, async (session, output, signal) => {
    const options: SessionOptions & LinkOptions = { ...session, ...command.opts<LinkOptions>() };
    const link = await givenLink(options, paths);
    if (link === undefined) {
      await useAccount(options, output, signal, async (context) => {
        await meetFriends(context, paths);
        await work(context);
      });
      return;
    }
    const { server, opened } = await openGivenLink(link, options, signal);
    await use(new FilesContext(opened, server, output, signal, link.argument), work);
  });
}

/**
 * Somebody who has accepted a request can be looked at as soon as their answer was read: that is done where a path leads to somebody unknown, and where everybody is
 * listed.
 */
async function meetFriends(context: FilesContext, paths: readonly (string | undefined)[]): Promise<void> {
  const { files, session, signal } = context;
  const others = new Set(
    paths.filter((path) => path !== undefined && path !== '').map((path) => context.remote(path ?? '').split('/')[1] ?? ''),
  );
  others.delete(session.username);
  for (const owner of others) {
    if (owner !== '' && (await files.find(`/${owner}`, { signal })) !== undefined) continue;
    await session.friends.requests({ signal });
    return;
  }
}

async function useAccount(
  options: SessionOptions,
  output: Output,
  signal: AbortSignal,
  work: (context: FilesContext) => Promise<void>,
): Promise<void> {
  const account = await nameAccount(options);
  await use(new FilesContext(await openSession(account, options, signal), account.server, output, signal), work);
}

async function use(context: FilesContext, work: (context: FilesContext) => Promise<void>): Promise<void> {
  try {
    await work(context);
  } finally {
    context.close();
  }
}

/** As {@link withSession}, for what needs no account yet. */
export async function withOutput(
  command: Command,
  work: (options: SessionOptions, output: Output, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const isJson = command.opts()['json'] === true;
  const output = new Output({ isJson, isTalkative: process.stdout.isTTY });
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  // Once: who is still not content presses Ctrl-C again, and that ends the process at once.
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    await work(sessionOptionsOf(command), output, stop.signal);
  } catch (error) {
    if (error instanceof CommandEnd) throw error;
    const isStopped = stop.signal.aborted && error instanceof Error && error.name === 'AbortError';
    throw new CommandEnd(isStopped ? ExitCode.interrupted : output.failure(error));
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  output.endIfPartly();
}
