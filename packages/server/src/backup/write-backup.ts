import { mkdir, open, opendir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { carBlock, carHeader, type Cid, decodeCid } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { PointerUpdate } from '@pyrgos/core/model';
import type { BlockStorage } from '../blocks/block-storage.js';
import { systemCode } from '../blocks/storage-error.js';
import { openDatabase, type SqlDatabase } from '../sql/index.js';
import { readBytes } from '../space/sql-values.js';
import { PointerTable } from '../space/pointer-table.js';
import { UserTable } from '../space/user-table.js';
import { WriterTable } from '../space/writer-table.js';
import { BLOCKS_FILE, type BackupState, STATE_FILE } from './backup-state.js';
import { collectState, type CollectedState, type CollectStateOptions } from './collect-state.js';
import { FileOutput } from './file-output.js';
import { reachableRows } from './reachable-rows.js';

/** What {@link writeBackup} needs. */
export interface WriteBackupOptions extends Omit<CollectStateOptions, 'db'> {
  /** The database in use. */
  readonly db: SqlDatabase;
  readonly storage: Pick<BlockStorage, 'get'>;
  /** Keeps garbage collection away while the backup runs, so that what the copy of the database names stays. */
  readonly garbage: { suspend(): Promise<() => void> };
  /** The folder to make; it must not exist, or be empty. */
  readonly target: string;
  readonly onProgress?: (written: { readonly blocks: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** What a backup holds. */
export interface BackupSummary {
  readonly folder: string;
  readonly users: number;
  readonly blocks: number;
  /** Bytes of all blocks. */
  readonly bytes: number;
}

/**
 * Backs the server up while it works: a copy of the database at one instant, and exactly the blocks that its pointers reach then, as CARv1
 * (chapter 08 section 20). The folder appears complete and durable under its name, or not at all; it holds keys and passwords, so it is for its
 * owner only. PyrgosError `storage` when the target exists, a block is missing or damaged, or the disk is full.
 */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupSummary> {
  const target = resolve(options.target);
  await requireFree(target);
  const work = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  const release = await options.garbage.suspend();
  let snapshot: SqlDatabase | undefined;
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
    const copy = join(work, 'snapshot.sqlite');
    await options.db.copyTo(copy);
    snapshot = await openDatabase({ path: copy });
    const state = await collectState({ ...options, db: snapshot });
    const written = await writeBlocks(options, snapshot, join(work, BLOCKS_FILE));
    await snapshot.close();
    snapshot = undefined;
    for (const suffix of ['', '-wal', '-shm']) await rm(`${copy}${suffix}`, { force: true });
    await writeState(join(work, STATE_FILE), { ...state, blocks: written });
    await publish(work, target);
    return { folder: target, users: state.owners.length, blocks: written.count, bytes: written.bytes };
  } catch (error) {
    throw backupError(error);
  } finally {
    release();
    await snapshot?.close();
    await rm(work, { recursive: true, force: true });
  }
}

async function requireFree(target: string): Promise<void> {
  try {
    const found = await stat(target);
    if (found.isDirectory() && (await isEmpty(target))) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw backupError(error);
  }
  throw new PyrgosError('storage', 'The folder for the backup exists already. Name one that does not, or an empty one.');
}

async function isEmpty(folder: string): Promise<boolean> {
  const entries = await opendir(folder);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}

/** Writes the CAR file; a block that several users have is in it once. */
async function writeBlocks(
  { storage, onProgress, signal }: WriteBackupOptions,
  db: SqlDatabase,
  path: string,
): Promise<BackupState['blocks']> {
  const [users, writers, pointers] = [new UserTable(db), new WriterTable(db), new PointerTable(db)];
  const owned = users.names().map((username) => {
    const user = users.find(username);
    const targets = Array.from(user === undefined ? [] : writers.ofUser(user.id), ({ writer }) => targetOf(pointers.get(writer)));
    return { username, roots: targets.filter((root) => root !== undefined) };
  });
  const shared = sharedBlocks(db);
  const output = await FileOutput.create(path);
  let [count, bytes] = [0, 0];
  try {
    await output.write(carHeader(owned.flatMap(({ roots }) => roots)));
    const written = new Set<string>();
    for (const { username, roots } of owned) {
      for await (const { cid: binary, row } of reachableRows(db, username, roots, signal)) {
        const cid = decodeCid(binary);
        if (shared.has(cid.key)) {
          if (written.has(cid.key)) continue;
          written.add(cid.key);
        }
        const block = row === undefined ? undefined : await storage.get(username, cid);
        if (block === undefined) throw missingBlock(username, cid);
        await output.write(carBlock(cid, block));
        count++;
        bytes += block.length;
        if (count % 64 === 0) onProgress?.({ blocks: count, bytes });
      }
    }
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
  onProgress?.({ blocks: count, bytes });
  return { count, bytes };
}

function targetOf(signed: Uint8Array | undefined): Cid | undefined {
  return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
}

/** The blocks that more than one user has: small constant ones, normally. */
function sharedBlocks(db: SqlDatabase): ReadonlySet<string> {
  const rows = db.prepare('SELECT cid FROM blocks GROUP BY cid HAVING count(*) > 1').all();
  return new Set(rows.map((row) => decodeCid(readBytes(row, 'cid')).key));
}

function missingBlock(username: string, cid: Cid): PyrgosError {
  return new PyrgosError('storage', `The block ${cid.toString()} of the user ${username} is missing, so no backup can be made.`, {
    data: { cid: cid.toString(), username },
  });
}

async function writeState(path: string, state: CollectedState & Pick<BackupState, 'blocks'>): Promise<void> {
  await writeFile(path, `${JSON.stringify(state, undefined, 1)}\n`, { flag: 'wx', mode: 0o600, flush: true });
}

/** Gives the finished folder its name, durably. */
async function publish(work: string, target: string): Promise<void> {
  await syncFolder(work);
  // Replaces an empty folder, and nothing else.
  await rename(work, target);
  await syncFolder(dirname(target));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function backupError(error: unknown): unknown {
  const system = systemCode(error);
  if (error instanceof PyrgosError || system === undefined) return error;
  const text = system === 'ENOSPC' ? 'The disk is full' : `The backup could not be written (${system})`;
  return new PyrgosError('storage', `${text}. Nothing was left behind; choose another place and try again.`, {
    data: { system },
    cause: error,
  });
}
