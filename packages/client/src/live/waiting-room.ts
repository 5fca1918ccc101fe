import type { PyrgosError } from '@pyrgos/core/errors';
import { MAX_WATCH_SECONDS } from '@pyrgos/core/limits';

/** Milliseconds after which a server that does not know the call is asked again: somebody may have put a newer one in its place. */
const UNKNOWN_PAUSE = 3_600_000;
/** The same of one that can be asked, but through something that cuts off what takes long. */
const CUT_PAUSE = 600_000;
/** The same of one that has too much to do. */
const BUSY_PAUSE = 60_000;
/** Milliseconds from which a request that is cut off was most likely cut off because it took so long. */
const LONG = 5000;
/** Seconds; a wait that is shorter is worth no more than a look now and then. */
const SHORTEST = 10;
/** Waits in a row that were not cut off, after which a longer one is tried. */
const PATIENCE = 10;
/** Failures in a row, of whatever kind, after which it is looked instead for a while. */
const MOST_FAILURES = 4;
/** `data.reason` of errors by which a request ends that takes too long for somebody on the way. */
const CUT: ReadonlySet<unknown> = new Set(['broken', 'stale', 'timeout', 'unavailable', 'no-answer']);

/** Whether the server can be asked to wait, and for how long (decision 013). */
export class WaitingRoom {
  private closedUntil = -Infinity;
  private isUnknown = false;
  private longest = MAX_WATCH_SECONDS;
  private whole = 0;
  private failures = 0;

  constructor(private readonly now: () => number) {}

  /** Whether it may be tried now. */
  get isOpen(): boolean {
    return this.now() >= this.closedUntil;
  }

  /** Seconds to ask for. */
  get seconds(): number {
    return this.longest;
  }

  /** It was answered; `hasChanged`: before its time. */
  answered(hasChanged: boolean): void {
    this.failures = 0;
    if (hasChanged) return;
    this.whole++;
    if (this.whole < PATIENCE) return;
    this.whole = 0;
    this.longest = Math.min(MAX_WATCH_SECONDS, this.longest * 2);
  }

  /** The server has no room for so many seconds. */
  refused(seconds: number): void {
    this.close(seconds * 1000);
  }

  /** It has failed after some milliseconds. Whether it is worth to wait a while and try again; otherwise it is closed now, and others may be asked at once. */
  failed(error: PyrgosError, milliseconds: number): boolean {
    this.whole = 0;
    if (error.code !== 'network' && error.code !== 'rate') {
      this.close(UNKNOWN_PAUSE);
      this.isUnknown = true;
      return false;
    }
    if (error.retry !== 'safe') {
      // Somebody in between, or a server with a fault: that may be over soon.
      this.close(CUT_PAUSE);
      return false;
    }
    this.failures++;
    if (error.code === 'rate' || this.failures >= MOST_FAILURES) {
      this.failures = 0;
      this.close(BUSY_PAUSE);
    } else if (milliseconds >= LONG && CUT.has(error.data['reason'])) {
      if (this.longest > SHORTEST) this.longest = Math.max(SHORTEST, Math.floor(this.longest / 2));
      else this.close(CUT_PAUSE);
    }
    return true;
  }

  /** The way to the server may be another one now. */
  reopen(): void {
    if (this.isUnknown && !this.isOpen) return;
    this.isUnknown = false;
    this.closedUntil = -Infinity;
    this.longest = MAX_WATCH_SECONDS;
  }

  private close(milliseconds: number): void {
    this.closedUntil = this.now() + milliseconds;
  }
}
