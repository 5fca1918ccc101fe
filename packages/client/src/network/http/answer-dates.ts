import type { ServerTime } from '../../commit/server-time.js';

/** A date of HTTP in the form that servers have to send (RFC 9110 section 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/u;

/**
 * Compares the `Date` of answers with the clock of this machine. A virtual machine that is paused, or a device whose clock has stopped while it slept, goes
 * on as if nothing had happened; only the server knows better.
 */
export class AnswerDates implements ServerTime {
  private first: number | undefined;
  private most = 0;
  private last: string | undefined;

  get missed(): number {
    return this.most;
  }

  /** Takes note of the `Date` of an answer that comes from no cache and arrives at `now`, in milliseconds since the epoch. What is no date is ignored. */
  note(date: string | undefined, now: number): void {
    // Of the answers of one second the first is enough.
    if (date === undefined || date === this.last || !HTTP_DATE.test(date)) return;
    const ahead = Date.parse(date) - now;
    if (Number.isNaN(ahead)) return;
    this.last = date;
    this.first ??= ahead;
    this.most = Math.max(this.most, ahead - this.first);
  }
}
