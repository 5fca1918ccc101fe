import * as fs from 'node:fs';
import { opendir } from 'node:fs/promises';

/** An element of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  /** Neither folder nor link nor anything else. */
  readonly isFile: boolean;
}

/**
 * `r`: for reading. `wx`: creates a file that must not exist, for this account only. `wxs`: the same, and everything that is written is durable
 * when the call that writes it has ended, which saves calls.
 */
export type OpenFlags = 'r' | 'wx' | 'wxs';

/** See {@link FileSystem.quick}. */
export interface QuickCalls {
  /** Makes a file that must not exist, for this account only, and writes all of it. It may be there in part when this throws. */
  writeNew(path: string, bytes: Uint8Array): void;
  /** Atomic; replaces a file at `to`. False when there is no folder for it. */
  rename(from: string, to: string): boolean;
}

/**
 * The calls of the operating system that block files need, so that tests can make each of them fail, hang or lie. Descriptors are
 * numbers, because they cost a fraction of what Node's file handles cost. Errors are those of Node, with a `code`.
 */
export interface FileSystem {
  /** Calls that make everything else wait, but end in memory normally; see {@link DiskPace}. Absent where there are none. */
  readonly quick?: QuickCalls | undefined;
  /** Opens a file. */
  open(path: string, flags: OpenFlags): Promise<number>;
  /**
   * Opens a file, reads from its beginning into `target` and closes it, while everything else waits; the number of bytes, fewer
   * than `target` has when the file ends before.
   */
  readNow(path: string, target: Uint8Array): number;
  /** Size in bytes. */
  size(descriptor: number): Promise<number>;
  /** Reads on from where the last read ended, into `target` from `offset`; the number of bytes, 0 at the end. */
  read(descriptor: number, target: Uint8Array, offset: number): Promise<number>;
  /** Writes on from where the last write ended, from `offset` of `bytes`; the number of bytes, possibly fewer than there are. */
  write(descriptor: number, bytes: Uint8Array, offset: number): Promise<number>;
  /** Makes the content durable. */
  datasync(descriptor: number): Promise<void>;
  /** Makes the content of a file durable that was written and closed before. */
  syncFile(path: string): Promise<void>;
  close(descriptor: number): Promise<void>;
  /** Atomic; replaces a file at `to`. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes a folder for this account only, unless it exists. */
  makeFolder(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly size: number; readonly modified: number; readonly isFile: boolean }>;
  /** The elements of a folder, in bounded memory. */
  list(path: string): AsyncIterable<FolderEntry>;
}

/** A callback function of Node as promise. Cheaper than `fs.promises`, which wraps every descriptor in an object. */
function call<T>(run: (done: (error: NodeJS.ErrnoException | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    run((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

function callVoid(run: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** Names fetched from the operating system at a time. */
const LIST_BUFFER = 256;

async function syncFile(path: string): Promise<void> {
  // Windows flushes only what was opened for writing.
  const descriptor = await call<number>((done) => fs.open(path, process.platform === 'win32' ? 'r+' : 'r', done));
  try {
    await callVoid((done) => fs.fdatasync(descriptor, done));
  } finally {
    fs.closeSync(descriptor);
  }
}

async function syncFolder(path: string): Promise<void> {
  let descriptor: number;
  try {
    // At once: somebody has just changed the folder, so it is in memory.
    descriptor = fs.openSync(path, 'r');
  } catch (error) {
    // Windows cannot open folders; its file system keeps their order by itself.
    if (process.platform === 'win32') return;
    throw error;
  }
  try {
    await callVoid((done) => fs.fsync(descriptor, done));
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'ENOTSUP')) throw error;
  } finally {
    fs.closeSync(descriptor);
  }
}

const { O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = fs.constants;
/** Elsewhere the flag is unknown, or stops at the cache of the drive. */
const hasSyncedWrites = process.platform === 'linux';
const nodeFlags: Readonly<Record<OpenFlags, string | number>> = {
  r: 'r',
  wx: 'wx',
  wxs: hasSyncedWrites ? O_WRONLY | O_CREAT | O_EXCL | O_DSYNC : 'wx',
};
/** Descriptors for `wxs` where writes are not synced by themselves. */
const unsynced = new Set<number>();

function opened(descriptor: number, flags: OpenFlags): number {
  if (flags === 'wxs' && !hasSyncedWrites) unsynced.add(descriptor);
  return descriptor;
}

async function write(descriptor: number, bytes: Uint8Array, offset: number): Promise<number> {
  const written = await call<number>((done) => fs.write(descriptor, bytes, offset, bytes.length - offset, null, done));
  if (unsynced.has(descriptor)) await callVoid((done) => fs.fdatasync(descriptor, done));
  return written;
}

function close(descriptor: number): void {
  unsynced.delete(descriptor);
  fs.closeSync(descriptor);
}

function readNow(path: string, target: Uint8Array): number {
  const descriptor = fs.openSync(path, 'r');
  try {
    let length = 0;
    while (length < target.length) {
      const read = fs.readSync(descriptor, target, length, target.length - length, null);
      if (read <= 0) break;
      length += read;
    }
    return length;
  } finally {
    fs.closeSync(descriptor);
  }
}

function writeNew(path: string, bytes: Uint8Array): void {
  const descriptor = fs.openSync(path, 'wx', 0o600);
  try {
    for (let offset = 0; offset < bytes.length;) {
      const written = fs.writeSync(descriptor, bytes, offset);
      if (written <= 0) throw new Error('nothing was written');
      offset += written;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

function rename(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  quick: { writeNew, rename },
  readNow,
  open: async (path, flags) => opened(await call((done) => fs.open(path, nodeFlags[flags], 0o600, done)), flags),
  size: async (descriptor) => (await call<fs.Stats>((done) => fs.fstat(descriptor, done))).size,
  read: (descriptor, target, offset) => call((done) => fs.read(descriptor, target, offset, target.length - offset, null, done)),
  write,
  datasync: (descriptor) => callVoid((done) => fs.fdatasync(descriptor, done)),
  syncFile,
  // At once: what was written has been synced, so there is nothing to wait for but the way to the pool and back.
  close: async (descriptor) => close(descriptor),
  rename: (from, to) => callVoid((done) => fs.rename(from, to, done)),
  unlink: (path) => callVoid((done) => fs.unlink(path, done)),
  makeFolder: async (path) => {
    try {
      await callVoid((done) => fs.mkdir(path, 0o700, done));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  },
  syncFolder,
  stat: async (path) => {
    const stats = await call<fs.Stats>((done) => fs.stat(path, done));
    return { size: stats.size, modified: stats.mtimeMs, isFile: stats.isFile() };
  },
  list: async function* list(path) {
    for await (const entry of await opendir(path, { bufferSize: LIST_BUFFER })) {
      yield { name: entry.name, isFolder: entry.isDirectory(), isFile: entry.isFile() };
    }
  },
};
