/** Milliseconds by which two times may differ and still be the same: disks and systems round on the way. */
const TOLERANCE = 1;

/** Whether two times, in milliseconds, are the same as far as disks can tell. */
export function isSameTime(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE;
}
