import type { Cid } from '@pyrgos/core/codec';
import { decodeCid } from '@pyrgos/core/codec';
import { PublicKeyHash } from '@pyrgos/core/keys';
import type { SqlDatabase, SqlRow, SqlStatement } from '../sql/sql-database.js';
import { readBytes, readFlag, readInteger, readMaybeCid } from '../sql/sql-values.js';

/** One writer and what it is charged with; see schema.ts. */
export interface WriterRecord {
  readonly id: number;
  readonly writer: PublicKeyHash;
  readonly userId: number;
  readonly isIdentity: boolean;
  /** Reachable from an identity of the user, so that it counts as usage. */
  readonly isAttached: boolean;
  /** The counted pointer target. */
  readonly target: Cid | undefined;
  /** The counted bytes of {@link target}; at most 2^53 - 1. */
  readonly directBytes: number;
  /** How many blocks of the target were not there when it was counted; -1: too many to have noted them down. */
  readonly missingCount: number;
  /** The owned-key CHAMP whose entries are in the table of owned keys. */
  readonly ownedRoot: Cid | undefined;
  /** Whether that CHAMP could be read completely. */
  readonly isOwnedKnown: boolean;
  readonly pendingBytes: number;
}

/** What a pointer update changes of a writer. */
export interface CountedState {
  readonly target: Cid | undefined;
  readonly directBytes: number;
  /** Blocks that were not there; undefined when there were too many. */
  readonly missing: readonly Cid[] | undefined;
  readonly ownedRoot: Cid | undefined;
  readonly isOwnedKnown: boolean;
}

/** What a writer points at, as it is stored. */
export interface StoredTarget {
  readonly target: Uint8Array | undefined;
  readonly signed: Uint8Array | undefined;
}

const TOO_MANY = -1;

/** What all writers of a user have together. Bytes; may be beyond 2^53. */
export interface WriterSums {
  readonly total: bigint;
  readonly detached: bigint;
  readonly pending: bigint;
}

/** Sums are made in two halves, because the sum of many large numbers does not fit into 64 bits. */
const HALF = 2n ** 32n;
const sumColumns = [
  ['total', 'direct_bytes * is_attached'],
  ['detached', 'direct_bytes * (1 - is_attached)'],
  ['pending', 'pending_bytes'],
]
  .flatMap(([name, value]) => [
    `coalesce(sum((${value}) >> 32), 0) AS ${name}_high`,
    `coalesce(sum((${value}) & 4294967295), 0) AS ${name}_low`,
  ])
  .join(', ');

const columns =
  'id, key, user_id, is_identity, is_attached, target, direct_bytes, missing_count, owned_root, is_owned_known, pending_bytes';

function recordOf(row: SqlRow): WriterRecord {
  return {
    id: readInteger(row, 'id'),
    writer: PublicKeyHash.fromCid(decodeCid(readBytes(row, 'key'))),
    userId: readInteger(row, 'user_id'),
    isIdentity: readFlag(row, 'is_identity'),
    isAttached: readFlag(row, 'is_attached'),
    target: readMaybeCid(row, 'target'),
    directBytes: readInteger(row, 'direct_bytes'),
    missingCount: readInteger(row, 'missing_count'),
    ownedRoot: readMaybeCid(row, 'owned_root'),
    isOwnedKnown: readFlag(row, 'is_owned_known'),
    pendingBytes: readInteger(row, 'pending_bytes'),
  };
}

/** The table `writers`. Statements only: the rules are in {@link UsageLedger}. */
export class WriterTable {
  private readonly selectByKey: SqlStatement;
  private readonly selectIdByKey: SqlStatement;
  private readonly selectById: SqlStatement;
  private readonly selectOfUser: SqlStatement;
  private readonly selectIdentities: SqlStatement;
  private readonly selectTargets: SqlStatement;
  private readonly countOfUser: SqlStatement;
  private readonly selectExpired: SqlStatement;
  private readonly selectExpiredSum: SqlStatement;
  private readonly selectIncomplete: SqlStatement;
  private readonly selectSums: SqlStatement;
  private readonly insert: SqlStatement;
  private readonly updateIdentity: SqlStatement;
  private readonly updateAttached: SqlStatement;
  private readonly updateCounted: SqlStatement;
  private readonly updateOwnedUnknown: SqlStatement;
  private readonly updatePending: SqlStatement;
  private readonly deleteOfUser: SqlStatement;
  private readonly selectMissing: SqlStatement;
  private readonly insertMissing: SqlStatement;
  private readonly deleteMissing: SqlStatement;
  private readonly deleteMissingOfUser: SqlStatement;

