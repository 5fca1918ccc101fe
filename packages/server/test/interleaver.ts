import { AsyncLocalStorage } from 'node:async_hooks';

/** Which actor goes next, from those that wait to go on and the number of steps that each has made. */
export type Schedule = (waiting: readonly string[], steps: ReadonlyMap<string, number>) => string;

/** First `first` until it has made `count` steps, then `second` as far as it gets, then the rest. */
export function switchOnce(first: string, count: number, second: string): Schedule {
  return (waiting, steps) => {
    if ((steps.get(first) ?? 0) < count && waiting.includes(first)) return first;
    return waiting.includes(second) ? second : (waiting[0] ?? first);
  };
}

/** First `first` for `count` steps, then `second` for `other` steps, then `first` as far as it gets, then the rest. */
export function switchTwice(first: string, count: number, second: string, other: number): Schedule {
  return (waiting, steps) => {
    if ((steps.get(first) ?? 0) < count && waiting.includes(first)) return first;
    if ((steps.get(second) ?? 0) < other && waiting.includes(second)) return second;
    return waiting.includes(first) ? first : (waiting[0] ?? second);
  };
}

/** Any order. */
export function shuffled(random: { nextInteger(bound: number): number }): Schedule {
  return (waiting) => waiting[random.nextInteger(waiting.length)] ?? '';
}

/** One for all: each instance slows down every promise of the process for ever. */
const actor = new AsyncLocalStorage<string>();

/**
 * Runs several asynchronous functions in an order that the test decides: each stops at every {@link Interleaver.pause} it meets and goes
 * on when the schedule says so. Everything else that they wait for must come from one another.
 */
export class Interleaver {
  private readonly waiting = new Map<string, (() => void)[]>();
  /** Steps that each actor has made. */
  readonly steps = new Map<string, number>();
  /** Runs after every step. */
  afterStep: () => void = () => undefined;

  /** Stops the actor that runs; does nothing outside of an actor. */
  async pause(): Promise<void> {
    const name = actor.getStore();
    if (name === undefined) return;
    await new Promise<void>((resolve) => {
      const queue = this.waiting.get(name) ?? [];
      queue.push(resolve);
      this.waiting.set(name, queue);
    });
  }

  /** Runs all actors to their ends. Rejects when one does, or when all wait for something that never comes. */
  async run(actors: ReadonlyMap<string, () => Promise<unknown>>, schedule: Schedule): Promise<void> {
    const progress = { running: actors.size };
    const results = [...actors].map(([name, work]) =>
      actor.run(name, async () => {
        await this.pause();
        await work();
      }),
    );
    for (const result of results) {
      result.then(
        () => progress.running--,
        () => progress.running--,
      );
    }
    while (progress.running > 0) {
      await settled();
      const names = [...this.waiting].filter(([, queue]) => queue.length > 0).map(([name]) => name);
      if (names.length === 0) {
        if (progress.running === 0) break;
        throw new Error('all actors wait for one another');
      }
      const chosen = schedule(names, this.steps);
      this.steps.set(chosen, (this.steps.get(chosen) ?? 0) + 1);
      this.waiting.get(chosen)?.shift()?.();
      await settled();
      this.afterStep();
    }
    await Promise.all(results);
  }
}

/** Resolves when nothing more happens by itself. */
async function settled(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
