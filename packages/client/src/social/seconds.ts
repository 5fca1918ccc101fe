import { ArgumentError } from '@pyrgos/core/errors';

/** The farthest a Date goes from 1970, in seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** A stored time in seconds since 1970 as a Date; one that no Date can show is the last that there is. */
export function dateOfSeconds(seconds: number): Date {
  return new Date(Math.min(seconds, MAX_SECONDS) * 1000);
}

/** A time to come as seconds since 1970. ArgumentError for what is no Date, or is over at `now`, in milliseconds. */
export function secondsToCome(field: string, date: unknown, now: number): number {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) throw new ArgumentError(field, 'must be a Date');
  if (date.getTime() <= now) throw new ArgumentError(field, 'must be in the future');
  return Math.floor(date.getTime() / 1000);
}
