import { assertInteger } from '../bytes.js';

/** The first moment that the packed form can say: 2000-01-01T00:00:00Z. */
export const MIN_S3_TIME: number = Date.UTC(2000, 0, 1);
/** The last whole second with a four-digit year. */
export const MAX_S3_TIME: number = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** `YYYYMMDDThhmmssZ`, 16 characters, of a time in ms since the epoch; fractions of a second are cut (chapter 01 section 18.4). */
export function formatS3Time(time: number): string {
  assertInteger('time', time, MIN_S3_TIME, MAX_S3_TIME);
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
