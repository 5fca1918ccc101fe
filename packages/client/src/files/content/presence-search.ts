import { assertInteger } from '@pyrgos/core/bytes';

/** Places that one step looks at (chapter 04 section 16.3). */
const FAN_OUT = 8;

/**
 * The smallest absent index below `count`, or `count` when all are present, for something that is present as a prefix (chapter 04
 * section 16.3): at most ceil(log8 count) + 2 calls of `arePresent`, which answers for ascending indices, at most eight, at once.
 */
export async function firstAbsent(count: number, arePresent: (indices: readonly number[]) => Promise<readonly boolean[]>): Promise<number> {
  assertInteger('count', count, 0, Number.MAX_SAFE_INTEGER);
  let low = 0;
  let high = count;
  while (low < high) {
    const span = high - low;
    const width = Math.min(span, FAN_OUT);
    const start = low;
    const probes = Array.from({ length: width }, (_, j) => start + Math.floor((j * span) / width));
    const present = await arePresent(probes);
    const absent = probes.findIndex((_, j) => present[j] !== true);
    if (absent === 0) return low;
    if (absent > 0) {
      // Everything up to the probe before it is there, and it is not.
      low = (probes[absent - 1] as number) + 1;
      high = probes[absent] as number;
    } else {
      low = (probes[width - 1] as number) + 1;
    }
  }
  return low;
}
