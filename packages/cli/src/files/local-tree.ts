import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PyrgosError, type SizedSource } from '@pyrgos/client';

/** What is known of a file on this machine before it is read. */
export interface LocalFile {
  readonly size: number;
  readonly modified: Date;
  /** Tells this file, as it was when somebody looked, from every other one and from what it becomes. */
  readonly identity: FileIdentity;
}

/** Which file it is, and its last change. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
  /** Milliseconds. */
  readonly changed: number;
}

/** Something in a folder of this machine. */
export interface LocalEntry extends LocalFile {
  readonly name: string;
  readonly path: string;
  readonly isDirectory: boolean;
}

/**
 * A file on this machine as content of the client: it can be read from any place, so an upload that was cut off goes on where it stopped. Only what was `seen` is
 * read: PyrgosError `conflict.source` when another file, a link or a device has its place by now, or when it was changed. `followsLinks`: for a path that
 * somebody has named. Errors of the system.
 */
export function localSource(
  path: string,
  seen: LocalFile,
  { followsLinks = false }: { readonly followsLinks?: boolean } = {},
): SizedSource {
  const { size } = seen;
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  return {
    size,
    open: async function* (offset, signal) {
      // Where a system lacks a flag it is undefined, which counts as 0 here. A pipe must not keep anybody waiting.
      const file = await open(path, O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)).catch((error: unknown) => {
        throw isLinkRefused(error) ? changed() : error;
      });
      try {
        requireSeen(await file.stat(), seen);
        const range = { start: offset, ...(size === 0 ? {} : { end: Math.max(offset, size - 1) }) };
        yield* file.createReadStream({ ...range, signal, autoClose: false }) as AsyncIterable<Uint8Array>;
        requireSeen(await file.stat(), seen);
      } finally {
        await file.close();
      }
    },
  };
}

function requireSeen(info: Stats, { identity, size }: LocalFile): void {
  if (!info.isFile() || info.size !== size || info.mtimeMs !== identity.changed || !isSameFile(identityOf(info), identity)) throw changed();
}

function identityOf({ dev: device, ino: inode, mtimeMs: changed }: Stats): FileIdentity {
  return { device, inode, changed };
}

function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  // Windows may number a disk in one way for a path, and in another for what is open.
  return one.inode === other.inode && (process.platform === 'win32' || one.device === other.device);
}

/** What systems say about a link that is not to be followed. */
function isLinkRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ELOOP', 'EMLINK', 'EFTYPE'].includes(String(error.code));
}

function changed(): PyrgosError {
  return new PyrgosError('conflict.source', 'The file was changed while it was read.', { retry: 'safe' });
}

/** What is at a path; links are followed, because somebody has named it. PyrgosError `unsupported` for what is neither file nor folder; errors of the system. */
export async function localEntry(path: string): Promise<LocalFile & { readonly isDirectory: boolean }> {
  const info = await stat(path);
  if (!info.isFile() && !info.isDirectory()) throw notAFile();
  return { size: info.size, modified: info.mtime, identity: identityOf(info), isDirectory: info.isDirectory() };
}

/**
 * What is in a folder, one after the other. Links are not followed, and what is neither file nor folder cannot be stored: `problem` is told of both, and of
 * what cannot be looked at, and the rest comes all the same. When it is no longer the folder that was `seen`, or stops being what it was, `problem` is told and no more comes.
 */
export async function* localChildren(
  folder: string,
  problem: (path: string, error: unknown) => void,
  seen?: FileIdentity,
): AsyncGenerator<LocalEntry, void, undefined> {
  let before = seen;
  const opened = await opendir(folder).catch((error: unknown) => {
    problem(folder, error);
    return [];
  });
  for await (const { name } of opened) {
    const path = join(folder, name);
    try {
      const info = await lstat(path);
      // Node cannot look below an open folder, only at paths: so whether this is still the folder is asked after each look, before it counts.
      const now = await stat(folder);
      const identity = identityOf(now);
      if (!(before === undefined ? now.isDirectory() : isSameFile(identity, before))) {
        problem(folder, new PyrgosError('conflict.source', 'The folder was replaced while it was read.', { retry: 'safe' }));
        return;
      }
      before ??= identity;
      if (info.isSymbolicLink())
        throw new PyrgosError('unsupported', 'it is a link, which is not followed: put what it leads to by itself');
      if (!info.isFile() && !info.isDirectory()) throw notAFile();
      yield { name, path, isDirectory: info.isDirectory(), size: info.size, modified: info.mtime, identity: identityOf(info) };
    } catch (error) {
      problem(path, name.includes('\uFFFD') ? new PyrgosError('unsupported', 'its name is no UTF-8: rename it') : error);
    }
  }
}

function notAFile(): PyrgosError {
  return new PyrgosError('unsupported', 'it is neither a file nor a folder, but a device, a pipe or a socket');
}
