import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PyrgosError } from '@pyrgos/core/errors';
import { systemCode } from '../system-reason.js';
import { LOCK_HEARTBEAT_MILLISECONDS, LOCK_PATIENCE_MILLISECONDS } from '../limits.js';
import { dataPaths } from './data-paths.js';
import { pathExists } from './path-exists.js';
import { judgeLife, ownMark, type ProcessMark } from './process-life.js';
import { dataDirectoryError } from './system-error.js';

/** Who holds a data directory. */
export interface LockHolder extends ProcessMark {
  /** What it does there: a running server, or a command that works on the data of a server that does not run. */
  readonly purpose: 'server' | 'command';
  /** Where it listens: a socket in the file system, or a named pipe of Windows. */
  readonly socket: string;
  /** What a caller shows there: who can read this file may call. */
  readonly secret: string;
}

/** Another process holds the data directory. */
export class DirectoryInUseError extends PyrgosError {
  override readonly name = 'DirectoryInUseError';

  constructor(
    readonly directory: string,
    readonly holder: LockHolder,
    lockFile: string,
  ) {
    const who = holder.purpose === 'server' ? 'Another Pyrgos server' : 'Another pyrgos command';
    super(
      'storage',
      `${who} (process ${holder.pid}) uses the data directory ${directory}. Stop it, or choose another folder with --data. ` +
        `If there is certainly no such process, also on no other machine or container, delete ${lockFile}.`,
      { data: { pid: holder.pid, purpose: holder.purpose }, retry: 'safe' },
    );
  }
}

const FOLDER = 'lock';
const SUFFIX = '.json';
/** How often the folder may vanish while somebody wants to be in it. */
const MAX_ATTEMPTS = 100;
/** Longer paths of sockets are cut off silently by some systems. */
const MAX_SOCKET_PATH = 100;

function lockFolder(directory: string): string {
  return join(directory, FOLDER);
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const isText = (name: string): boolean => typeof fields.get(name) === 'string';
  return (
    Number.isInteger(fields.get('pid')) &&
    ['machine', 'socket', 'secret'].every(isText) &&
    ['server', 'command'].includes(String(fields.get('purpose')))
  );
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    // Gone, or cut off by a crash of the machine: a living process has a complete file.
    return undefined;
  }
}

/** Whether somebody listens there. The kernel answers for a process that is busy or stopped, and never for one that is gone. */
async function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => answer(true));
    // A full queue means that there is a queue.
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'EAGAIN'));
  });
}

async function isAlive(path: string, holder: LockHolder, own: ProcessMark): Promise<boolean> {
  const verdict = judgeLife(holder, own);
  if (verdict !== 'unknown') return verdict === 'alive';
  if (await isListening(holder.socket)) return true;
  if (holder.boot === own.boot) return false;
  // Another machine, whose sockets cannot be reached: it moves the time of its file on as long as it lives.
  const [theirs, ours] = await Promise.all([stat(path), stat(dirname(path))]);
  return theirs.mtimeMs > Math.max(ours.mtimeMs, Date.now()) - 3 * LOCK_HEARTBEAT_MILLISECONDS;
}

/** The process that holds a data directory now, or undefined. */
export async function findLockHolder(directory: string): Promise<LockHolder | undefined> {
  const own = ownMark();
  for (const name of await listLocks(directory)) {
    const path = join(lockFolder(directory), name);
    const holder = await readHolder(path);
    if (holder !== undefined && (await isAlive(path, holder, own))) return holder;
  }
  return undefined;
}

async function listLocks(directory: string): Promise<string[]> {
  try {
    return (await readdir(lockFolder(directory))).filter((name) => name.endsWith(SUFFIX));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw dataDirectoryError(directory, error);
  }
}

/**
 * The exclusive right to a data directory, held from {@link DataDirectoryLock.acquire} to {@link DataDirectoryLock.release} or the end of the process.
 *
 * Each contender puts a file of its own, under a name nobody else ever uses, into the folder `lock`, and then looks who else is there.
 * Whoever finds another living process takes its file away again. So two can never both stay, and a file of a dead process can be deleted by
 * anybody at any time: there is no moment at which the file of a living one could be meant. Whether a process lives is decided by pid
 * together with its start time and the boot of the machine, so a pid that was given out again deceives nobody; where that cannot be
 * seen, because of containers or another system, by whether the holder's socket still has a listener.
 */
export class DataDirectoryLock {
  private readonly heartbeat: NodeJS.Timeout;
  private released = false;
  /** Whether a process that is dead has held the directory and not given it back: it was killed, or the machine went down. */
  foundTraces = false;
  private readonly callers = new Set<Socket>();
  private handler: ((socket: Socket, secret: string) => void) | undefined;
  private readonly atExit = (): void => {
    for (const path of [this.file, this.socketFile]) {
      try {
        if (path !== undefined) rmSync(path, { recursive: true, force: true });
      } catch {
        // A disk that became read-only, for instance. That this process is gone is seen without it.
      }
    }
  };