  constructor(db: SqlDatabase) {
    this.selectByKey = db.prepare(`SELECT ${columns} FROM writers WHERE key = ?`);
    this.selectIdByKey = db.prepare('SELECT id, user_id FROM writers WHERE key = ?');
    this.selectById = db.prepare(`SELECT ${columns} FROM writers WHERE id = ?`);
    // Not one long result: users may have thousands of writers.
    this.selectOfUser = db.prepare(`SELECT ${columns} FROM writers WHERE user_id = ? AND id > ? ORDER BY id LIMIT 500`);
    this.selectIdentities = db.prepare(`SELECT ${columns} FROM writers WHERE user_id = ? AND is_identity = 1`);
    this.selectTargets = db.prepare('SELECT target, signed FROM writers LEFT JOIN pointers ON writer = key WHERE user_id = ?');
    this.countOfUser = db.prepare('SELECT count(*) AS count FROM writers WHERE user_id = ?');
    this.selectExpired = db.prepare(`SELECT ${columns} FROM writers WHERE user_id = ? AND pending_bytes > 0 AND pending_at < ? LIMIT 500`);
    this.selectExpiredSum = db.prepare(
      'SELECT coalesce(sum(pending_bytes), 0) AS bytes FROM writers WHERE user_id = ? AND pending_bytes > 0 AND pending_at < ?',
    );
    this.selectIncomplete = db.prepare(
      `SELECT ${columns} FROM writers WHERE user_id = ? AND missing_count <> 0 AND id > ? ORDER BY id LIMIT ?`,
    );
    this.selectSums = db.prepare(`SELECT ${sumColumns} FROM writers WHERE user_id = ?`);
    this.insert = db.prepare('INSERT INTO writers (key, user_id) VALUES (?, ?)');
    this.updateIdentity = db.prepare('UPDATE writers SET is_identity = 1 WHERE id = ?');
    this.updateAttached = db.prepare('UPDATE writers SET is_attached = ? WHERE id = ?');
    this.updateCounted = db.prepare(
      'UPDATE writers SET target = ?, direct_bytes = ?, missing_count = ?, owned_root = ?, is_owned_known = ? WHERE id = ?',
    );
    this.updateOwnedUnknown = db.prepare('UPDATE writers SET is_owned_known = 0 WHERE id = ?');
    this.updatePending = db.prepare('UPDATE writers SET pending_bytes = ?, pending_at = ? WHERE id = ?');
    this.deleteOfUser = db.prepare('DELETE FROM writers WHERE user_id = ?');
    this.selectMissing = db.prepare('SELECT cid FROM missing_blocks WHERE writer_id = ?');
    this.insertMissing = db.prepare('INSERT INTO missing_blocks (writer_id, cid) VALUES (?, ?)');
    this.deleteMissing = db.prepare('DELETE FROM missing_blocks WHERE writer_id = ?');
    this.deleteMissingOfUser = db.prepare('DELETE FROM missing_blocks WHERE writer_id IN (SELECT id FROM writers WHERE user_id = ?)');
  }

  /** The record of a writer, or undefined when nobody's tree has ever shown it. */
  find(writer: PublicKeyHash): WriterRecord | undefined {
    const row = this.selectByKey.get(writer.cid.bytes);
    return row === undefined ? undefined : recordOf(row);
  }

  /** Only by what other tables know a writer, and whose it is; far cheaper than its record. */
  idOf(writer: PublicKeyHash): { readonly id: number; readonly userId: number } | undefined {
    const row = this.selectIdByKey.get(writer.cid.bytes);
    return row === undefined ? undefined : { id: readInteger(row, 'id'), userId: readInteger(row, 'user_id') };
  }

  /** The record under an id of another table. */
  get(id: number): WriterRecord {
    const row = this.selectById.get(id);
    if (row === undefined) throw new RangeError('no such writer');
    return recordOf(row);
  }

