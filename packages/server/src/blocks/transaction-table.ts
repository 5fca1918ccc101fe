import { ArgumentError, LimitError } from '@pyrgos/core/errors';
import {
  MAX_OPEN_TRANSACTIONS,
  MAX_TRANSACTION_ID_LENGTH,
  TRANSACTION_LIFE_MILLISECONDS,
  TRANSACTION_PERIOD_MILLISECONDS,
} from '../limits.js';
import { readInteger } from '../sql/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/** Any text is accepted as id (chapter 03 section 9.2), within reason. LimitError, ArgumentError. */
export function assertTransactionId(transaction: string): void {
  if (transaction.length > MAX_TRANSACTION_ID_LENGTH) {
    throw new LimitError('transaction id length', transaction.length, MAX_TRANSACTION_ID_LENGTH);
  }
  if (transaction.includes('\0')) throw new ArgumentError('transaction', 'must not contain NUL');
}

/**
 * The table `transactions`: since which put open transactions protect the blocks of a user (chapter 08 section 4.8).
 *
 * Everything is protected that was put since the oldest open transaction began, whoever put it. That is more than the blocks of open
 * transactions, and it takes one row for each transaction and hour instead of one for each block: those rows, scattered over an index, took
 * longer to write than the blocks themselves. A row covers the puts of TRANSACTION_PERIOD_MILLISECONDS, so that a block is protected for
 * TRANSACTION_LIFE_MILLISECONDS from its own put on, and a transaction that goes on for days does not keep what is older than that.
 *
 * Methods are synchronous steps; those that change something are called inside a transaction of the database.
 */
export class TransactionTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Protects what is put from the put `put` on. LimitError beyond MAX_OPEN_TRANSACTIONS of a user. */
  protect(partition: number, transaction: string, put: number, now: number): void {
    const covering = this.db
      .prepare('SELECT 1 AS one FROM transactions WHERE partition_id = ? AND tid = ? AND time > ? LIMIT 1')
      .get(partition, transaction, now - TRANSACTION_PERIOD_MILLISECONDS);
    if (covering !== undefined) return;
    this.expire(partition, now);
    const open = this.count(partition);
    if (open >= MAX_OPEN_TRANSACTIONS) throw new LimitError('number of open transactions', open + 1, MAX_OPEN_TRANSACTIONS);
    this.db
      .prepare('INSERT INTO transactions (partition_id, tid, first_put, time) VALUES (?, ?, ?, ?)')
      .run(partition, transaction, put, now);
  }

  /** Ends the protection by a transaction. */
  close(partition: number, transaction: string): void {
    this.db.prepare('DELETE FROM transactions WHERE partition_id = ? AND tid = ?').run(partition, transaction);
  }

  /** Ends all protections of a user. */
  closeAll(partition: number): void {
    this.db.prepare('DELETE FROM transactions WHERE partition_id = ?').run(partition);
  }

  /** Ends the protections that are too old. */
  expire(partition: number, now: number): void {
    this.db
      .prepare('DELETE FROM transactions WHERE partition_id = ? AND time < ?')
      .run(partition, now - TRANSACTION_LIFE_MILLISECONDS - TRANSACTION_PERIOD_MILLISECONDS);
  }

  /** What was put with this number or later is protected; undefined when nothing is. */
  firstProtected(partition: number): number | undefined {
    const row = this.db.prepare('SELECT min(first_put) AS first FROM transactions WHERE partition_id = ?').get(partition);
    return row === undefined || row['first'] === null ? undefined : readInteger(row, 'first');
  }

  private count(partition: number): number {
    const row = this.db.prepare('SELECT count(*) AS count FROM transactions WHERE partition_id = ?').get(partition);
    return row === undefined ? 0 : readInteger(row, 'count');
  }
}
