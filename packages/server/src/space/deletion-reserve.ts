import { assertInteger } from '@pyrgos/core/bytes';
import { DELETION_RESERVE_SHARE } from '../limits.js';

/** What one user has taken; both numbers shrink by one quota in a window. Bytes, and ms since the epoch. */
interface ReserveState {
  readonly at: number;
  readonly taken: number;
  readonly returned: number;
}

const UNTOUCHED: ReserveState = { at: 0, taken: 0, returned: 0 };

/**
 * What lets users delete who have uploaded all that they may in a window (chapter 08 section 6.2). Only metadata is taken from it, because content is
 * never part of a deletion: so a program that goes on saving files cannot use it up. It holds a share of the quota, fills again steadily, by one quota in a
 * window, and gets back what an update that frees space has taken.
 *
 * What is given back is at most one quota in a window: who links and unlinks the same blocks for ever gains no more than that.
 *
 * In memory: a restart, which users cannot cause, fills it. Users whose reserve is full take no memory.
 */
export class DeletionReserve {
  private readonly window: number;
  private readonly users = new Map<number, ReserveState>();

  /** The length of the window in which one quota may be uploaded. */
  constructor(windowSeconds: number) {
    assertInteger('windowSeconds', windowSeconds, 1, 1_000_000_000);
    this.window = windowSeconds * 1000;
  }

  /** Takes the bytes of an upload at `now` (ms since the epoch). False, without any change, when nothing is left; the last one may overshoot. */
  take(userId: number, now: number, quota: number, bytes: number): boolean {
    const state = this.at(userId, now, quota);
    if (state.taken >= capacityOf(quota)) return false;
    this.set(userId, { ...state, taken: state.taken + bytes });
    return true;
  }

  /** Whole seconds after which {@link take} succeeds again when it has failed; at least 1. Infinity without a quota. */
  secondsUntilAllowed(userId: number, now: number, quota: number): number {
    const excess = this.at(userId, now, quota).taken - capacityOf(quota);
    const seconds = (excess * this.window) / quota / 1000;
    return capacityOf(quota) === 0 ? Infinity : Math.max(1, Math.floor(seconds) + 1);
  }

  /** Gives back what an update has taken that frees at least as much. */
  giveBack(userId: number, now: number, quota: number, bytes: number): void {
    const { taken } = this.at(userId, now, quota);
    const returned = this.mayReturn(userId, now, quota, Math.min(bytes, taken));
    const state = this.at(userId, now, quota);
    this.set(userId, { ...state, taken: state.taken - returned });
  }

  /** How many of these bytes may be given back; they count as returned. */
  private mayReturn(userId: number, now: number, quota: number, bytes: number): number {
    const state = this.at(userId, now, quota);
    const allowed = Math.max(0, Math.min(bytes, Math.floor(quota - state.returned)));
    if (allowed > 0) this.set(userId, { ...state, returned: state.returned + allowed });
    return allowed;
  }

  /** The state at `now`, which is kept unless it says nothing. */
  private at(userId: number, now: number, quota: number): ReserveState {
    const state = this.users.get(userId);
    if (state === undefined) return { ...UNTOUCHED, at: now };
    // A clock that was set back must not keep a user out until it has caught up.
    const drained = (quota * Math.max(0, now - state.at)) / this.window;
    const moved = { at: now, taken: Math.max(0, state.taken - drained), returned: Math.max(0, state.returned - drained) };
    this.set(userId, moved);
    return moved;
  }

  private set(userId: number, state: ReserveState): void {
    if (state.taken <= 0 && state.returned <= 0) this.users.delete(userId);
    else this.users.set(userId, state);
  }
}

function capacityOf(quota: number): number {
  return Math.floor(quota / DELETION_RESERVE_SHARE);
}
