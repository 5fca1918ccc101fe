import { PyrgosError } from '@pyrgos/core/errors';
import { MAX_WATCHED_FACTORS, MAX_WATCHED_FACTORS_PER_USER, MAX_WRONG_CODES, WRONG_CODE_PAUSE_MILLISECONDS } from '../limits.js';
import type { Clock } from '../ports/clock.js';

/** What is left of the attempts of a factor. */
export interface AttemptsLeft {
  /** Attempts left at `since`. */
  readonly left: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Where attempts survive a restart. */
export interface SavedAttempts {
  /** What was saved last for a factor, undefined when nothing was or it was undefined. */
  attemptsLeft(username: string, credentialId: Uint8Array): AttemptsLeft | undefined;
  /** Saves it with a factor that is there; nobody waits until it is durable. */
  saveAttempts(username: string, credentialId: Uint8Array, attempts: AttemptsLeft | undefined): void;
}

interface Bucket {
  left: number;
  since: number;
  isSaved: boolean;
}

/**
 * Bounds the guessing of codes: each factor has a bucket of {@link MAX_WRONG_CODES} attempts that fills up by one every
 * {@link WRONG_CODE_PAUSE_MILLISECONDS}, and at once after a right code. Only holders of the login key get as far as a code, so strangers can neither guess
 * nor lock anybody out. Somebody who knows the password gets 288 guesses a day at two in a million; its owner waits five minutes
 * at worst, unless the other one keeps guessing, and then can still come in with another factor, or change the password from a session.
 *
 * One bucket per factor rather than per user: a mount with a wrong clock must not lock its owner out of the web. That gives nothing away,
 * since ids of mount factors are random and are never offered to a log-in. Each wrong code is saved, which are 10 writes and then one in five minutes at
 * most, so that a restart gives nothing away; a right one at once writes nothing. A disk that takes nothing keeps nobody out: then memory has to do.
 * Memory is bounded for each user and for all together, so that nobody gets the wrong codes of others forgotten by having many factors.
 */
export class AttemptLimiter {
  /** By user and factor; each least recently used first. */
  private readonly users = new Map<string, Map<string, Bucket>>();
  private size = 0;

  constructor(
    private readonly clock: Clock,
    private readonly saved: SavedAttempts,
  ) {}

  /**
   * Counts an attempt, before its code is looked at, so that attempts at the same time cannot exceed the limit either. PyrgosError `limit`
   * with a text for people when none is left.
   */
  take(username: string, credentialId: Uint8Array): void {
    const key = keyOf(credentialId);
    const bucket = this.refilled(this.users.get(username)?.get(key) ?? this.load(username, credentialId));
    if (bucket.left === 0) {
      this.users.get(username)?.set(key, bucket);
      const wait = bucket.since + WRONG_CODE_PAUSE_MILLISECONDS - this.clock.now();
      const minutes = Math.ceil(wait / 60_000);
      throw new PyrgosError('limit', `Too many wrong codes. Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`, {
        data: { waitMilliseconds: wait },
        retry: 'safe',
      });
    }
    bucket.left--;
    this.remember(username, key, bucket);
  }

  /** The code was right: all attempts are there again. */
  forgive(username: string, credentialId: Uint8Array): void {
    const key = keyOf(credentialId);
    if (this.users.get(username)?.get(key)?.isSaved !== false) this.save(username, credentialId, undefined);
    this.forget(username, key);
  }

  /** The code was wrong: what is left survives a restart. */
  blame(username: string, credentialId: Uint8Array): void {
    const bucket = this.users.get(username)?.get(keyOf(credentialId));
    if (bucket === undefined) return;
    bucket.isSaved = true;
    this.save(username, credentialId, { left: bucket.left, since: bucket.since });
  }

  private load(username: string, credentialId: Uint8Array): Bucket | undefined {
    const saved = this.saved.attemptsLeft(username, credentialId);
    return saved === undefined ? undefined : { ...saved, isSaved: true };
  }

  private save(username: string, credentialId: Uint8Array, attempts: AttemptsLeft | undefined): void {
    try {
      this.saved.saveAttempts(username, credentialId, attempts);
    } catch (error) {
      if (!(error instanceof PyrgosError && error.code === 'storage')) throw error;
    }
  }

  private refilled(bucket: Bucket | undefined): Bucket {
    const now = this.clock.now();
    if (bucket === undefined) return { left: MAX_WRONG_CODES, since: now, isSaved: false };
    const { isSaved } = bucket;
    // A clock that was set back must not lock anybody out until it has caught up.
    if (now < bucket.since) return { left: bucket.left, since: now, isSaved };
    const earned = Math.floor((now - bucket.since) / WRONG_CODE_PAUSE_MILLISECONDS);
    if (bucket.left + earned >= MAX_WRONG_CODES) return { left: MAX_WRONG_CODES, since: now, isSaved };
    return { left: bucket.left + earned, since: bucket.since + earned * WRONG_CODE_PAUSE_MILLISECONDS, isSaved };
  }

  private remember(username: string, key: string, bucket: Bucket): void {
    const factors = this.users.get(username) ?? new Map<string, Bucket>();
    this.size += factors.delete(key) ? 0 : 1;
    factors.set(key, bucket);
    this.users.delete(username);
    this.users.set(username, factors);
    if (factors.size > MAX_WATCHED_FACTORS_PER_USER) this.forgetFirst(username, factors);
    if (this.size <= MAX_WATCHED_FACTORS) return;
    for (const [oldest, itsFactors] of this.users) {
      this.forgetFirst(oldest, itsFactors);
      return;
    }
  }

  private forgetFirst(username: string, factors: ReadonlyMap<string, Bucket>): void {
    for (const first of factors.keys()) {
      this.forget(username, first);
      return;
    }
  }

  private forget(username: string, key: string): void {
    const factors = this.users.get(username);
    if (factors?.delete(key) !== true) return;
    this.size--;
    if (factors.size === 0) this.users.delete(username);
  }
}

function keyOf(credentialId: Uint8Array): string {
  return Buffer.from(credentialId).toString('base64');
}
