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
}

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
  options: { readonly samples?: number; readonly warmUps?: number } = {},
): Promise<Measurement[]> {
  const samples = options.samples ?? 15;
  const figures = new Map<string, number[]>(subjects.map((subject) => [subject.name, []]));
  for (let round = -(options.warmUps ?? 3); round < samples; round++) {
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
      samples,
      ...(subject.target === undefined ? {} : { target: subject.target }),
      ...(other === undefined || subject.comparedWith === undefined
        ? {}
        : { ratio: median(values.map((value, i) => value / (other[i] ?? value))), comparedWith: subject.comparedWith }),
    };
  });
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
