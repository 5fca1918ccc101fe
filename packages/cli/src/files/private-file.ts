import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PyrgosError } from '@pyrgos/client';
import { writePrivateFile as replacePrivateFile } from '@pyrgos/server/config';

/** Permissions of anybody but the user. */
const OTHERS = 0o077;

/**
 * The content of a file of this user alone; undefined when there is none. PyrgosError `storage` for one that somebody else may read or owns, that is no
 * ordinary file, or has more than `maxSize` bytes. Errors of the system.
 */
export async function readPrivateFile(path: string, maxSize: number): Promise<Buffer | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let file;
  try {
    // Where a system lacks a flag it is undefined, which counts as 0 here.
    file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP')
      throw refused(path, 'is a link, and links are not followed here: name the file itself with --session-file');
    throw error;
  }
  try {
    const info = await file.stat();
    const user = process.geteuid?.();
    if (!info.isFile() || info.size > maxSize) throw refused(path, 'is not what this command has written');
    if (user !== undefined && info.uid !== user) throw refused(path, 'belongs to another user');
    if (user !== undefined && (info.mode & OTHERS) !== 0) throw refused(path, 'can be used by other users: set its mode to 600');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file as a whole, with mode 600, on the disk when it resolves; makes its folder, with mode 700. PyrgosError `storage` for a folder that cannot be made or
 * written into; errors of the system.
 */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replacePrivateFile(path, content);
  } catch (error) {
    // Writing to an open file fails without its name.
    if (error instanceof Error && 'syscall' in error && !('path' in error)) Object.assign(error, { path });
    throw isUnwritable(error) ? unwritable(dirname(path), error) : error;
  }
}

function isUnwritable(error: unknown): error is Error {
  // ENOENT: what Node says of some folders that cannot be made; ENOTDIR, EEXIST: a file is in the way of one.
  return (
    error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'].includes(String(error.code))
  );
}

function unwritable(folder: string, cause: Error): PyrgosError {
  const text = `the folder ${folder}, where the session is to be kept, cannot be made or written into: name another file with --session-file, or another folder with the variable XDG_STATE_HOME`;
  return new PyrgosError('storage', text, { data: { reason: 'not-writable' }, cause });
}

function refused(path: string, problem: string): PyrgosError {
  return new PyrgosError('storage', `${path} ${problem}`, { data: { reason: 'not-private' } });
}
