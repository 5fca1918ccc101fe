import { type FileEntry, type FileSystem, type LinkSession, UserSession } from '@pyrgos/client';
import { resolve } from 'node:path';
import type { Output } from './output.js';
import { printableName } from '../terminal.js';
import { looksLikeSecretLink } from '../secret-text.js';
import { UsageError } from '../usage-error.js';
import { resolveRemote, splitRemote } from './remote-path.js';

/** What every command on files works with, from a script as well as in the shell. */
export class FilesContext {
  /** The directory in the account that relative paths begin at. */
  remoteDirectory: string;
  /** The folder on this machine that relative paths begin at. */
  localFolder: string = process.cwd();

  constructor(
    private opened: UserSession | LinkSession,
    /** The address of the server. */
    readonly server: string,
    readonly output: Output,
    /** Fires when the person wants no more of what is being done. */
    public signal: AbortSignal,
    /** The link that was opened instead of an account, where it stands among the arguments: there it means the place to which it leads. */
    private readonly link?: string,
  ) {
    this.remoteDirectory = this.base;
  }

  /** The session of the account; replaced when the password is changed. UsageError where a link was opened instead. */
  get session(): UserSession {
    if (this.opened instanceof UserSession) return this.opened;
    throw new UsageError('This needs an account, and a link is none: leave out the link.');
  }

  set session(session: UserSession) {
    this.opened = session;
  }

  /** The files of the account, or those to which a link leads. */
  get files(): FileSystem {
    return this.opened.files;
  }

  /** Where paths begin: the home directory, or what the link leads to, which may be a file. */
  private get base(): string {
    return this.opened instanceof UserSession ? this.opened.files.homePath : this.opened.path;
  }

  /** Ends the session. */
  close(): void {
    this.opened.close();
  }

  /** A path in the account as the client takes it. UsageError for no path at all: a variable of a script may be empty. */
  remote(path: string): string {
    requireName(path);
    if (path === this.link) return this.base;
    requireNoLink(path);
    return resolveRemote(this.remoteDirectory, path);
  }

  /**
   * What is at a path that is to be deleted or moved. NotFoundError; UsageError for the root and for home directories, which stay, whatever they are called.
   */
  async movable(path: string): Promise<FileEntry> {
    const target = this.remote(path);
    const home = this.files.homePath;
    const place = this.opened instanceof UserSession ? 'your home directory' : 'what the link leads to';
    const advice = `name what is in ${place}, as ${printableName(home)}/notes.txt.`;
    if (target === '/') throw new UsageError(`/ holds the home directories, and stays: ${advice}`);
    if (target === home) throw new UsageError(`${printableName(home)} is ${place}, and stays: ${advice}`);
    const entry = await this.files.stat(target, { signal: this.signal });
    if (splitRemote(target).directory === '/')
      throw new UsageError(
        `${printableName(target)} is the home directory of somebody else, and stays: name what is in it that they have shared for writing.`,
      );
    return entry;
  }

  /** Requires that something can have its place in `directory`: UsageError, about `path`, for the root. */
  requirePlace(path: string, directory: string): void {
    if (directory !== '/') return;
    throw new UsageError(
      `There are only home directories in /, so ${printableName(path)} is no place: name one in yours, ${this.files.homePath}.`,
    );
  }

  /** Requires a path in a home directory that is there, where directories on the way can be made: UsageError. */
  async requireHome(path: string): Promise<void> {
    const home = this.files.homePath;
    if (path === home || path.startsWith(`${home}/`)) return;
    const [, owner = ''] = path.split('/');
    if ((await this.files.find(`/${owner}`, { signal: this.signal })) !== undefined) return;
    throw new UsageError(
      `There is no home directory /${printableName(owner)}, so ${printableName(path)} is no place: name one in yours, ${home}.`,
    );
  }

  /** A path on this machine. UsageError for no path at all. */
  local(path: string): string {
    requireName(path);
    requireNoLink(path);
    return resolve(this.localFolder, path);
  }

  /** Does something with each of several paths: one that fails does not keep the others from their turn. The only one fails the command. */
  async each(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
    for (const path of paths) {
      try {
        await work(path);
      } catch (error) {
        if (paths.length === 1) throw error;
        // A link is a secret.
        this.output.problem(path === this.link ? this.base : path, error);
      }
    }
  }
}

/** A link is a secret: it is not looked for as a path, which would be told. */
function requireNoLink(path: string): void {
  if (!looksLikeSecretLink(path)) return;
  throw new UsageError(
    'A link stands in place of a path here, and this takes none, or not as it is written. A link is opened with --link-file FILE, by commands on files, or stands as it was sent (https://…) in place of a path in the account; put names first what is stored, and then where.',
  );
}

function requireName(path: string): void {
  if (path === '') throw new UsageError('A name is missing: one of the paths is empty. What is meant by it, say . for the place itself.');
}
