import type { Clock } from '../commit/clock.js';

/** The date of today in UTC as `YYYY-MM-DD`, as claims have it (chapter 05 section 16.1). */
export function today(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString().slice(0, 10);
}
