import { ConflictError } from '@pyrgos/core/errors';
import type { Clock } from './clock.js';
import type { ServerTime } from './server-time.js';

/**
 * Milliseconds after which blocks that nothing links to yet count as lost. Servers keep them for 24 h after their upload (chapter 03 section 9.2);
 * the rest is for the commit itself, and for what a clock hides.
 */
export const MAX_UPLOAD_AGE = 64_800_000;

/** A clock may be put right by so much, in milliseconds, without anybody asking how long the machine has slept. */
const MAX_CORRECTION = 60_000;

/**
 * How long ago something happened, by the time of day: the other clocks of a machine may stand still while it sleeps. After the time of day has been
 * set back nobody can tell any more, and everything before is as old as can be. Where it stands still as well, in a virtual machine that is paused, the
 * server's answers tell.
 */
export class UploadTime {
  private last: number;
  private passed = 0;

  private missed: number;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly server?: ServerTime | undefined,
  ) {
    this.last = clock.now();
    this.missed = server?.missed ?? 0;
  }

  /** Milliseconds since this was made. */
  now(): number {
    const now = this.clock.now();
    const step = now - this.last;
    this.last = now;
    if (step > 0) this.passed += step;
    else if (!(step >= -MAX_CORRECTION)) this.passed += MAX_UPLOAD_AGE;
    const missed = this.server?.missed ?? 0;
    this.passed += missed - this.missed;
    this.missed = missed;
    return this.passed;
  }

  /** Whether blocks that were sent at `since`, by {@link UploadTime.now}, may be gone. */
  isTooOld(since: number): boolean {
    return !(this.now() - since < MAX_UPLOAD_AGE);
  }
}

/** Blocks on their way, and not committed yet. */
export interface AheadOfCommit {
  /** By {@link UploadTime.now}, before they were sent. */
  readonly since: number;
}

/**
 * The blocks that an operation has uploaded ahead of the commit that is to link to them. While the machine sleeps for a day, the server collects them
 * as garbage: a pointer to them would then be one to nothing. So before every pointer it is asked how old they are.
 */
export class BlocksAhead {
  private readonly open = new Set<AheadOfCommit>();

  constructor(readonly time: UploadTime) {}

  /** To be called before blocks are sent; what it returns goes to {@link BlocksAhead.end} when they are committed, or given up. */
  begin(): AheadOfCommit {
    this.assertFresh();
    const blocks = { since: this.time.now() };
    this.open.add(blocks);
    return blocks;
  }

  /** They are reachable from a pointer now, or nobody is going to link to them. */
  end(blocks: AheadOfCommit): void {
    this.open.delete(blocks);
  }

  /** ConflictError `conflict.snapshot` when the server may have forgotten some of the blocks: the operation has to be repeated as a whole. */
  assertFresh(): void {
    for (const { since } of this.open) {
      if (this.time.isTooOld(since)) this.refuse();
    }
  }

  /** ConflictError `conflict.snapshot`: the operation has to be repeated as a whole. */
  refuse(): never {
    throw new ConflictError('conflict.snapshot', 'what was uploaded first may be gone from the server by now: repeat the operation');
  }
}
