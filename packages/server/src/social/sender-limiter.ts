import { PyrgosError } from '@pyrgos/core/errors';
import { FOLLOW_REQUEST_PAUSE_MILLISECONDS, MAX_FOLLOW_REQUESTS_OF_SENDER, MAX_WATCHED_SENDERS } from '../limits.js';
import type { Clock } from '../ports/clock.js';

interface Bucket {
  left: number;
  /** Milliseconds since the epoch. */
  since: number;
}

/**
 * Bounds how many follow requests one address posts to one user (ours): anybody may post them without an account, and nobody can tell from whom they are. For each address and user there is a
 * bucket of {@link MAX_FOLLOW_REQUESTS_OF_SENDER} that fills up by one every {@link FOLLOW_REQUEST_PAUSE_MILLISECONDS}: a house full of people who follow the same user does not notice, and whoever
 * wants to close an inbox from one address needs most of a day. In memory only, and bounded: the least recently used is forgotten first.
 */
export class SenderLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly clock: Clock) {}

  /** Counts a request. PyrgosError `rate` when none is left, with a text upon which clients try again. */
  take(client: string, username: string): void {
    const key = `${client} ${username}`;
    const bucket = this.refilled(this.buckets.get(key));
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (bucket.left === 0) throw new PyrgosError('rate', 'Queue full, please try again later', { retry: 'safe' });
    bucket.left--;
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > MAX_WATCHED_SENDERS && oldest !== undefined) this.buckets.delete(oldest);
  }

  private refilled(bucket: Bucket | undefined): Bucket {
    const now = this.clock.now();
    if (bucket === undefined) return { left: MAX_FOLLOW_REQUESTS_OF_SENDER, since: now };
    // A clock that was set back gives nothing, and takes nothing.
    const gained = Math.max(0, Math.floor((now - bucket.since) / FOLLOW_REQUEST_PAUSE_MILLISECONDS));
    const left = bucket.left + gained;
    if (left >= MAX_FOLLOW_REQUESTS_OF_SENDER) return { left: MAX_FOLLOW_REQUESTS_OF_SENDER, since: now };
    return { left, since: bucket.since + gained * FOLLOW_REQUEST_PAUSE_MILLISECONDS };
  }
}
