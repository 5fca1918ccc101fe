import { type Cid } from '@pyrgos/core/codec';
import { ArgumentError, LimitError } from '@pyrgos/core/errors';
import { MAX_PINNED_BLOCKS, MAX_TRANSACTION_ID_LENGTH, SQL_ROWS_PER_STEP, TRANSACTION_LIFE_MILLISECONDS } from '../limits.js';
import { readBytes, readInteger, readText } from '../space/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/** A block that an open transaction protects. */
interface Pin {
  /** Binary CID. */
  readonly cid: Uint8Array;
  readonly transaction: string;
  readonly time: number;
}

/** Any text is accepted as id (chapter 03 section 9.2), within reason. LimitError, ArgumentError. */
export function assertTransactionId(transaction: string): void {
  if (transaction.length > MAX_TRANSACTION_ID_LENGTH) {
    throw new LimitError('transaction id length', transaction.length, MAX_TRANSACTION_ID_LENGTH);
  }
  if (transaction.includes('\0')) throw new ArgumentError('transaction', 'must not contain NUL');
}

/**
 * The table `transactions`: which blocks are protected until the transactions that uploaded them are closed or 24 h old (chapter 08
 * section 4.8). Methods are synchronous steps; those that change something are called inside a transaction of the database.
 */
export class TransactionTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Protects blocks. LimitError beyond MAX_PINNED_BLOCKS of a user. */
  pin(partition: number, transaction: string, cids: readonly Cid[], now: number): void {
    const insert = this.db.prepare(
      `INSERT INTO transactions (partition_id, cid, tid, time) VALUES (?, ?, ?, ?)
       ON CONFLICT (partition_id, cid, tid) DO NOTHING`,
    );
    const renew = this.db.prepare('UPDATE transactions SET time = ? WHERE partition_id = ? AND cid = ? AND tid = ?');
    let added = 0;
    for (const { bytes } of cids) {
      const { changes } = insert.run(partition, bytes, transaction, now);
      if (changes === 0) renew.run(now, partition, bytes, transaction);
      added += changes;
    }
    this.count(partition, added);
    const pinned = this.pinned(partition);
    if (pinned > MAX_PINNED_BLOCKS) throw new LimitError('number of blocks in open transactions', pinned, MAX_PINNED_BLOCKS);
  }

  /** Number of protections of a user. */
  pinned(partition: number): number {
    const row = this.db.prepare('SELECT pinned FROM partitions WHERE id = ?').get(partition);
    return row === undefined ? 0 : readInteger(row, 'pinned');
  }

  /** Ends the protection of some blocks of a transaction; false when none is left. */
  closeSome(partition: number, transaction: string): boolean {
    const { changes } = this.db
      .prepare(
        `DELETE FROM transactions WHERE partition_id = ? AND tid = ? AND cid IN
         (SELECT cid FROM transactions WHERE partition_id = ? AND tid = ? LIMIT ?)`,
      )
      .run(partition, transaction, partition, transaction, SQL_ROWS_PER_STEP);
    this.count(partition, -changes);
    return changes === SQL_ROWS_PER_STEP;
  }

  /**
   * One page of the protections of a user, those after `after`, in a fixed order; those older than TRANSACTION_LIFE_MILLISECONDS are
   * deleted instead. `next` is undefined after the last page.
   */
  page(
    partition: number,
    after: Pick<Pin, 'cid' | 'transaction'>,
    now: number,
  ): { readonly pins: readonly Pin[]; readonly next: Pin | undefined } {
    const rows = this.db
      .prepare(`SELECT cid, tid, time FROM transactions WHERE partition_id = ? AND (cid, tid) > (?, ?) ORDER BY cid, tid LIMIT ?`)
      .all(partition, after.cid, after.transaction, SQL_ROWS_PER_STEP)
      .map((row): Pin => ({ cid: readBytes(row, 'cid'), transaction: readText(row, 'tid'), time: readInteger(row, 'time') }));
    const expired = rows.filter(({ time }) => now - time > TRANSACTION_LIFE_MILLISECONDS);
    const remove = this.db.prepare('DELETE FROM transactions WHERE partition_id = ? AND cid = ? AND tid = ?');
    for (const { cid, transaction } of expired) remove.run(partition, cid, transaction);
    this.count(partition, -expired.length);
    const pins = rows.filter(({ time }) => now - time <= TRANSACTION_LIFE_MILLISECONDS);
    return { pins, next: rows.length === SQL_ROWS_PER_STEP ? rows.at(-1) : undefined };
  }

  private count(partition: number, difference: number): void {
    if (difference !== 0) this.db.prepare('UPDATE partitions SET pinned = pinned + ? WHERE id = ?').run(difference, partition);
  }
}
