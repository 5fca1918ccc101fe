import type { LinkCount } from '@pyrgos/core/accounts';
import { MAX_LINK_COUNTS } from '../limits.js';
import { readInteger } from '../sql/sql-values.js';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';

/** How often each secret link was retrieved (chapter 08 section 12). Changes become durable with the next `durable()`. */
export class LinkCountTable {
  constructor(private readonly db: SqlDatabase) {}

  /**
   * Counts one retrieval, unless `maximum` of them have been counted already: then nothing changes and it is false. One statement, so
   * parallel retrievals never exceed the maximum. `now` in seconds since the epoch.
   */
  increment(username: string, label: bigint, maximum: number, now: number): boolean {
    if (maximum <= 0) return false;
    const { changes } = this.db
      .prepare(
        `INSERT INTO linkcounts (username, label, count, modified) VALUES (?, ?, 1, ?)
         ON CONFLICT (username, label) DO UPDATE SET count = count + 1, modified = excluded.modified WHERE count < ?`,
      )
      .run(username, label, now, maximum);
    return changes === 1;
  }

  /** The counters of a user that changed after `after` (seconds since the epoch), by time; at most MAX_LINK_COUNTS. */
  changedAfter(username: string, after: bigint): readonly LinkCount[] {
    return this.db
      .prepare('SELECT label, count, modified FROM linkcounts WHERE username = ? AND modified > ? ORDER BY modified, label LIMIT ?')
      .all(username, after, MAX_LINK_COUNTS)
      .map(toCount);
  }

  /** Sets a counter, for instance from a backup. */
  restore(username: string, { label, count, modified }: LinkCount): void {
    this.db
      .prepare(
        `INSERT INTO linkcounts (username, label, count, modified) VALUES (?, ?, ?, ?)
         ON CONFLICT (username, label) DO UPDATE SET count = excluded.count, modified = excluded.modified`,
      )
      .run(username, label, count, modified);
  }
}

function toCount(row: SqlRow): LinkCount {
  const label = row['label'];
  return {
    label: typeof label === 'bigint' ? label : BigInt(readInteger(row, 'label')),
    count: readInteger(row, 'count'),
    modified: readInteger(row, 'modified'),
  };
}
