import { expect, it } from 'vitest';
import { outcome } from '../../../test/commit-world.js';
import { runPipeline } from './ordered-pipeline.js';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('gives the results in the order of the inputs, however long each takes', async () => {
  const work = async (n: number): Promise<number> => {
    for (let i = 0; i < (n * 7) % 5; i++) await Promise.resolve();
    return n * n;
  };
  const results = await collect(runPipeline(() => numbers(20), work, { concurrency: 4 }));
  expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n * n));
  expect(await collect(runPipeline(() => numbers(0), work, { concurrency: 1 }))).toEqual([]);
});

it('has no more than the allowed inputs in memory, results that nobody fetches included', async () => {
  let started = 0;
  let read = 0;
  const inputs = async function* (): AsyncGenerator<number> {
    for await (const n of numbers(100)) {
      read++;
      yield n;
    }
  };
  const results = runPipeline(inputs, async (n) => (started++, n), { concurrency: 3 });
  await results.next();
  for (let i = 0; i < 50; i++) await Promise.resolve();
  expect(started).toBeLessThanOrEqual(4);
  expect(read).toBeLessThanOrEqual(5);
  await results.return();
});

it('notices a failure although the source and earlier work hang, and cancels both', async () => {
  const cancelled: string[] = [];
  const untilCancelled = (what: string, signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        cancelled.push(what);
        reject(new Error(`${what} was cancelled`));
      });
    });
  const inputs = async function* (signal: AbortSignal): AsyncGenerator<number> {
    yield* [0, 1];
    await untilCancelled('source', signal);
  };
  const work = async (n: number, _index: number, signal: AbortSignal): Promise<number> => {
    if (n === 0) await untilCancelled('work', signal);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    throw new Error('broken');
  };
  await expect(collect(runPipeline(inputs, work, { concurrency: 3 }))).rejects.toThrow('broken');
  expect(cancelled.sort()).toEqual(['source', 'work']);
});

it('passes on an error of the source after the results before it', async () => {
  const inputs = async function* (): AsyncGenerator<number> {
    yield 1;
    throw new Error('source');
  };
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    for await (const n of runPipeline(inputs, async (n) => n, { concurrency: 2 })) seen.push(n);
  };
  await expect(run()).rejects.toThrow('source');
});

it('closes the source and cancels the work when the consumer stops', async () => {
  let isClosed = false;
  let cancelled = 0;
  const inputs = async function* (): AsyncGenerator<number> {
    try {
      yield* numbers(10);
    } finally {
      isClosed = true;
    }
  };
  const { promise: isFull, open } = gate();
  const work = async (n: number, _index: number, signal: AbortSignal): Promise<number> => {
    if (n === 2) open();
    await isFull;
    if (n > 0) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    if (signal.aborted) cancelled++;
    return n;
  };
  for await (const n of runPipeline(inputs, work, { concurrency: 3 })) {
    expect(n).toBe(0);
    break;
  }
  expect(isClosed).toBe(true);
  expect(cancelled).toBe(2);
});

it('obeys the signal', async () => {
  const controller = new AbortController();
  const work = async (n: number, _index: number, signal: AbortSignal): Promise<number> => {
    if (n === 2) controller.abort();
    if (signal.aborted) throw new Error('noticed');
    return n;
  };
  const { signal } = controller;
  expect(await outcome(collect(runPipeline(() => numbers(9), work, { concurrency: 1, signal })))).toBe('aborted');
  expect(await outcome(collect(runPipeline(() => numbers(9), work, { concurrency: 1, signal })))).toBe('aborted');
});
