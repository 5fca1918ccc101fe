import { chmod, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode } from '../system-reason.js';
import { DiskReserve } from '../disk/disk-reserve.js';
import { START_ROOM } from '../limits.js';
import { syncFolder } from '../sql/wal-file.js';
import { dataPaths } from './data-paths.js';
import { pathExists } from './path-exists.js';
import { dataDirectoryError } from './system-error.js';

/** The data directory: what was asked for, else `PYRGOS_PATH`, else `PEERGOS_PATH`, else `.pyrgos` in the home folder. Absolute. */
export function locateDataDirectory(
  asked: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  home: string = homedir(),
): string {
  const named = [asked, environment['PYRGOS_PATH'], environment['PEERGOS_PATH']].find((path) => path !== undefined && path !== '');
  return resolve(named ?? join(home, '.pyrgos'));
}

/**
 * Makes a folder and those above it, and adds what it has made to `made`. Not `recursive`: that never ends below folders like /proc, where a parent
 * exists and nothing can be made.
 */
async function makeFolder(path: string, made: string[]): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !(await pathExists(parent))) await makeFolder(parent, made);
  try {
    await mkdir(path, { mode: 0o700 });
    made.push(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).every((name) => name.startsWith('.'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

/**
 * Requires that a data directory without a database holds nothing of a server: a new one in its place would have no users, and everybody's
 * name would be free to take. PyrgosError `storage`.
 */
export async function requireNewDirectory(path: string): Promise<void> {
  if ((await isEmptyFolder(dataPaths.blocks(path))) && (await isEmptyFolder(dataPaths.pki(path)))) return;
  throw new PyrgosError(
    'storage',
    `The database of the data directory ${path} is gone or empty, but blocks or keys of its server are there. Bring pyrgos.sqlite and pyrgos.sqlite-wal back, ` +
      'restore a backup into another directory, or move "blocks" and "pki" away to begin anew.',
  );
}

/** Whether there is no file, or one without content. Errors are those of the system. */
export async function isMissingOrEmpty(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

/** Databases that the reference server has in its data directory from its first start. */
const FOREIGN_FILES = ['mutable.sql', 'serverids.sql'];

/**
 * Makes the data directory, for its owner only (0700), and tightens the permissions of one that is there. PyrgosError `storage` with advice when it
 * cannot be made or written, or belongs to the reference server, whose files have another form; then what it has made is removed again. On a full disk the
 * reserve is given up, so that a server that is there can start. Returns what the person should know.
 */
export async function prepareDataDirectory(path: string): Promise<readonly string[]> {
  const notices: string[] = [];
  const made: string[] = [];
  try {
    if (!(await pathExists(path))) {
      await makeFolder(path, made);
      await syncFolder(dirname(path));
    }
    const info = await stat(path);
    if (!info.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'EEXIST' });
    for (const name of FOREIGN_FILES) {
      if ((await pathExists(join(path, name))) && !(await pathExists(dataPaths.database(path)))) {
        throw new PyrgosError(
          'storage',
          `The data directory ${path} belongs to another Peergos server; choose another folder with --data.`,
        );
      }
    }
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) {
      try {
        await chmod(path, 0o700);
        notices.push(`other users of this machine could look into ${path}; not any more`);
      } catch {
        notices.push(`other users of this machine can look into ${path}; run: chmod 700 ${path}`);
      }
    }
    await requireRoom(path);
    return notices;
  } catch (error) {
    for (const folder of made.toReversed()) await rmdir(folder).catch(() => undefined);
    throw dataDirectoryError(path, error);
  }
}

/** Errors are those of the system. */
async function requireRoom(path: string): Promise<void> {
  try {
    await probe(path, START_ROOM);
  } catch (error) {
    const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
    if (!isFull || !(await pathExists(dataPaths.database(path)))) throw error;
    await new DiskReserve(dataPaths.reserve(path)).giveUp();
    // Less may do, and nothing else can make room here.
    await probe(path, 0);
  }
}

/**
 * Whether a server lives in a data directory; a restore that waits to be finished is one, too. PyrgosError `storage` when one cannot even look, which is
 * not the same as no.
 */
export async function isServerThere(path: string): Promise<boolean> {
  try {
    return (await pathExists(dataPaths.database(path))) || (await pathExists(dataPaths.restored(path)));
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return false;
    if (systemCode(error) !== 'EACCES') throw dataDirectoryError(path, error);
    throw new PyrgosError(
      'storage',
      `The data directory ${path} cannot be read: this user may not look into it. Run the command as the user that runs the server, or name another directory with --data.`,
      { data: { system: 'EACCES' }, cause: error },
    );
  }
}

/** Writes a file of a size and removes it. */
async function probe(path: string, size: number): Promise<void> {
  const name = join(path, '.probe');
  try {
    const file = await open(name, 'w', 0o600);
    try {
      await file.writeFile(new Uint8Array(size));
    } finally {
      await file.close();
    }
  } finally {
    await rm(name, { force: true });
  }
}
