import { constants } from 'node:fs';
import { lstat, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type FileEntry, type FileSystem, PyrgosError } from '@pyrgos/client';
import { PART_STEP } from './part-digests.js';
import type { OpenPart, PartFolder } from './part-files.js';

/** How a file is fetched. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Told how many bytes of the file are there: at first those of an earlier run. */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Fetches a file of the account to `target` on this machine: beside it first, in a part of its own (`parts` are those of its folder), and only when all of it is on the
 * disk it takes the place of what was there, in one step, with the time of the original. What was cut off goes on where it stopped, as long as the
 * original has not changed, nobody else is at it, and what is there is what came. Nothing but pieces is in memory. Errors of the client, of the system, with the path of the part,
 * and of `LocalFolder.requireSame`.
 */
export async function downloadFile(
  files: FileSystem,
  entry: FileEntry,
  target: string,
  parts: PartFolder,
  options: DownloadOptions,
): Promise<void> {
  const part = await parts.open(entry);
  const { digests, handle, length, path } = part;
  let isKept = true;
  try {
    // Before anything is in it.
    await parts.folder.requireSame();
    // Anybody may have written into it since.
    const start = await digests.verified(handle, length, options.signal);
    await fill(files, entry, part, start, options);
    await requireSame(files, entry, options.signal);
    await handle.utimes(entry.modified, entry.modified);
    await handle.chmod(await modeFor(target));
    await handle.sync();
    await handle.close();
    // Before the part has gone: nobody looks for digests alone.
    await digests.close(false);
    await parts.folder.requireSame();
    await rename(path, target);
    await syncFolder(dirname(target));
    isKept = false;
  } catch (error) {
    isKept = canGoOn(error);
    throw withPath(error, path);
  } finally {
    await part.close(isKept);
  }
}

/** An error of the system that names the file: writing to an open one fails without its name. */
function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) Object.assign(error, { path });
  return error;
}

/** The rights of what is replaced, or those that this user gives new files. */
async function modeFor(target: string): Promise<number> {
  const existing = await lstat(target).catch(() => undefined);
  return existing?.isFile() === true ? existing.mode & 0o777 : 0o666 & ~process.umask();
}

async function fill(
  files: FileSystem,
  { path, size }: FileEntry,
  { digests, handle }: OpenPart,
  start: number,
  { onProgress, signal }: DownloadOptions,
): Promise<void> {
  onProgress(start);
  let position = start;
  let synced = start;
  for await (const piece of await files.stream(path, { start, signal })) {
    for (let offset = 0; offset < piece.length;) {
      const room = synced + PART_STEP - position;
      const { bytesWritten } = await handle.write(piece, offset, Math.min(room, piece.length - offset), position);
      digests.add(piece.subarray(offset, offset + bytesWritten));
      position += bytesWritten;
      offset += bytesWritten;
      if (position < synced + PART_STEP) continue;
      // Brought to the disk step by step: nobody waits long at the end.
      await handle.datasync();
      await digests.finishStep(synced / PART_STEP);
      synced = position;
    }
    onProgress(position);
  }
  if (position !== size) throw changed(path);
}

/** The path may lead to another version by now: what was fetched is not what was asked for, then. */
async function requireSame(files: FileSystem, { path, version }: FileEntry, signal: AbortSignal): Promise<void> {
  files.refresh();
  if ((await files.find(path, { signal }))?.version !== version) throw changed(path);
}

function changed(path: string): PyrgosError {
  return new PyrgosError('conflict.changed', 'The file was changed while it was fetched.', { data: { path } });
}

/** Whether what has come so far may be of use: when the connection, the person or the disk has ended it. */
function canGoOn(error: unknown): boolean {
  if (!(error instanceof PyrgosError)) return true;
  return ['network', 'aborted', 'denied.session'].includes(error.code);
}

/** Brings the new name to the disk, where a system lets programs do that. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Windows has no such thing.
  }
}
