import { chmod, mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode } from '../system-reason.js';
import { DiskReserve } from '../disk/disk-reserve.js';
import { START_ROOM } from '../limits.js';
import { syncFolder } from '../sql/wal-file.js';
import { dataPaths, operatorFiles } from './data-paths.js';
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

/** A file that is written to see whether files can be written. */
const PROBE = '.probe';

/** Databases that the reference server has in its data directory from its first start. */
const FOREIGN_FILES: ReadonlySet<string> = new Set(['mutable.sql', 'serverids.sql']);

/** What may lie in a data directory before it has a database: left by a start that failed, by its operator, or by the maker of a file system. */
const EARLY_ENTRIES: ReadonlySet<string> = new Set([
  ...[dataPaths.blocks, dataPaths.pki, dataPaths.logs, dataPaths.stage, dataPaths.reserve, dataPaths.waitList].map((path) =>
    basename(path('.')),
  ),
  ...operatorFiles,
  'lock',
  'lost+found',
  '.DS_Store',
  PROBE,
]);
const EARLY_PATTERN = /^pyrgos\.sqlite|^config\.[0-9a-f]+\.tmp$/u;

/**
 * Requires that a folder is a data directory or can become one: that of somebody's other things would be closed to everybody else, and be mixed up
 * with ours. PyrgosError `storage`.
 */
async function requireOurs(path: string): Promise<void> {
  const names = await readdir(path);
  const isServer = await isServerThere(path);
  if (!isServer && names.some((name) => FOREIGN_FILES.has(name))) {
    throw new PyrgosError('storage', `The data directory ${path} belongs to another Peergos server; choose another folder with --data.`);
  }
  // A server that has lost its database is told so later, in more helpful words.
  if (isServer || [dataPaths.blocks, dataPaths.pki].every((part) => names.includes(basename(part(path))))) return;
  const stranger = names.find((name) => !EARLY_ENTRIES.has(name) && !EARLY_PATTERN.test(name));
  if (stranger === undefined) return;
  throw new PyrgosError(
    'storage',
    `The folder ${path} holds other things (${JSON.stringify(stranger)}) and no server. Name an empty folder with --data, or one that does not exist yet.`,
  );
}

/**
 * Makes the data directory, for its owner only (0700), and tightens the permissions of one that is there. PyrgosError `storage` with advice when it
 * cannot be made or written, holds things that are not of a server, or belongs to the reference server, whose files have another form; then a folder that
 * was there is as it was, and what was made is removed again. On a full disk the
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
    await requireOurs(path);
    await requireRoom(path);
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) {
      try {
        await chmod(path, 0o700);
        notices.push(`other users of this machine could look into ${path}; not any more`);
      } catch {
        notices.push(`other users of this machine can look into ${path}; run: chmod 700 ${path}`);
      }
    }
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
  const name = join(path, PROBE);
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
