import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_WATCHED_FACTORS, MAX_WRONG_CODES, WRONG_CODE_PAUSE_MILLISECONDS } from '../limits.js';
import type { Clock } from '../ports/clock.js';

interface Bucket {
  /** Attempts left at `since`. */
  left: number;
  since: number;
}

/**
 * Bounds the guessing of codes: each factor has a bucket of {@link MAX_WRONG_CODES} attempts that fills up by one every
 * {@link WRONG_CODE_PAUSE_MILLISECONDS}, and at once after a right code. Only holders of the login key get as far as a code, so strangers can neither guess
 * nor lock anybody out. Somebody who knows the password gets 288 guesses a day at two in a million; its owner waits five minutes
 * at worst, unless the other one keeps guessing, and then can still come in with another factor, or change the password from a session.
 *
 * One bucket per factor rather than per user: a mount with a wrong clock must not lock its owner out of the web. That gives nothing away,
 * since ids of mount factors are random and are never offered to a log-in. In memory only: a restart is no event that a stranger can cause.
 */
export class AttemptLimiter {
  /** Least recently used first. */
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Clock) {}

  private refilled(key: string): Bucket {
    const now = this.clock.now();
    const bucket = this.buckets.get(key) ?? { left: MAX_WRONG_CODES, since: now };
    // A clock that was set back must not lock anybody out until it has caught up.
    if (now < bucket.since) return { left: bucket.left, since: now };
    const earned = Math.floor((now - bucket.since) / WRONG_CODE_PAUSE_MILLISECONDS);
    if (bucket.left + earned >= MAX_WRONG_CODES) return { left: MAX_WRONG_CODES, since: now };
    return { left: bucket.left + earned, since: bucket.since + earned * WRONG_CODE_PAUSE_MILLISECONDS };
  }

  /**
   * Counts an attempt, before its code is looked at, so that attempts at the same time cannot exceed the limit either. PyrgosError `limit`
   * with a text for people when none is left.
   */
  take(username: string, credentialId: Uint8Array): void {
    const key = keyOf(username, credentialId);
    const bucket = this.refilled(key);
    if (bucket.left === 0) {
      this.buckets.set(key, bucket);
      const wait = bucket.since + WRONG_CODE_PAUSE_MILLISECONDS - this.clock.now();
      const minutes = Math.ceil(wait / 60_000);
      throw new PyrgosError('limit', `Too many wrong codes. Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`, {
        data: { waitMilliseconds: wait },
        retry: 'safe',
      });
    }
    bucket.left--;
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size <= MAX_WATCHED_FACTORS) return;
    for (const oldest of this.buckets.keys()) {
      this.buckets.delete(oldest);
      return;
    }
  }

  /** The code was right: all attempts are there again. */
  forgive(username: string, credentialId: Uint8Array): void {
    this.buckets.delete(keyOf(username, credentialId));
  }
}

function keyOf(username: string, credentialId: Uint8Array): string {
  return `${Buffer.from(credentialId).toString('base64')} ${username}`;
}
