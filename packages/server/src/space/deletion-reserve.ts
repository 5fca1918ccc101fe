import { assertInteger } from '@pyrgos/core/bytes';
import { DELETION_RESERVE_SHARE, SMALL_UPLOAD } from '../limits.js';

/** An upload beyond the rate: its size in bytes, and whether all of its blocks are dag-cbor. */
export interface ReservedUpload {
  readonly bytes: number;
  readonly isMetadata: boolean;
}

/** What one user has taken and got back, in bytes; all numbers shrink by one quota in a window. `at`: ms since the epoch. */
interface ReserveState {
  readonly at: number;
  readonly metadata: number;
  readonly small: number;
  readonly returned: number;
}

const UNTOUCHED: ReserveState = { at: 0, metadata: 0, small: 0, returned: 0 };

/**
 * What lets users delete and rename who have uploaded all that they may in a window (chapter 08 section 6.2). A deletion uploads metadata, and in a
 * directory of many files the list of its entries, which looks like a small piece of content. So there are two parts: one for metadata, which a program
 * that goes on saving files cannot use up, and one for other small uploads, into which they reach the deeper the smaller they are. Each holds a share of the quota, fills again steadily, by one quota in a
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

  /** Takes the bytes of an upload at `now` (ms since the epoch). False, without any change, when nothing is left for it; the last one may overshoot. */
  take(userId: number, now: number, quota: number, upload: ReservedUpload): boolean {
    const part = partOf(upload);
    const state = this.at(userId, now, quota);
    if (part === undefined || state[part] >= reach(quota, upload)) return false;
    this.set(userId, { ...state, [part]: state[part] + upload.bytes });
    return true;
  }

  /** Whole seconds after which {@link take} succeeds again when it has failed; at least 1. Infinity when it never does. */
  secondsUntilAllowed(userId: number, now: number, quota: number, upload: ReservedUpload): number {
    const part = partOf(upload);
    const allowed = reach(quota, upload);
    if (part === undefined || allowed <= 0) return Infinity;
    const excess = this.at(userId, now, quota)[part] - allowed;
    return Math.max(1, Math.floor((excess * this.window) / quota / 1000) + 1);
  }

  /** Gives back what an update has taken that frees at least as much. */
  giveBack(userId: number, now: number, quota: number, bytes: number): void {
    const state = this.at(userId, now, quota);
    const allowed = Math.max(0, Math.min(bytes, Math.floor(quota - state.returned)));
    const small = Math.min(allowed, state.small);
    const metadata = Math.min(allowed - small, state.metadata);
    const returned = state.returned + small + metadata;
    this.set(userId, { at: now, small: state.small - small, metadata: state.metadata - metadata, returned });
  }

  /** The state at `now`. */
  private at(userId: number, now: number, quota: number): ReserveState {
    const state = this.users.get(userId) ?? UNTOUCHED;
    // A clock that was set back must not keep a user out until it has caught up.
    const drained = (quota * Math.max(0, now - state.at)) / this.window;
    const less = (bytes: number): number => Math.max(0, bytes - drained);
    return { at: now, metadata: less(state.metadata), small: less(state.small), returned: less(state.returned) };
  }

  private set(userId: number, state: ReserveState): void {
    if (state.metadata + state.small + state.returned <= 0) this.users.delete(userId);
    else this.users.set(userId, state);
  }
}

function partOf({ bytes, isMetadata }: ReservedUpload): 'metadata' | 'small' | undefined {
  if (isMetadata) return 'metadata';
  return bytes <= SMALL_UPLOAD ? 'small' : undefined;
}

/** How much of its part must have been taken, in bytes, for the upload to be refused. */
function reach(quota: number, { bytes, isMetadata }: ReservedUpload): number {
  const capacity = Math.floor(quota / DELETION_RESERVE_SHARE);
  return isMetadata ? capacity : Math.floor(capacity * (1 - bytes / (2 * SMALL_UPLOAD)));
}
