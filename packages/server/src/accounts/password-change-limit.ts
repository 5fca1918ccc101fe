import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_PASSWORD_CHANGES, PASSWORD_CHANGE_WINDOW_MS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import { readInteger } from '../sql/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/**
 * Bounds what a user can store by password changes. Their blocks are not charged, so that whoever is over quota can still change a
 * password; but each leaves the block of the former one behind until the next garbage collection. Counted in the table `password_changes`, at
 * most MAX_PASSWORD_CHANGES rows for each user, so that a restart makes nothing good.
 */
export class PasswordChangeLimit {
  constructor(
    private readonly db: SqlDatabase,
    private readonly clock: Clock,
  ) {}

  /** Counts a change. PyrgosError `limit`, with a text for people, beyond {@link MAX_PASSWORD_CHANGES} in a window. */
  take(username: string): void {
    const now = this.clock.now();
    this.db.transaction(() => {
      // A clock that was set back must not lock anybody out until it has caught up.
      this.db
        .prepare('DELETE FROM password_changes WHERE username = ? AND (time <= ? OR time > ?)')
        .run(username, now - PASSWORD_CHANGE_WINDOW_MS, now);
      const row = this.db.prepare('SELECT count(*) AS count FROM password_changes WHERE username = ?').get(username);
      if (row === undefined || readInteger(row, 'count') >= MAX_PASSWORD_CHANGES) {
        throw new PyrgosError('limit', 'Too many password changes. Please try again tomorrow.');
      }
      this.db.prepare('INSERT INTO password_changes (username, time) VALUES (?, ?)').run(username, now);
    });
  }

  /** Forgets a user, inside a transaction of the caller. */
  remove(username: string): void {
    this.db.prepare('DELETE FROM password_changes WHERE username = ?').run(username);
  }
}
