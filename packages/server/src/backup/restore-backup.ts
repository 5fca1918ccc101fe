import { join } from 'node:path';
import { utf8Decode } from '@pyrgos/core/bytes';
import type { Cid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { LimitError, PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { AccountRecords } from '../accounts/account-records.js';
import { BatTable } from '../bats/bat-table.js';
import { FileBlockStorage } from '../blocks/file-block-storage.js';
import { describeStored, type DescribedBlock } from '../blocks/block-metadata.js';
import { BlockTable } from '../blocks/block-table.js';
import { LocalBlockStore } from '../blocks/local-block-store.js';
import { systemCode, systemReason } from '../system-reason.js';
import { dataPaths } from '../config/data-paths.js';
import { IdSet } from '../gc/id-set.js';
import { ServerIdentity } from '../identity/server-identity.js';
import { LinkCountTable } from '../links/link-count-table.js';
import { MAX_BACKUP_STATE_SIZE } from '../limits.js';
import { importPki } from '../pki/import-pki.js';
import { PkiFiles } from '../pki/pki-files.js';
import { PkiNode } from '../pki/pki-node.js';
import type { Clock } from '../ports/clock.js';
import { schemas } from '../schemas.js';
import { FollowRequestTable } from '../social/follow-request-table.js';
import { PointerService } from '../space/pointer-service.js';
import { QuotaTable } from '../space/quota-table.js';
import { Space } from '../space/space.js';
import { SpaceRequestTable } from '../space/space-request-table.js';
import { TokenTable } from '../space/token-table.js';
import { UsageRepair } from '../space/usage-repair.js';
import { migrate, openDatabase, type SqlDatabase } from '../sql/index.js';
import { BLOCKS_FILE, type BackupState, readBackupState, STATE_FILE } from './backup-state.js';
import { BlockIndex, readBlocks } from './block-index.js';
import { checkReferences, isEmptied, usersWithoutLogin } from './check-references.js';
import { type AccountRows, checkOldWriters, checkState, findBlocks, identityIn, readAccountRows } from './check-state.js';
import { type AccountCounts, countAccounts } from './count-accounts.js';
import { copyOperatorFiles } from './operator-files.js';
import { openPlain } from './plain-file.js';
import { ProblemList } from './problem-list.js';
import { checkStateSeal, STATE_SEAL_FILE } from './state-seal.js';
import { commitStage, createStage, dropStage, finishOrForget, requireEmptyDataDirectory } from './staged-restore.js';

/** What {@link restoreBackup} needs. */
export interface RestoreBackupOptions {
  /** The folder with the backup. */
  readonly source: string;
  /** The data directory, whose lock the caller holds; it holds no server yet. */
  readonly directory: string;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly onProgress?: (restored: { readonly blocks: number; readonly bytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** What was restored. */
export interface RestoreSummary extends AccountCounts {
  /** Blocks, each once, however many users have it: what the summary of the backup counts. */
  readonly blocks: number;
  /** Bytes of these blocks. */
  readonly bytes: number;
  /** Files of the operator that were restored: `config`, `blacklist.txt`. Those that the data directory has already stay as they are. */
  readonly files: readonly string[];
  /** Users whose usage in the backup differs from what their blocks say, which is what counts now. */
  readonly recounted: readonly string[];
  /** Users who store something and cannot log in: the backup has no login data of them. */
  readonly withoutLogin: readonly string[];
}

/** Blocks are stored in groups of about this many bytes. */
const GROUP_BYTES = 8 << 20;

/**
 * Restores a backup into an empty data directory (chapter 08 section 20). The whole backup is verified first: every block against its hash, that no
 * reachable block is missing, every signature, chain and key. DamagedBackupError with a list of all problems, and then nothing was changed; so it is
 * after any other error, a kill or a power cut. Durable when it resolves.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoreSummary> {
  const { directory } = options;
  await finishOrForget(directory);
  await requireEmptyDataDirectory(directory);
  const stage = await createStage(directory);
  try {
    const summary = await build(options, stage);
    await commitStage(directory);
    return summary;
  } catch (error) {
    await dropStage(directory);
    if (systemCode(error) === 'ENOSPC') {
      throw new PyrgosError('storage', 'The disk is full; nothing was changed. Free some space and try again.', { cause: error });
    }
    throw error;
  }
}

async function build(options: RestoreBackupOptions, stage: string): Promise<RestoreSummary> {
  const { crypto, signal, source } = options;
  const problems = new ProblemList(source);
  const { isSealed, json } = await readState(source, crypto, problems);
  const state = json === undefined ? undefined : readBackupState(json, problems);
  const indexPath = join(stage, 'index.sqlite');
  const index = await BlockIndex.create(indexPath);
  try {
    await requireFile(join(source, BLOCKS_FILE));
    const found = await index.build(join(source, BLOCKS_FILE), crypto, problems, signal);
    if (state === undefined) problems.throwIfAny();
    if (state === undefined) throw new PyrgosError('format.backup', 'The backup has no state.');
    if (found.count !== state.blocks.count || found.bytes !== state.blocks.bytes) {
      problems.add(
        BLOCKS_FILE,
        `has ${found.count} blocks of ${found.bytes} bytes; it should have ${state.blocks.count} of ${state.blocks.bytes}`,
      );
    }
    await checkState(state, crypto, problems);
    const accounts = await readAccountRows(state, problems);
    if (!isSealed) checkReferences(state, accounts, problems);
    problems.throwIfAny();
    return await new Restore(options, stage, state, accounts, problems).run(index);
  } finally {
    await index.close();
  }
}

async function requireFile(path: string): Promise<void> {
  try {
    const file = await openPlain(path);
    await file.close();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof PyrgosError) return error;
  const system = systemCode(error);
  if (system === undefined) return error;
  return new PyrgosError('storage', `${path} cannot be read: ${systemReason(error)}. Name the folder of a backup.`, {
    data: { system },
    cause: error,
  });
}

/** The JSON of state.json, and whether its hash says that it is as it was written. */
async function readState(
  source: string,
  crypto: CryptoProvider,
  problems: ProblemList,
): Promise<{ readonly json: unknown; readonly isSealed: boolean }> {
  const bytes = await readBounded(join(source, STATE_FILE));
  const seal = join(source, STATE_SEAL_FILE);
  const isSealed = await checkStateSeal(seal, bytes, crypto, problems).catch((error: unknown) => {
    throw unreadable(seal, error);
  });
  const text = utf8Decode(bytes);
  try {
    if (text !== undefined) return { json: JSON.parse(text) as unknown, isSealed };
  } catch {
    // The parser's message would quote the file, which holds secrets.
  }
  problems.add(STATE_FILE, 'is not JSON');
  return { json: undefined, isSealed };
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const file = await openPlain(path);
    try {
      const { size } = await file.stat();
      if (size > MAX_BACKUP_STATE_SIZE) throw new LimitError('size of state.json', size, MAX_BACKUP_STATE_SIZE);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Builds a data directory from a backup whose parts are right in themselves. */
class Restore {
  constructor(
    private readonly options: RestoreBackupOptions,
    private readonly stage: string,
    private readonly state: BackupState,
    private readonly accounts: AccountRows,
    private readonly problems: ProblemList,
  ) {}

  async run(index: BlockIndex): Promise<RestoreSummary> {
    const { clock, crypto } = this.options;
    const db = await openDatabase({ path: dataPaths.database(this.stage) });
    let storage: FileBlockStorage | undefined;
    try {
      migrate(db, schemas);
      storage = await FileBlockStorage.open({ root: dataPaths.blocks(this.stage), hasher: crypto, random: crypto });
      const needed = await this.findNeeded(index);
      this.problems.throwIfAny();
      const stored = await this.storeBlocks(index, needed, db, storage);
      const local = new LocalBlockStore({ storage, db, clock, random: crypto });
      await checkOldWriters(this.state, crypto, local, this.problems);
      this.problems.throwIfAny();
      const withoutLogin = await usersWithoutLogin(this.state, this.accounts, local);
      const recounted = await this.restoreTables(db, local);
      this.problems.throwIfAny();
      await db.durable();
      const files = await copyOperatorFiles(this.options.source, this.stage, this.options.directory);
      const counted = this.state.owners.map((owner) => ({ username: owner.username, isEmptied: isEmptied(owner) }));
      return { ...countAccounts(counted, this.state.quotas), ...stored, files, recounted, withoutLogin };
    } finally {
      await storage?.close();
      await db.close();
    }
  }

  /** Which rows of the index each user needs. A backup has no garbage: blocks that nobody needs say that somebody is missing, or a part of its data. */
  private async findNeeded(index: BlockIndex): Promise<ReadonlyMap<string, IdSet>> {
    const needed = new Map<string, IdSet>();
    const all = new IdSet();
    for (const owner of this.state.owners) {
      const rows = new IdSet();
      needed.set(owner.username, rows);
      const found = (row: number): void => {
        rows.add(row);
        all.add(row);
      };
      await findBlocks(index, owner, this.problems, found, this.options.signal);
    }
    const rest = index.size - all.size;
    if (rest > 0)
      this.problems.add(STATE_FILE, `${rest} of ${index.size} blocks belong to nobody: users, or writers of them, are missing in owners`);
    return needed;
  }

  private async storeBlocks(
    index: BlockIndex,
    needed: ReadonlyMap<string, IdSet>,
    db: SqlDatabase,
    storage: FileBlockStorage,
  ): Promise<{ readonly blocks: number; readonly bytes: number }> {
    const { onProgress, signal, source } = this.options;
    const table = new BlockTable(db);
    const waiting = new Map<string, DescribedBlock[]>();
    let [blocks, bytes, waitingBytes] = [0, 0, 0];
    const flush = async (): Promise<void> => {
      for (const [username, group] of waiting) {
        await storage.putMany(username, group);
        db.transaction(() => table.record(table.ensurePartition(username), group));
      }
      waiting.clear();
      waitingBytes = 0;
      onProgress?.({ blocks, bytes });
    };
    const taken = new IdSet();
    for await (const { cid, bytes: content } of readBlocks(join(source, BLOCKS_FILE), signal)) {
      throwIfAborted(signal, 'restore');
      const row = this.rowOnce(index, cid, taken);
      if (row === undefined) continue;
      const block = { cid, bytes: content, metadata: describeStored(cid, content) };
      const owners = [...needed].filter(([, rows]) => rows.has(row));
      for (const [username] of owners) {
        const group = waiting.get(username) ?? [];
        group.push(block);
        waiting.set(username, group);
      }
      if (owners.length > 0) {
        blocks++;
        bytes += content.length;
      }
      waitingBytes += content.length;
      if (waitingBytes >= GROUP_BYTES) await flush();
    }
    await flush();
    return { blocks, bytes };
  }

  /** The row of a block, the first time that the file has it. */
  private rowOnce(index: BlockIndex, cid: Cid, taken: IdSet): number | undefined {
    const row = index.rowOf(cid);
    return row !== undefined && taken.add(row) ? row : undefined;
  }

  /** Fills all tables; returns the users whose usage differs. */
  private async restoreTables(db: SqlDatabase, local: LocalBlockStore): Promise<string[]> {
    const { clock, crypto } = this.options;
    const { pki } = this.state;
    const files = new PkiFiles(dataPaths.pki(this.stage));
    // No name is claimed here: the limits do not matter.
    const node = new PkiNode({ db, crypto, clock, local, files, maxDailySignups: 0 });
    const quotas = new QuotaTable(db);
    const space = new Space({ db, crypto, local, directory: node, quotas, clock, uploadWindowSeconds: 86_400 });
    const banned = { isBanned: async (): Promise<boolean> => false };
    const pointers = new PointerService({ db, crypto, local, space, directory: node, banned });
    const repair = new UsageRepair({ db, local, space });
    this.restoreRows(db, quotas);
    await this.check('serverIdentities', async () =>
      ServerIdentity.importIds(
        { db, crypto, clock },
        this.state.server.ids.IDS,
        this.state.serverIdentities.map(({ peerId, privateKey, record }) => ({
          peerId,
          ...(privateKey ? { privateKey } : {}),
          ...(record ? { record } : {}),
        })),
      ),
    );
    for (const { username, writers } of this.state.owners) {
      for (const { owner } of pki.chains.get(username) ?? []) await space.registerUser(username, owner);
      await this.check(`owners, ${username}`, async () =>
        repair.restorePointers(
          username,
          writers.map(({ writer, signedPointer }) => ({ writer, signed: signedPointer })),
        ),
      );
    }
    await this.check('pki', async () =>
      importPki(
        { db, crypto, files, local, pointers },
        {
          identity: pki.peergosIdentity,
          pkiKey: pki.pkiKeyHash,
          publicKeyFile: pki.pkiPublicKeyFile,
          secretKeyFile: pki.pkiSecretKeyFile,
          secretKeyFilePassword: pki.pkiSecretKeyFilePassword,
          identityPassword: pki.peergosPassword,
          chains: pki.chains,
        },
      ),
    );
    const recounted: string[] = [];
    for (const { username } of this.state.owners) {
      await repair.recount(username);
      const claimed = this.state.usage.find((usage) => usage.username === username);
      if (claimed !== undefined && claimed.totalBytes !== space.usageOf(username)?.totalBytes) recounted.push(username);
    }
    await node.close();
    return recounted;
  }

  private async check(where: string, work: () => Promise<void>): Promise<void> {
    await this.problems.check(where, work);
  }

  /** The tables that need nothing else. */
  private restoreRows(db: SqlDatabase, quotas: QuotaTable): void {
    const { clock, crypto } = this.options;
    const { state } = this;
    const tokens = new TokenTable({ db, clock, hasher: crypto, random: crypto });
    const [bats, requests, counts, spaceRequests] = [
      new BatTable(db),
      new FollowRequestTable(db),
      new LinkCountTable(db),
      new SpaceRequestTable(db),
    ];
    const message = db.prepare(
      'INSERT INTO messages (id, name, type, sent, received, body, prior_id, is_dismissed) VALUES (?, ?, ?, ?, ?, CAST(? AS BLOB), ?, ?)',
    );
    db.transaction(() => {
      new AccountRecords(db).importRows(this.accounts);
      for (const { username, bytes } of state.quotas) quotas.set(username, bytes);
      for (const { username, bat } of state.bats) bats.add(username, bat);
      for (const { token, createdMillis } of state.signupTokens) tokens.add(token, createdMillis);
      for (const { username, signedRequest } of state.spaceRequests) spaceRequests.put(username, signedRequest);
      for (const { username, label, count, modifiedEpochSeconds } of state.linkCounts) {
        counts.restore(username, { label, count, modified: modifiedEpochSeconds });
      }
      for (const { ownerUsername, request } of state.followRequests) {
        if (identityIn(state, ownerUsername) === undefined) this.problems.add(`followRequests, ${ownerUsername}`, 'is no user');
        requests.add(ownerUsername, request.encode());
      }
      for (const { id, username, type, sent, received, body, replyTo, dismissed } of state.serverMessages) {
        message.run(id, username, type, sent, received ?? sent, body, replyTo ?? -1, dismissed ? 1 : 0);
      }
    });
  }
}
