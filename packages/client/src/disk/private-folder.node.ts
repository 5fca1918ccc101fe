import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import type { Clock } from '../commit/clock.js';

/** Age after which what another program has not finished is taken for left over, when its process cannot be asked. */
const ABANDONED_AFTER = 3_600_000;
/** `<name>.<process>.<random>.tmp`; earlier versions did not write down the process. */
const TEMPORARY = /(?:\.(\d{1,10}))?\.[0-9a-f-]{36}\.tmp$/;
/** Permissions that let somebody else than the user change what is in a folder. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes `folder` ready for files of this user alone: creates what is missing of its path, the folder itself with mode 0700. PyrgosError
 * `storage` when it is no folder (`data.reason` is the code of the system), belongs to somebody else (`foreign-owner`) or can be
 * changed by others (`writable-by-others`): they could put old or prepared files into it. `what` begins the message.
 */
export async function openPrivateFolder(what: string, folder: string): Promise<void> {
  try {
    await makeFolder(resolve(folder));
    const info = await stat(folder);
    if (!info.isDirectory()) throw refused(what, 'ENOTDIR');
    const user = process.getuid?.();
    // Where there are no users, the system's own rules hold.
    if (user === undefined) return;
    if (info.uid !== user) throw refused(what, 'foreign-owner', 'it belongs to another user');
    if ((info.mode & WRITABLE_BY_OTHERS) !== 0) throw refused(what, 'writable-by-others', 'other users may change it; set its mode to 700');
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    throw refused(what, reasonOf(error));
  }
}

/** Creates a folder and its parents. Not the recursive mkdir of Node: that one never ends where the system has nothing to create in, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    // Whatever the umask says.
    await chmod(path, 0o700);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === 'EEXIST') return;
    const parent = dirname(path);
    if (reason !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent);
    await mkdir(path, { mode: 0o700 }).catch((again: unknown) => {
      if (reasonOf(again) !== 'EEXIST') throw again;
    });
  }
}

/**
 * The content of a file; undefined when there is none, and for what is no ordinary file, such as a link, a pipe or a folder: reading a pipe
 * would wait for ever. Also undefined for more than `maxSize` bytes. Errors of the system.
 */
export async function readPrivateFile(path: string, maxSize: number): Promise<Uint8Array | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let file;
  try {
    // Where a system lacks a flag it is undefined, which counts as 0 here.
    file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO', 'ENOTDIR'].includes(reasonOf(error))) return undefined;
    throw error;
  }
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size > maxSize) return undefined;
    const bytes = await file.readFile();
    return bytes.length > maxSize ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    await file.close();
  }
}

/** Whether there is an ordinary file; false when nobody can tell. */
export async function isPrivateFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Replaces a file as a whole: it is written in `scratch`, a folder of the same file system, and renamed. Only the user may read it. `isSynced`:
 * it is on the disk when this resolves. Errors of the system.
 */
export async function replacePrivateFile(path: string, scratch: string, bytes: Uint8Array, isSynced: boolean): Promise<void> {
  try {
    await replaceOnce(path, scratch, bytes, isSynced);
  } catch (error) {
    if (reasonOf(error) !== 'ENOENT') throw error;
    // Somebody has tidied up meanwhile; when the folder itself is gone this fails again.
    await replaceOnce(path, scratch, bytes, isSynced);
  }
}

async function replaceOnce(path: string, scratch: string, bytes: Uint8Array, isSynced: boolean): Promise<void> {
  const temporary = join(scratch, `x.${process.pid}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      if (isSynced) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Deletes what programs that were killed have left of {@link replacePrivateFile}: what is an hour old, and what a process wrote that no longer
 * runs. Never fails: what cannot be deleted stays. Whose file is deleted because it runs on another machine writes it again.
 */
export async function collectTemporaryFiles(scratch: string, clock: Clock): Promise<void> {
  const names = await readdir(scratch).catch(() => []);
  for (const name of names) {
    const match = TEMPORARY.exec(name);
    if (match === null) continue;
    const path = join(scratch, name);
    const [, writer] = match;
    const isLeft = (writer !== undefined && !isRunning(Number(writer))) || (await isAbandoned(path, clock));
    if (isLeft) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isAbandoned(path: string, clock: Clock): Promise<boolean> {
  const info = await lstat(path).catch(() => undefined);
  return info !== undefined && clock.now() - info.mtimeMs > ABANDONED_AFTER;
}

/** Whether a process of this machine has this number. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return reasonOf(error) !== 'ESRCH';
  }
}

/** The code that the system gives an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

/** The error `storage` of a folder that cannot be used; it does not show the path. */
function refused(what: string, reason: string, explanation: string = reason): PyrgosError {
  return new PyrgosError('storage', `${what} cannot be opened (${explanation}).`, { data: { reason } });
}
