import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import type { Clock } from '../commit/clock.js';

/** Age after which what another program has not finished is taken for left over, when its process cannot be asked. */
const ABANDONED_AFTER = 3_600_000;
/** `<name>.<process>.<random>.tmp`; earlier versions did not write down the process. */
const TEMPORARY = /(?:\.(\d{1,10}))?\.[0-9a-f-]{36}\.tmp$/;
/** Links that a path may lead over, one behind the other. */
const MAX_LINKS = 40;
/** What is in a folder with this bit can only be renamed and deleted by its owner. */
const STICKY = 0o1000;
/** Permissions that let somebody else than the user change what is in a folder. */
const WRITABLE_BY_OTHERS = 0o022;

/** A folder for files of this user alone, as {@link openPrivateFolder} has found it. */
export interface PrivateFolder {
  /** Without links: nobody can point it somewhere else. */
  readonly path: string;
  /** To be called before each use: PyrgosError `storage` when it has become somebody else's; a folder that is gone is no error here. */
  readonly check: () => Promise<void>;
}

/**
 * Makes `folder` ready for files of this user alone: creates what is missing of its path, the folder itself with mode 0700. PyrgosError
 * `storage` when it is no folder (`data.reason` is the code of the system), belongs to somebody else (`foreign-owner`) or can be
 * changed by others (`writable-by-others`): they could put old or prepared files into it. The same holds for the folders and links on the way to
 * it, but that root may own them too, and that others may write into a folder where nobody can rename what is not his (`/tmp`). `what` begins the
 * message.
 */
export async function openPrivateFolder(what: string, folder: string): Promise<PrivateFolder> {
  try {
    const given = resolve(folder);
    await makeFolder(given);
    await checkWay(what, given, 0);
    const path = await realpath(given);
    const check = async (): Promise<void> => checkFolder(what, path);
    if (!(await stat(path)).isDirectory()) throw refused(what, 'ENOTDIR');
    await check();
    return { path, check };
  } catch (error) {
    if (error instanceof PyrgosError) throw error;
    throw refused(what, reasonOf(error));
  }
}

async function checkFolder(what: string, path: string): Promise<void> {
  const user = userId();
  // Where there are no users, the system's own rules hold.
  if (user === undefined) return;
  let info;
  try {
    info = await lstat(path);
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return;
    throw error;
  }
  if (!info.isDirectory()) throw refused(what, 'ENOTDIR');
  if (info.uid !== user) throw foreignOwner(what, 'it');
  if ((info.mode & WRITABLE_BY_OTHERS) !== 0) throw refused(what, 'writable-by-others', 'other users may change it; set its mode to 700');
}

/** Whether others can exchange what is on the way to an absolute path: the folders that it is in, and where links lead. */
async function checkWay(what: string, path: string, links: number): Promise<void> {
  const user = userId();
  if (user === undefined) return;
  if (links > MAX_LINKS) throw refused(what, 'ELOOP');
  const parent = dirname(path);
  if (parent === path) return;
  await checkWay(what, parent, links);
  const [inside, outside] = [await lstat(path), await stat(parent)];
  if (outside.uid !== user && outside.uid !== 0) throw foreignOwner(what, 'a folder that it is in');
  // The group of a user that has nobody else in it has, by convention, the number of the user.
  const others = outside.gid === user ? WRITABLE_BY_OTHERS & 0o707 : WRITABLE_BY_OTHERS;
  if ((outside.mode & others) !== 0 && (outside.mode & STICKY) === 0) {
    throw refused(what, 'writable-by-others', 'other users may change a folder that it is in');
  }
  if (!inside.isSymbolicLink()) return;
  if (inside.uid !== user && inside.uid !== 0) throw foreignOwner(what, 'a link to it');
  await checkWay(what, resolve(parent, await readlink(path)), links + 1);
}

/** Who the system takes this program for; undefined where there are no users. */
function userId(): number | undefined {
  return process.geteuid?.();
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
 * would wait for ever. Also undefined for more than `maxSize` bytes, and for what another user has put there. Errors of the system.
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
    if (!info.isFile() || !isOwn(info) || info.size > maxSize) return undefined;
    const bytes = await file.readFile();
    return bytes.length > maxSize ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    await file.close();
  }
}

function isOwn({ uid }: { readonly uid: number }): boolean {
  const user = userId();
  return user === undefined || uid === user;
}

/** Whether there is an ordinary file of this user; false when nobody can tell. */
export async function isPrivateFile(path: string): Promise<boolean> {
  try {
    const info = await lstat(path);
    return info.isFile() && isOwn(info);
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

/**
 * The refusal of what another user could exchange. The same for root: what somebody who is not trusted puts there would be believed, and what root writes below a
 * folder of somebody else, who may be the very person that has typed `sudo`, that person could not use any more.
 */
function foreignOwner(what: string, subject: string): PyrgosError {
  const advice =
    userId() === 0
      ? 'this program runs as root: run it as that user, or choose a folder below those of root'
      : 'choose a folder below your own or those of root';
  return refused(what, 'foreign-owner', `${subject} belongs to another user; ${advice}`);
}

/** The error `storage` of a folder that cannot be used; it does not show the path. */
function refused(what: string, reason: string, explanation: string = reason): PyrgosError {
  return new PyrgosError('storage', `${what} cannot be opened (${explanation}).`, { data: { reason } });
}
