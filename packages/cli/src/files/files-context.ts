import type { FileEntry, FileSystem, UserSession } from '@pyrgos/client';
import { resolve } from 'node:path';
import type { Output } from './output.js';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { resolveRemote, splitRemote } from './remote-path.js';

/** What every command on files works with, from a script as well as in the shell. */
export class FilesContext {
  /** The directory in the account that relative paths begin at. */
  remoteDirectory: string;
  /** The folder on this machine that relative paths begin at. */
  localFolder: string = process.cwd();

  constructor(
    /** Replaced when the password is changed. */
    public session: UserSession,
    /** The address of the server. */
    readonly server: string,
    readonly output: Output,
    /** Fires when the person wants no more of what is being done. */
    public signal: AbortSignal,
  ) {
    this.remoteDirectory = session.files.homePath;
  }

  /** The files of the account. */
  get files(): FileSystem {
    return this.session.files;
  }

  /** A path in the account as the client takes it. UsageError for no path at all: a variable of a script may be empty. */
  remote(path: string): string {
    requireName(path);
    return resolveRemote(this.remoteDirectory, path);
  }

  /**
   * What is at a path that is to be deleted or moved. NotFoundError; UsageError for the root and for home directories, which stay, whatever they are called.
   */
  async movable(path: string): Promise<FileEntry> {
    const target = this.remote(path);
    const home = this.files.homePath;
    const advice = `name what is in your home directory, as ${home}/notes.txt.`;
    if (target === '/') throw new UsageError(`/ holds the home directories, and stays: ${advice}`);
    if (target === home) throw new UsageError(`${home} is your home directory, and stays: ${advice}`);
    const entry = await this.files.stat(target, { signal: this.signal });
    if (splitRemote(target).directory === '/')
      throw new UsageError(`${printableName(target)} is the home directory of somebody else: ${advice}`);
    return entry;
  }

  /** Requires that something can have its place in `directory`: UsageError, about `path`, for the root. */
  requirePlace(path: string, directory: string): void {
    if (directory !== '/') return;
    throw new UsageError(
      `There are only home directories in /, so ${printableName(path)} is no place: name one in yours, ${this.files.homePath}.`,
    );
  }

  /** Requires a path in the own home directory, where directories on the way can be made: UsageError. */
  requireOwn(path: string): void {
    const home = this.files.homePath;
    if (path === home || path.startsWith(`${home}/`)) return;
    throw new UsageError(
      `Trees, and directories on the way, are made only in your own home directory, and ${printableName(path)} is not in it: name a path in ${home}.`,
    );
  }

  /** A path on this machine. UsageError for no path at all. */
  local(path: string): string {
    requireName(path);
    return resolve(this.localFolder, path);
  }

  /** Does something with each of several paths: one that fails does not keep the others from their turn. The only one fails the command. */
  async each(paths: readonly string[], work: (path: string) => Promise<void>): Promise<void> {
    for (const path of paths) {
      try {
        await work(path);
      } catch (error) {
        if (paths.length === 1) throw error;
        this.output.problem(path, error);
      }
    }
  }
}

function requireName(path: string): void {
  if (path === '') throw new UsageError('A name is missing: one of the paths is empty. What is meant by it, say . for the place itself.');
}
