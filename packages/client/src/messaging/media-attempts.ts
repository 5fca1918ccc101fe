import type { FileRef } from '@pyrgos/core/social';

/** Milliseconds after which a file that could not be copied is tried again: at first, and at most. Each time that its author cannot be reached it takes twice as long. */
const PAUSE = { first: 600_000, longest: 86_400_000 };
/** Files that are remembered. */
const MAX_FAILED = 4096;

interface Failure {
  readonly until: number;
  readonly pause: number;
}

/** Which files could not be copied, when they are tried again, and how much was read in vain; in this session. */
export class MediaAttempts {
  private readonly failed = new Map<string, Failure>();
  private readonly wasted = new Map<string, number>();

  /** Whether it is time to copy a file. */
  isDue(id: string, ref: FileRef, now: number): boolean {
    return (this.failed.get(keyOf(id, ref))?.until ?? 0) <= now;
  }

  /** Notes that a file could not be copied. `isAway`: because who has it could not be reached. */
  noteFailed(id: string, ref: FileRef, { now, isAway }: { readonly now: number; readonly isAway: boolean }): void {
    const key = keyOf(id, ref);
    const before = this.failed.get(key)?.pause;
    const pause = before === undefined || !isAway ? PAUSE.first : Math.min(before * 2, PAUSE.longest);
    if (this.failed.size >= MAX_FAILED) this.failed.clear();
    this.failed.set(key, { until: now + pause, pause });
  }

  /** Notes that a file need not be copied any more. */
  noteDone(id: string, ref: FileRef): void {
    this.failed.delete(keyOf(id, ref));
  }

  /** Bytes that were read of files of an author in a chat, of which no copy was made. */
  wastedOf(id: string, author: string): number {
    return this.wasted.get(`${id} ${author}`) ?? 0;
  }

  /** Notes that so many bytes were read in vain. */
  noteWasted(id: string, author: string, bytes: number): void {
    if (bytes > 0) this.wasted.set(`${id} ${author}`, this.wastedOf(id, author) + bytes);
  }
}

function keyOf(id: string, { path, contentHash }: FileRef): string {
  return `${id} ${path} ${contentHash.toString()}`;
}
