import { assertInteger } from '@pyrgos/core/bytes';

/** The state of a sliding window: when the current window began (ms since the epoch), and what the current and the previous one took. */
export interface RateState {
  readonly start: number;
  readonly current: number;
  readonly previous: number;
}

/** A window in which nothing has happened. */
export const EMPTY_RATE: RateState = { start: 0, current: 0, previous: 0 };

/**
 * The sliding window counter of chapter 02 section 20.1, without state of its own: callers keep the state where it survives a restart.
 * The weight is added after the test, so that one request may overshoot; a refused one is not counted.
 */
export class UploadRate {
  private readonly window: number;

  /** The length of the window. */
  constructor(windowSeconds: number) {
    assertInteger('windowSeconds', windowSeconds, 1, 1_000_000_000);
    this.window = windowSeconds * 1000;
  }

  /** The state after a request of `weight` at `now` (ms since the epoch) within `maximum`; undefined when it is refused. */
  allow(state: RateState, now: number, maximum: number, weight: number): RateState | undefined {
    const moved = this.at(state, now);
    const share = (this.window - (now - moved.start)) / this.window;
    if (moved.current + moved.previous * Math.min(share, 1) >= maximum) return undefined;
    return { ...moved, current: Math.min(moved.current + weight, Number.MAX_SAFE_INTEGER) };
  }

  /** Whole seconds after which something is allowed again when {@link UploadRate.allow} has refused it; at least 1. */
  secondsUntilAllowed(state: RateState, now: number, maximum: number): number {
    const { start, current, previous } = this.at(state, now);
    // In this window the share of the previous one shrinks; in the next one that of this one.
    const isThisWindow = current < maximum;
    const [from, weight, room] = isThisWindow ? [start, previous, maximum - current] : [start + this.window, current, maximum];
    const end = from + this.window * (1 - Math.min(1, room / Math.max(weight, 1)));
    return Math.max(1, Math.floor((end - now) / 1000) + 1);
  }

  private at(state: RateState, now: number): RateState {
    // A clock that was set back by more than a window must not keep a user out until it has caught up.
    if (now < state.start - this.window) return { start: now, current: 0, previous: 0 };
    const elapsed = now - state.start;
    if (elapsed >= 2 * this.window) return { start: now, current: 0, previous: 0 };
    if (elapsed >= this.window) return { start: state.start + this.window, current: 0, previous: state.current };
    return state;
  }
}
