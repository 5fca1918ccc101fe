import { mkdir, opendir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { utf8Encode } from '@pyrgos/core/bytes';
import { carBlock, carHeader, type Cid, CidCodec, decodeCid } from '@pyrgos/core/codec';
import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { PointerUpdate } from '@pyrgos/core/model';
import type { BlockStorage } from '../blocks/block-storage.js';
import { nextTurn } from '../blocks/next-turn.js';
import { isDamaged } from '../blocks/storage-error.js';
import { systemCode, systemReason } from '../system-reason.js';
import { MAX_BACKUP_ROOTS, MAX_MISSING_BLOCKS } from '../limits.js';
import { openDatabase, type SqlDatabase } from '../sql/index.js';
import { syncFolder } from '../sql/wal-file.js';
import { readBytes, readInteger } from '../sql/sql-values.js';
import { PointerTable } from '../space/pointer-table.js';
import { UserTable } from '../space/user-table.js';
import { WriterTable } from '../space/writer-table.js';
import { BLOCKS_FILE, type BackupState, STATE_FILE } from './backup-state.js';
import { collectState, type CollectStateOptions } from './collect-state.js';
import { type AccountCounts, countAccounts } from './count-accounts.js';
import { FileOutput } from './file-output.js';
import { copyOperatorFiles } from './operator-files.js';
import { reachableRows } from './reachable-rows.js';
import { STATE_SEAL_FILE, writeStateSeal } from './state-seal.js';

/** What {@link writeBackup} needs. */
export interface WriteBackupOptions extends Omit<CollectStateOptions, 'db'> {
  /** The database in use. */
  readonly db: SqlDatabase;
  readonly storage: Pick<BlockStorage, 'get'>;
  /** Keeps garbage collection away while the backup runs, so that what the copy of the database names stays. */
  readonly garbage: { suspend(): Promise<() => void> };
  /** The folder to make; it must not exist, or be empty. */
  readonly target: string;
  /** The data directory, whose configuration and list of banned users go into the backup as well. Default: they do not. */
  readonly directory?: string;
  readonly onProgress?: (written: { readonly blocks: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** What a backup holds. */
export interface BackupSummary extends AccountCounts {
  readonly folder: string;
  /** Blocks, each once. */
  readonly blocks: number;
  /** Bytes of all blocks. */
  readonly bytes: number;
  /** Users of whom linked blocks are not stored here, or are damaged: what is there is in the backup, and the gap is written down. */
  readonly incomplete: readonly IncompleteUser[];
  /** Files of the operator that are in it: `config`, `blacklist.txt`. */
  readonly files: readonly string[];
}

/** A user with a gap. */
interface IncompleteUser {
  readonly username: string;
  /** Blocks that something links to and that were never stored. Clients can make such links. */
  readonly missing: number;
  /** Blocks that were stored, and whose file is gone, cannot be read, or no longer matches its hash: a failing disk. */
  readonly damaged: number;
}

/**
 * Backs the server up while it works: a copy of the database at one instant, and exactly the blocks that its pointers reach then, as CARv1
 * (chapter 08 section 20). The folder appears complete and durable under its name, or not at all; it holds keys and passwords, so it is for its
 * owner only. A user may link to blocks that it never stored, so a gap does not stop the backup of everybody: it is written down and reported.
 * PyrgosError `storage` when the target exists, a block cannot be read, or the disk is full.
 */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupSummary> {
  const target = resolve(options.target);
  await requireFree(target);
  if (options.directory !== undefined) await requireOutside(target, options.directory);
  const work = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  const release = await options.garbage.suspend();
  let snapshot: SqlDatabase | undefined;
  try {
    await rm(work, { recursive: true, force: true });
    await makeFolder(work);
    const copy = join(work, 'snapshot.sqlite');
    await options.db.copyTo(copy);
    snapshot = await openDatabase({ path: copy });
    const state = await collectState({ ...options, db: snapshot });
    const owned = state.owners.map(({ username }) => username);
    const { written, gaps } = await writeBlocks(options, snapshot, owned, join(work, BLOCKS_FILE));
    await snapshot.close();
    snapshot = undefined;
    for (const suffix of ['', '-wal', '-shm']) await rm(`${copy}${suffix}`, { force: true });
    const owners = state.owners.map((owner) => {
      const gap = gaps.get(owner.username);
      return gap === undefined ? owner : { ...owner, missing: gap.cids };
    });
    const text = utf8Encode(`${JSON.stringify({ ...state, owners, blocks: written }, undefined, 1)}\n`);
    await writeFile(join(work, STATE_FILE), text, { flag: 'wx', mode: 0o600, flush: true });
    await writeStateSeal(join(work, STATE_SEAL_FILE), text, options.crypto);
    const files = options.directory === undefined ? [] : await copyOperatorFiles(options.directory, work);
    await publish(work, target);
    const incomplete = Array.from(gaps, ([username, { cids, damaged }]) => ({ username, missing: cids.length - damaged, damaged }));
    const counted = state.owners.map(({ identity, username, writers }) => ({
      username,
      isEmptied: writers.some(({ target: pointed, writer }) => writer === identity && pointed === null),
    }));
    return {
      folder: target,
      ...countAccounts(counted, state.quotas),
      blocks: written.count,
      bytes: written.bytes,
      incomplete,
      files,
    };
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

/**
 * A backup inside the data directory is lost with it, and what is not ours has no place among the blocks. PyrgosError `storage`.
 */
async function requireOutside(target: string, directory: string): Promise<void> {
  const [inner, outer] = [await realPathOf(target), await realPathOf(resolve(directory))];
  if (inner !== outer && !inner.startsWith(`${outer}${sep}`)) return;
  throw new PyrgosError(
    'storage',
    'The folder for the backup is inside the data directory, and would be lost with it. Name one elsewhere.',
  );
}

/** The path without links, also of something whose last parts are not there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) throw backupError(error);
    return join(await realPathOf(parent), basename(path));
  }
}

/** Makes a folder for its owner only, and those above it. What the system reports for a recursive mkdir on a read-only disk is that a folder is not there. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  const entries = await opendir(folder);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}

/** What is not in the backup of one user. */
interface Gap {
  readonly cids: string[];
  readonly seen: Set<string>;
  damaged: number;
}

/** Writes the CAR file: what belongs to these users. A block that several of them have is in it once. */
async function writeBlocks(
  { storage, onProgress, signal }: WriteBackupOptions,
  db: SqlDatabase,
  usernames: readonly string[],
  path: string,
): Promise<{ readonly written: BackupState['blocks']; readonly gaps: ReadonlyMap<string, Gap> }> {
  const [users, writers, pointers] = [new UserTable(db), new WriterTable(db), new PointerTable(db)];
  const owned = usernames.map((username) => {
    const user = users.find(username);
    const targets = Array.from(user === undefined ? [] : writers.ofUser(user.id), ({ writer }) => targetOf(pointers.get(writer)));
    return { username, roots: targets.filter((root) => root !== undefined) };
  });
  const shared = await sharedBlocks(db, signal);
  const gaps = new Map<string, Gap>();
  const output = await FileOutput.create(path);
  let [count, bytes] = [0, 0];
  try {
    // Readers take the pointers from state.json; a header has room for a limited number.
    await output.write(carHeader(owned.flatMap(({ roots }) => roots).slice(0, MAX_BACKUP_ROOTS)));
    const written = new Set<string>();
    for (const { username, roots } of owned) {
      for await (const { cid: binary, row } of reachableRows(db, username, roots, signal)) {
        const cid = decodeCid(binary);
        if (written.has(cid.key)) continue;
        const block = row === undefined ? 'missing' : await readBlock(storage, username, cid);
        if (typeof block === 'string') {
          note(gaps, username, cid, block);
          continue;
        }
        if (shared.has(cid.key)) written.add(cid.key);
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
  return { written: { count, bytes }, gaps };
}

/** Errors of the system that concern one file. A backup without it is worth more than none. */
const UNREADABLE: ReadonlySet<string> = new Set(['EIO', 'EISDIR', 'EACCES', 'ELOOP', 'EUCLEAN', 'EBADMSG']);

async function readBlock(storage: Pick<BlockStorage, 'get'>, username: string, cid: Cid): Promise<Uint8Array | 'damaged'> {
  try {
    // The database knows it, so it was stored.
    return (await storage.get(username, cid)) ?? 'damaged';
  } catch (error) {
    const system = error instanceof PyrgosError ? error.data['system'] : undefined;
    if (isDamaged(error) || (typeof system === 'string' && UNREADABLE.has(system))) return 'damaged';
    throw error;
  }
}

function note(gaps: Map<string, Gap>, username: string, cid: Cid, reason: 'missing' | 'damaged'): void {
  const gap = gaps.get(username) ?? { cids: [], seen: new Set(), damaged: 0 };
  gaps.set(username, gap);
  const text = cid.toString();
  if (gap.cids.length >= MAX_MISSING_BLOCKS) {
    throw new PyrgosError('storage', `More than ${MAX_MISSING_BLOCKS} blocks of the user ${username} are missing.`, { data: { username } });
  }
  // The walk names a missing block once for each link to it.
  if (gap.seen.has(text)) return;
  gap.seen.add(text);
  gap.cids.push(text);
  if (reason === 'damaged') gap.damaged++;
}

function targetOf(signed: Uint8Array | undefined): Cid | undefined {
  return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
}

/** The beginnings of the CIDs that are stored: version 1, raw or dag-cbor, sha2-256. */
const CID_PREFIXES = [CidCodec.raw, CidCodec.dagCbor].map((codec) => [1, codec, 0x12, 0x20]);

/**
 * The blocks that more than one user has: small constant ones, normally. Looked for in 512 slices of all CIDs, so that neither memory nor a
 * single step grows with the server.
 */
async function sharedBlocks(db: SqlDatabase, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const partitions = db.prepare('SELECT id FROM partitions ORDER BY id').all();
  const slice = db.prepare('SELECT cid FROM blocks WHERE partition_id = ? AND cid >= ? AND cid < ?');
  const shared = new Set<string>();
  if (partitions.length < 2) return shared;
  for (const prefix of CID_PREFIXES) {
    for (let byte = 0; byte < 256; byte++) {
      throwIfAborted(signal, 'backup');
      const [from, to] = [
        Uint8Array.from([...prefix, byte]),
        Uint8Array.from(byte < 255 ? [...prefix, byte + 1] : [...prefix.slice(0, 3), 0x21]),
      ];
      const seen = new Set<string>();
      for (const row of partitions) {
        for (const block of slice.all(readInteger(row, 'id'), from, to)) {
          const { key } = decodeCid(readBytes(block, 'cid'));
          if (seen.has(key)) shared.add(key);
          seen.add(key);
        }
        await nextTurn();
      }
    }
  }
  return shared;
}

/** Gives the finished folder its name, durably. */
async function publish(work: string, target: string): Promise<void> {
  await syncFolder(work);
  // Replaces an empty folder, and nothing else.
  await rename(work, target);
  await syncFolder(dirname(target));
}

function backupError(error: unknown): unknown {
  const system = systemCode(error);
  if (error instanceof PyrgosError || system === undefined) return error;
  const text = system === 'ENOSPC' ? 'The disk is full' : `The backup could not be written: ${systemReason(error)}`;
  return new PyrgosError('storage', `${text}. Nothing was left behind; choose another place and try again.`, {
    data: { system },
    cause: error,
  });
}
