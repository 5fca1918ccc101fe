/** Milliseconds that count for the speed: long enough not to jump, short enough to be true. */
const WINDOW = 8000;
/** Milliseconds before a speed is told at all. */
const SETTLING = 1000;

/** Measures how fast something has been lately. */
export class SpeedMeter {
  private samples: { readonly at: number; readonly bytes: number }[] = [];

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number) {
    this.samples.push({ at: now(), bytes: 0 });
  }

  /** Tells how many bytes there have been in all. */
  add(bytes: number): void {
    const at = this.now();
    this.samples.push({ at, bytes });
    // One sample from before the window stays: the speed is measured from there.
    while (this.samples.length > 2 && (this.samples[1]?.at ?? at) < at - WINDOW) this.samples.shift();
  }

  /** Bytes a second; undefined while it is too early to say. */
  get speed(): number | undefined {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < SETTLING) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }
}

/** Seconds that what is left will take; undefined while nobody knows. */
export function secondsLeft({
  done,
  total,
  speed,
}: {
  readonly done: number;
  readonly total: number | undefined;
  readonly speed: number | undefined;
}): number | undefined {
  if (total === undefined || speed === undefined || speed <= 0) return undefined;
  return Math.max(0, total - done) / speed;
}