  /** All writers of a user in the order of registration. Do not change the table while iterating, except rows already seen. */
  *ofUser(userId: number): Generator<WriterRecord, void, undefined> {
    let last = 0;
    for (;;) {
      const records = this.selectOfUser.all(userId, last).map(recordOf);
      yield* records;
      const end = records.at(-1);
      if (end === undefined) return;
      last = end.id;
    }
  }

  /** The identities of a user, current and former: as many as its chain has links. */
  identities(userId: number): WriterRecord[] {
    return this.selectIdentities.all(userId).map(recordOf);
  }

  /**
   * What all writers of a user point at, read at one instant and not decoded yet: the counted target, a binary CID, and the signed pointer.
   * At most MAX_WRITERS_PER_USER.
   */
  targets(userId: number): readonly StoredTarget[] {
    return this.selectTargets.all(userId).map((row) => ({
      target: row['target'] === null ? undefined : readBytes(row, 'target'),
      signed: row['signed'] === null ? undefined : readBytes(row, 'signed'),
    }));
  }

  /** How many writers a user has. */
  count(userId: number): number {
    const row = this.countOfUser.get(userId);
    return row === undefined ? 0 : readInteger(row, 'count');
  }

  /** Counted and pending bytes of all writers of a user, added up. */
  sums(userId: number): WriterSums {
    const row = this.selectSums.get(userId);
    if (row === undefined) return { total: 0n, detached: 0n, pending: 0n };
    const sum = (name: string): bigint => BigInt(readInteger(row, `${name}_high`)) * HALF + BigInt(readInteger(row, `${name}_low`));
    return { total: sum('total'), detached: sum('detached'), pending: sum('pending') };
  }

  /** At most 500 writers of a user whose pending bytes are older than `before` (ms since the epoch). */
  expiredPending(userId: number, before: number): WriterRecord[] {
    return this.selectExpired.all(userId, before).map(recordOf);
  }

  /** What all writers of a user have pending together that is older than `before` (ms since the epoch). */
  expiredBytes(userId: number, before: number): number {
    const row = this.selectExpiredSum.get(userId, before);
    return row === undefined ? 0 : readInteger(row, 'bytes');
  }

  /** At most `limit` writers of a user of whose targets blocks were missing, in the order of their ids, those after the id `after`. */
  incomplete(userId: number, after: number, limit: number): WriterRecord[] {
    return this.selectIncomplete.all(userId, after, limit).map(recordOf);
  }

  /** Adds an unknown writer; its id. */
  add(writer: PublicKeyHash, userId: number): number {
    this.insert.run(writer.cid.bytes, userId);
    const added = this.idOf(writer);
    if (added === undefined) throw new RangeError('no such writer');
    return added.id;
  }

  setIdentity(id: number): void {
    this.updateIdentity.run(id);
  }

  setAttached(id: number, isAttached: boolean): void {
    this.updateAttached.run(isAttached ? 1 : 0, id);
  }

  /** The blocks that were not there when the target of a writer was counted; undefined when there were too many. */
  missingOf({ id, missingCount }: WriterRecord): readonly Cid[] | undefined {
    if (missingCount <= 0) return missingCount === 0 ? [] : undefined;
    return this.selectMissing.all(id).map((row) => decodeCid(readBytes(row, 'cid')));
  }

  setCounted({ id, missingCount }: WriterRecord, state: CountedState): void {
    if (missingCount > 0) this.deleteMissing.run(id);
    for (const { bytes } of state.missing ?? []) this.insertMissing.run(id, bytes);
    this.updateCounted.run(
      state.target?.bytes ?? null,
      state.directBytes,
      state.missing?.length ?? TOO_MANY,
      state.ownedRoot?.bytes ?? null,
      state.isOwnedKnown ? 1 : 0,
      id,
    );
  }

  /** Makes the next version of the writer read its whole list of children. */
  setOwnedUnknown(id: number): void {
    this.updateOwnedUnknown.run(id);
  }

  setPending(id: number, bytes: number, at: number): void {
    this.updatePending.run(bytes, at, id);
  }

  removeOfUser(userId: number): void {
    this.deleteMissingOfUser.run(userId);
    this.deleteOfUser.run(userId);
  }
}
