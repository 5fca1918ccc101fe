import { InvalidArgumentError } from 'commander';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);
const HELP = 'Say 30m, 24h, 7d, 2w, a day as 2026-12-31 (its end, here), or a time as 2026-12-31T12:00:00Z.';

/** When something ends: so long from `now` (milliseconds), at the end of a day in the time zone of this machine, or at a time. InvalidArgumentError, also for what is over. */
export function parseExpiry(text: string, now: number = Date.now()): Date {
  const time = timeOf(text.trim(), now);
  if (Number.isNaN(time)) throw new InvalidArgumentError(HELP);
  if (time <= now) throw new InvalidArgumentError('That is over already.');
  return new Date(time);
}

function timeOf(text: string, now: number): number {
  const [, count = '', unit = ''] = /^(\d{1,6})\s*([mhdw])$/iu.exec(text) ?? [];
  if (unit !== '') return now + Number(count) * (UNITS.get(unit.toLowerCase()) ?? Number.NaN);
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d\d)-(\d\d)$/u.exec(text) ?? [];
  if (year === '') return /^\d{4}-\d\d-\d\dT\d\d:\d\d/iu.test(text) ? Date.parse(text) : Number.NaN;
  // A day that there is not would become another one.
  const start = new Date(Number(year), Number(month) - 1, Number(day));
  if (start.getMonth() !== Number(month) - 1 || start.getDate() !== Number(day)) return Number.NaN;
  return new Date(Number(year), Number(month) - 1, Number(day) + 1).getTime() - 1000;
}
