import { assertInteger } from '@pyrgos/core/bytes';
import { MAX_PROOF_OF_WORK_DIFFICULTY } from '@pyrgos/core/keys';
import type { Clock } from '../ports/clock.js';

const BUCKETS = 20;
const STEP_MILLISECONDS = 100;
const STEPS_PER_DAY = 864_000;
/** After a longer pause nothing of what was counted can still be in a bucket. */
const FORGET_AFTER_STEPS = 2 ** BUCKETS;
/** The difficulty just above the allowance. */
const BASE_DIFFICULTY = 11;

/**
 * How hard a proof of work must be so that at most `maxPerDay` events a day are worth their trouble (chapter 05 section 17.2). Events are
 * counted in 20 buckets of 0.1 s, 0.2 s, 0.4 s … 15 hours; each bucket has its share of the day's allowance, and every bucket above its share
 * raises the difficulty. With `maxPerDay` 0 the answer is always 256, which nobody can do: not allowed.
 */
export class DifficultyGenerator {
  private readonly counts = Array.from({ length: BUCKETS }, () => 0);
  private readonly start: number;
  private step = 0;
  /** Sum of all buckets. */
  private total = 0;

  constructor(
    private readonly clock: Clock,
    private readonly maxPerDay: number,
  ) {
    assertInteger('maxPerDay', maxPerDay, 0, Number.MAX_SAFE_INTEGER);
    this.start = clock.now();
  }

  /** Counts one accepted event. */
  addEvent(): void {
    this.advance();
    this.counts[0] = this.count(0) + 1;
    this.total++;
  }

  /** The difficulty now: 0 to 256 bits. */
  current(): number {
    this.advance();
    if (this.maxPerDay === 0) return MAX_PROOF_OF_WORK_DIFFICULTY;
    let excess = 0;
    let exceeded = false;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const allowed = (this.maxPerDay / STEPS_PER_DAY) * 2 ** bucket;
      const count = this.count(bucket);
      if (count <= allowed) continue;
      exceeded = true;
      excess += Math.log((2 * count) / allowed);
    }
    return exceeded ? Math.min(MAX_PROOF_OF_WORK_DIFFICULTY, Math.max(0, Math.floor(2 * excess + BASE_DIFFICULTY))) : 0;
  }

  private count(bucket: number): number {
    return this.counts[bucket] ?? 0;
  }

  /** Moves the counts on to the present. A clock that was set back stops the buckets until it has caught up. */
  private advance(): void {
    const now = Math.floor((this.clock.now() - this.start) / STEP_MILLISECONDS);
    if (now - this.step > FORGET_AFTER_STEPS) {
      this.counts.fill(0);
      this.total = 0;
    }
    while (this.step < now && this.total > 0) this.shift(++this.step);
    this.step = Math.max(this.step, now);
  }

  /** One step: bucket i moves on when its time span of 2^i steps has passed, the longest first. */
  private shift(step: number): void {
    const low = step % FORGET_AFTER_STEPS;
    const longest = low === 0 ? BUCKETS - 1 : 31 - Math.clz32(low & -low);
    for (let bucket = longest; bucket >= 0; bucket--) {
      if (bucket + 1 < BUCKETS) this.counts[bucket + 1] = this.count(bucket + 1) + this.count(bucket);
      else this.total -= this.count(bucket);
      this.counts[bucket] = 0;
    }
  }
}
