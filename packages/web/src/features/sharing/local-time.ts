const MINUTE = 60_000;
/** The last day that such a field can show: links of other programs may end later. */
const LAST = Date.UTC(9999, 11, 31);

/** A time, in milliseconds since 1970, as a field for date and time has it: in the time zone of the device, to the minute. */
export function toLocalTime(time: number): string {
  if (time >= LAST) return '9999-12-31T23:59';
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

/** What such a field says; undefined when that is no time. */
export function fromLocalTime(value: string): number | undefined {
  const time = new Date(value).getTime();
  return Number.isNaN(time) ? undefined : time;
}
