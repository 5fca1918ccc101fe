import { assertInteger } from '../bytes.js';
import { ArgumentError } from '../errors.js';

/** The expiry of a claim that never expires, in the protocol's text form (chapter 05 section 16.1). */
export const NEVER_EXPIRES = '+999999999-12-31';

const MAX_YEAR = 999_999_999;

interface IsoDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Four digits without sign, or more with one. */
const ISO_DATE = /^(\d{4}|\+[1-9]\d{4,8}|-(?!0000)\d{4}|-[1-9]\d{4,8})-(\d{2})-(\d{2})$/;

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function readDate(text: unknown): IsoDate | undefined {
  const match = typeof text === 'string' ? ISO_DATE.exec(text) : null;
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) ? { year, month, day } : undefined;
}

function parseDate(field: string, text: unknown): IsoDate {
  const date = readDate(text);
  if (date === undefined) throw new ArgumentError(field, 'must be an ISO date');
  return date;
}

/**
 * Whether text is a date of the calendar in the protocol's form: `YYYY-MM-DD`, years beyond four digits with sign
 * (chapter 05 section 16.1). At most 16 characters.
 */
export function isClaimDate(text: unknown): text is string {
  return readDate(text) !== undefined;
}

/** Order of two dates: negative when `a` is the earlier one. {@link NEVER_EXPIRES} is the last. ArgumentError for anything but dates. */
export function compareExpiry(a: string, b: string): number {
  const [first, second] = [parseDate('a', a), parseDate('b', b)];
  return first.year - second.year || first.month - second.month || first.day - second.day;
}

function formatYear(year: number): string {
  const digits = String(Math.abs(year)).padStart(4, '0');
  if (year < 0) return `-${digits}`;
  return year > 9999 ? `+${digits}` : digits;
}

/** A date some calendar months later (or earlier); the day is clamped to the end of the month (chapter 05 section 16.7). */
export function addMonths(isoDate: string, months: number): string {
  const date = parseDate('isoDate', isoDate);
  assertInteger('months', months, -12 * MAX_YEAR, 12 * MAX_YEAR);
  const count = date.year * 12 + date.month - 1 + months;
  const year = Math.floor(count / 12);
  const month = count - year * 12 + 1;
  if (Math.abs(year) > MAX_YEAR) throw new ArgumentError('months', 'leads beyond the last year');
  const day = Math.min(date.day, daysInMonth(year, month));
  return `${formatYear(year)}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
