import { PyrgosError } from '@pyrgos/core/errors';
import { BoundedMap } from '../blocks/bounded-map.js';
import { MAX_PASSWORD_CHANGES, MAX_WATCHED_PASSWORD_CHANGERS, PASSWORD_CHANGE_WINDOW_MS } from '../limits.js';
import type { Clock } from '../ports/clock.js';

/**
 * Bounds what a user can store by password changes. Their blocks are not charged, so that whoever is over quota can still change a
 * password; but each leaves the block of the former one behind until the next garbage collection. In memory only: a restart is no event
 * that a user can cause.
 */
export class PasswordChangeLimit {
  /** When each user's changes of the current window happened, in order. */
  private readonly changes = new BoundedMap<readonly number[]>(MAX_WATCHED_PASSWORD_CHANGERS);

  constructor(private readonly clock: Clock) {}

  /** Counts a change. PyrgosError `limit`, with a text for people, beyond {@link MAX_PASSWORD_CHANGES} in a window. */
  take(username: string): void {
    const now = this.clock.now();
    // A clock that was set back must not lock anybody out until it has caught up.
    const recent = (this.changes.get(username) ?? []).filter((time) => time <= now && now - time < PASSWORD_CHANGE_WINDOW_MS);
    if (recent.length >= MAX_PASSWORD_CHANGES) throw new PyrgosError('limit', 'Too many password changes. Please try again tomorrow.');
    this.changes.set(username, [...recent, now]);
  }
}
