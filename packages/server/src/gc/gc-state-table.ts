import { equalBytes } from '@pyrgos/core/bytes';
import { readInteger } from '../sql/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/** What garbage collection remembers between runs; see schema.ts. */
export class GcStateTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Whether the last complete run of a partition was decided by exactly these facts. */
  isUnchanged(partition: number, fingerprint: Uint8Array): boolean {
    const last = this.db.prepare('SELECT fingerprint FROM gc_state WHERE partition_id = ?').get(partition)?.['fingerprint'];
    return last instanceof Uint8Array && equalBytes(last, fingerprint);
  }

  /** Remembers a complete run. */
  finished(partition: number, fingerprint: Uint8Array): void {
    this.db
      .prepare(
        `INSERT INTO gc_state (partition_id, fingerprint, scanned) VALUES (?, ?, 0)
         ON CONFLICT (partition_id) DO UPDATE SET fingerprint = excluded.fingerprint`,
      )
      .run(partition, fingerprint);
  }

  /** When the files of a partition were last compared with the database; 0 for never. */
  scanned(partition: number): number {
    const row = this.db.prepare('SELECT scanned FROM gc_state WHERE partition_id = ?').get(partition);
    return row === undefined ? 0 : readInteger(row, 'scanned');
  }

  /** Remembers a comparison. */
  setScanned(partition: number, time: number): void {
    this.db
      .prepare(
        `INSERT INTO gc_state (partition_id, fingerprint, scanned) VALUES (?, NULL, ?)
         ON CONFLICT (partition_id) DO UPDATE SET scanned = excluded.scanned`,
      )
      .run(partition, time);
  }
}