  private constructor(
    /** The data directory. */
    readonly directory: string,
    private readonly file: string,
    private readonly holder: LockHolder,
    private readonly server: Server,
    /** What to delete of the socket. */
    private readonly socketFile: string | undefined,
  ) {
    this.heartbeat = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => undefined);
    }, LOCK_HEARTBEAT_MILLISECONDS);
    this.heartbeat.unref();
    server.on('connection', (socket) => {
      this.callers.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.callers.delete(socket));
      this.handler?.(socket, holder.secret);
    });
    // Waiting for callers is no reason to stay alive.
    server.unref();
    process.once('exit', this.atExit);
  }

  /**
   * Takes the right, or waits a moment for a short command that has it. DirectoryInUseError when somebody else has it; PyrgosError
   * `storage` when the folder cannot be written.
   */
  static async acquire(
    directory: string,
    purpose: LockHolder['purpose'],
    patience: number = LOCK_PATIENCE_MILLISECONDS,
  ): Promise<DataDirectoryLock> {
    const end = performance.now() + patience;
    let foundTraces = false;
    for (;;) {
      const lock = await DataDirectoryLock.contend(directory, purpose);
      const rival = await lock.findRival();
      foundTraces ||= lock.foundTraces;
      lock.foundTraces = foundTraces;
      if (rival === undefined) return lock;
      await lock.release();
      if (performance.now() >= end) throw new DirectoryInUseError(directory, rival.holder, rival.path);
      // Unequal, so that two who met do not meet again.
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
    }
  }

  private static async contend(directory: string, purpose: LockHolder['purpose'], attempts = MAX_ATTEMPTS): Promise<DataDirectoryLock> {
    const name = `${process.pid}-${randomBytes(8).toString('hex')}`;
    const folder = lockFolder(directory);
    const file = join(folder, name + SUFFIX);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { path, trace } = await socketPath(folder, name);
      const holder: LockHolder = { ...ownMark(), purpose, socket: path, secret: randomBytes(16).toString('hex') };
      // A caller that only says no more may still be answered.
      const server = createServer({ allowHalfOpen: true });
      let lock: DataDirectoryLock | undefined;
      try {
        // Complete before it can be seen. Before the socket, because nobody removes a folder that has a file in it: of a socket
        // whose folder has just been removed Node says that it is not permitted.
        await writeFile(`${file}.new`, `${JSON.stringify(holder)}\n`, { flag: 'wx', mode: 0o600 });
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(path, resolve);
        });
        lock = new DataDirectoryLock(directory, file, holder, server, trace);
        await rename(`${file}.new`, file);
      } catch (error) {
        await rm(`${file}.new`, { force: true });
        await lock?.release();
        if (trace !== undefined) await rm(trace, { recursive: true, force: true });
        throw error;
      }
      return lock;
    } catch (error) {
      // Somebody who gave up has just removed the folder.
      if (systemCode(error) === 'ENOENT' && attempts > 1) return DataDirectoryLock.contend(directory, purpose, attempts - 1);
      throw dataDirectoryError(directory, error);
    }
  }

  /** From now on, and also to who waits already, this answers callers at the socket. */
  onCall(handler: (socket: Socket, secret: string) => void): void {
    this.handler = handler;
    for (const socket of this.callers) handler(socket, this.holder.secret);
  }

  /** Gives the right back; safe to repeat. */
  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    clearInterval(this.heartbeat);
    process.off('exit', this.atExit);
    await unlessReadOnly(removeFile(this.file));
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.callers) socket.destroy();
    });
    if (this.socketFile !== undefined) await unlessReadOnly(rm(this.socketFile, { recursive: true, force: true }));
    await this.removeUnused();
  }

  /** Where no server was made the folder of the locks goes, too. It stays when somebody else is in it. */
  private async removeUnused(): Promise<void> {
    const database = dataPaths.database(this.directory);
    if (!(await pathExists(database).catch(() => true))) await rmdir(lockFolder(this.directory)).catch(() => undefined);
  }

  /** A living process that wants or has the directory too. Clears away what dead ones have left. */
  private async findRival(): Promise<{ readonly holder: LockHolder; readonly path: string } | undefined> {
    for (const name of await listLocks(this.directory)) {
      const path = join(lockFolder(this.directory), name);
      if (path === this.file) continue;
      const holder = await readHolder(path);
      if (holder !== undefined && (await isAlive(path, holder, this.holder))) return { holder, path };
      if (await removeFile(path)) this.foundTraces = true;
      if (holder?.socket.endsWith('.sock') === true) await removeFile(holder.socket);
    }
    return undefined;
  }
}

/** On a disk that has become read-only nothing can be removed; the end of the process gives the right back, too. */
async function unlessReadOnly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (systemCode(error) !== 'EROFS') throw error;
  }
}

/**
 * Deletes a file or socket that may be gone already. Not `rm`: it looks at the file first, and having looked at a socket makes the next
 * module that Node loads through a linked folder a second copy of itself (its cache of real paths takes the result for its own). Whether it was there.
 */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return false;
  }
}

/** Where to listen, and what of it is to be deleted afterwards. */
async function socketPath(folder: string, name: string): Promise<{ readonly path: string; readonly trace: string | undefined }> {
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\pyrgos-${name}`, trace: undefined };
  const path = join(folder, `${name}.sock`);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return { path, trace: path };
  const elsewhere = await mkdtemp(join(tmpdir(), 'pyrgos-'));
  return { path: join(elsewhere, 'lock.sock'), trace: elsewhere };
}
