/** Requests that wait and may follow each other at once when they bring nothing; then one for each {@link REFILL}. */
const BURST = 10;
/** What a request counts that has brought something: in a lively chat one each half second is never too often. */
const COST_OF_NEWS = 0.25;
/** Milliseconds. */
const REFILL = 2000;
/** Milliseconds after a change in which others may join it. */
const MERGE = 150;
/** Milliseconds before each further attempt after failures; the last one goes on. */
const BACK_OFF = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000];
/** Milliseconds between two looks: at first, and at most; by how much somebody cares. */
const LOOKS = { full: { first: 10_000, most: 120_000 }, low: { first: 120_000, most: 600_000 } } as const;
/** Each time when nothing has changed the next look comes later by this. */
const GROWTH = 1.5;

/** How soon something may be asked again (decision 013). All times are milliseconds. */
export class Pace {
  private tokens = BURST;
  private refilled: number;
  private failures = 0;
  private quietLooks = 0;

  /** `random`: from 0 to 1. */
  constructor(
    private readonly now: () => number,
    private readonly random: () => number,
  ) {
    this.refilled = now();
  }

  /** How long to wait before the next request that waits; `hasChanged`: whether the one before has brought something. */
  beforeWaiting(hasChanged: boolean): number {
    const now = this.now();
    const passed = now - this.refilled;
    // A clock that was set back gives nothing and takes nothing.
    this.tokens = Math.min(BURST, this.tokens + Math.max(0, passed) / REFILL);
    this.refilled = now;
    this.tokens -= hasChanged ? COST_OF_NEWS : 1;
    return Math.max(hasChanged ? MERGE : 0, this.tokens < 0 ? -this.tokens * REFILL : 0);
  }

  /** How long until the next look at everything, after one that has found something or not. */
  afterLook(attention: 'full' | 'low', hasChanged: boolean): number {
    this.quietLooks = hasChanged ? 0 : this.quietLooks + 1;
    const { first, most } = LOOKS[attention];
    return this.spread(Math.min(most, first * GROWTH ** this.quietLooks), 0.2);
  }

  /** How long to wait after a failure; longer each time, until something succeeds. */
  afterFailure(): number {
    const delay = BACK_OFF[Math.min(this.failures, BACK_OFF.length - 1)] ?? 0;
    this.failures++;
    return this.spread(delay, 0.5);
  }

  /** Something has succeeded, or there is a reason to hope so. */
  recovered(): void {
    this.failures = 0;
  }

  /** Many clients of a server that comes back must not come at the same time. */
  spread(delay: number, share: number): number {
    return Math.round(delay * (1 - share * this.random()));
  }
}
