import type { FileSystem, UserSession } from '@pyrgos/client';
import { resolve } from 'node:path';
import type { Output } from './output.js';
import { resolveRemote } from './remote-path.js';

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

  /** A path in the account as the client takes it. */
  remote(path: string): string {
    return resolveRemote(this.remoteDirectory, path);
  }

  /** A path on this machine. */
  local(path: string): string {
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
