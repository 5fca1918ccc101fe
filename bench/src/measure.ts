/** One line of the result. */
export interface Measurement {
  readonly group: string;
  readonly name: string;
  /** What `median` counts: MiB/s, ops/s, ms … */
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  /** The figure that the project wants, in the same unit; at least, or at most for units of time. */
  readonly target?: number;
  /** Median divided by the median of the line named in `comparedWith`, measured in the same run, sample by sample. */
  readonly ratio?: number;
  readonly comparedWith?: string;
  /** What `ratio` should reach, in the direction of `target`. */
  readonly ratioTarget?: number;
}

/** Whether less is better: units of time and of memory, and counts of requests. */
export function isCost(unit: string): boolean {
  return /^(m?s|MiB|requests)$/.test(unit);
}

/** A line about something that is measured once. */
export function singleMeasurement(group: string, name: string, unit: string, value: number, target?: number): Measurement {
  const figures = { median: value, min: value, max: value, samples: 1 };
  return { group, name, unit, ...figures, ...(target === undefined ? {} : { target }) };
}

/** A line about something of which there are several figures, one for each sample. */
export function severalMeasurements(group: string, name: string, unit: string, values: readonly number[], target?: number): Measurement {
  const figures = { median: median(values), min: Math.min(...values), max: Math.max(...values), samples: values.length };
  return { group, name, unit, ...figures, ...(target === undefined ? {} : { target }) };
}

/** Something to measure. One call of `run` is one sample. */
export interface Subject {
  readonly name: string;
  /** Does the work once. */
  readonly run: () => unknown;
  /** Prepares the next sample; its time does not count. */
  readonly prepare?: () => unknown;
  readonly target?: number;
  /** The name of an earlier subject of the same call to compare with. */
  readonly comparedWith?: string;
  /** What the ratio should reach: at least, or at most for units of time. */
  readonly ratioTarget?: number;
}

/** How often to measure. */
export interface MeasureOptions {
  readonly samples?: number;
  /** Rounds before those that count. */
  readonly warmUps?: number;
  /** Milliseconds, with the preparations, after which no further round begins, but never fewer than {@link MIN_SAMPLES}. */
  readonly budget?: number;
}

/** Samples that are taken whatever they cost. */
const MIN_SAMPLES = 3;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/**
 * Measures the subjects in turn (A B C A B C …), so that a machine whose speed drifts hits all alike. `figure` turns the milliseconds
 * of one sample into the unit.
 */
export async function measure(
  group: string,
  unit: string,
  figure: (milliseconds: number) => number,
  subjects: readonly Subject[],
  options: MeasureOptions = {},
): Promise<Measurement[]> {
  const { budget = Infinity, samples = 15, warmUps = 3 } = options;
  const figures = new Map<string, number[]>(subjects.map((subject) => [subject.name, []]));
  const begin = performance.now();
  for (let round = -warmUps; round < samples; round++) {
    if (round >= MIN_SAMPLES && performance.now() - begin > budget) break;
    for (const subject of subjects) {
      await subject.prepare?.();
      const start = performance.now();
      await subject.run();
      const elapsed = performance.now() - start;
      if (round >= 0) figures.get(subject.name)?.push(figure(elapsed));
    }
  }
  return subjects.map((subject) => {
    const values = figures.get(subject.name) ?? [];
    const other = subject.comparedWith === undefined ? undefined : figures.get(subject.comparedWith);
    return {
      group,
      name: subject.name,
      unit,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      samples: values.length,
      ...(subject.target === undefined ? {} : { target: subject.target }),
      ...(other === undefined || subject.comparedWith === undefined
        ? {}
        : { ratio: median(values.map((value, i) => value / (other[i] ?? value))), comparedWith: subject.comparedWith }),
      ...(subject.ratioTarget === undefined ? {} : { ratioTarget: subject.ratioTarget }),
    };
  });
}

/** The same line in another unit, of which one of the old unit is `factor`. */
export function inUnit(line: Measurement, unit: string, factor: number): Measurement {
  const { group, name, median, min, max, samples } = line;
  return { group, name, unit, median: median * factor, min: min * factor, max: max * factor, samples };
}

const MIB = 1024 * 1024;

/** MiB per second of a sample that works through `bytes`. */
export function mebibytesPerSecond(bytes: number): (milliseconds: number) => number {
  return (milliseconds) => bytes / MIB / (milliseconds / 1000);
}

/** Operations per second of a sample that does `count`. */
export function operationsPerSecond(count: number): (milliseconds: number) => number {
  return (milliseconds) => count / (milliseconds / 1000);
}

/** Milliseconds for one of `count` operations. */
export function millisecondsEach(count: number): (milliseconds: number) => number {
  return (milliseconds) => milliseconds / count;
}
