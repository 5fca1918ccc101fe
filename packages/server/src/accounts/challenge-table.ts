import { CHALLENGE_LIFETIME_MILLISECONDS, MAX_CHALLENGES, MAX_CHALLENGES_PER_USER } from '../limits.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { readInteger } from '../sql/sql-values.js';

/** What a challenge was given out for; it is good for nothing else. */
export type Ceremony = 'register' | 'login';

/**
 * Table `mfa_challenge`: challenges that a security key may answer (chapter 05 section 15.6). Unlike upstream's one slot per user there
 * are several, so that a second log-in does not spoil the first; they expire and are used once. Bounded per user and in total. Losing one
 * in a crash is harmless, so nobody waits for the disk.
 */
export class ChallengeTable {
  constructor(private readonly db: SqlDatabase) {}

  /** Stores a challenge given out at `now` (ms since the epoch); drops the oldest ones beyond the limits. */
  add(username: string, ceremony: Ceremony, challenge: Uint8Array, now: number): void {
    this.db.transaction(() => {
      this.db
        .prepare('INSERT INTO mfa_challenge (username, ceremony, challenge, expires) VALUES (?, ?, ?, ?)')
        .run(username, ceremony, challenge, now + CHALLENGE_LIFETIME_MILLISECONDS);
      this.db
        .prepare(
          `DELETE FROM mfa_challenge WHERE username = ? AND ceremony = ? AND id NOT IN
            (SELECT id FROM mfa_challenge WHERE username = ? AND ceremony = ? ORDER BY id DESC LIMIT ?)`,
        )
        .run(username, ceremony, username, ceremony, MAX_CHALLENGES_PER_USER);
      const newest = this.db.prepare('SELECT max(id) AS id FROM mfa_challenge').get();
      // Ids grow by one, so at most MAX_CHALLENGES of them are left.
      if (newest !== undefined) this.db.prepare('DELETE FROM mfa_challenge WHERE id <= ?').run(readInteger(newest, 'id') - MAX_CHALLENGES);
    });
  }

  /** Takes a challenge out; false when it is unknown, was given to another user or for another ceremony, is used up or has expired. */
  redeem(username: string, ceremony: Ceremony, challenge: Uint8Array, now: number): boolean {
    return this.db.transaction(() => {
      this.db.prepare('DELETE FROM mfa_challenge WHERE username = ? AND expires <= ?').run(username, now);
      return (
        this.db
          .prepare('DELETE FROM mfa_challenge WHERE username = ? AND ceremony = ? AND challenge = ?')
          .run(username, ceremony, challenge).changes > 0
      );
    });
  }

  /** Deletes the challenges of a user. */
  deleteAll(username: string): void {
    this.db.prepare('DELETE FROM mfa_challenge WHERE username = ?').run(username);
  }
}
