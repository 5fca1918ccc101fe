import { describe, expect, test } from 'vitest';
import { outcome } from '../../test/commit-world.js';
import { SharedTasks } from './shared-tasks.js';

/** Work that counts its runs and ends when told. */
function work(): {
  run: (signal: AbortSignal) => Promise<string>;
  finish: (result?: string) => void;
  fail: () => void;
  runs: AbortSignal[];
} {
  const runs: AbortSignal[] = [];
  const ends: { resolve: (result: string) => void; reject: (error: Error) => void }[] = [];
  return {
    runs,
    run: (signal) => {
      runs.push(signal);
      return new Promise((resolve, reject) => {
        ends.push({ resolve, reject });
      });
    },
    finish: (result = 'done') => ends.shift()?.resolve(result),
    fail: () => ends.shift()?.reject(new Error('failed')),
  };
}

describe('shared tasks', () => {
  test('run once for all who wait, and their results are kept', async () => {
    const tasks = new SharedTasks<number, string>('the test', 1);
    const { run, finish, runs } = work();
    const results = [tasks.run(1, undefined, run), tasks.run(1, undefined, run)];
    finish();
    expect(await Promise.all(results)).toEqual(['done', 'done']);
    expect(await tasks.run(1, undefined, run)).toBe('done');
    expect(runs).toHaveLength(1);
  });

  test('are kept as far as there is room, those used last', async () => {
    const tasks = new SharedTasks<number, string>('the test', 2);
    const { run, finish, runs } = work();
    for (const id of [1, 2, 1, 3]) {
      const result = tasks.run(id, undefined, run);
      finish();
      await result;
    }
    expect(runs).toHaveLength(3);
    await tasks.run(1, undefined, run);
    expect(runs).toHaveLength(3);
    const again = tasks.run(2, undefined, run);
    finish();
    await again;
    expect(runs).toHaveLength(4);
    const none = new SharedTasks<number, string>('the test', 0);
    for (let i = 0; i < 2; i++) {
      const result = none.run(1, undefined, run);
      finish();
      await result;
    }
    expect(runs).toHaveLength(6);
  });

  test('that fail are tried again by the next one who asks', async () => {
    const tasks = new SharedTasks<number, string>('the test', 1);
    const { run, finish, fail } = work();
    const failed = tasks.run(1, undefined, run);
    fail();
    await expect(failed).rejects.toThrow('failed');
    const again = tasks.run(1, undefined, run);
    finish('better');
    expect(await again).toBe('better');
  });

  test('are cancelled when nobody waits any more, and start anew for who comes then', async () => {
    const tasks = new SharedTasks<number, string>('the test', 1);
    const { run, finish, runs } = work();
    const [a, b] = [new AbortController(), new AbortController()];
    const outcomes = [outcome(tasks.run(1, a.signal, run)), outcome(tasks.run(1, b.signal, run))];
    a.abort();
    expect(await outcomes[0]).toBe('aborted');
    expect(runs[0]?.aborted).toBe(false);
    b.abort();
    expect(await outcomes[1]).toBe('aborted');
    expect(runs[0]?.aborted).toBe(true);
    const next = tasks.run(1, undefined, run);
    expect(runs).toHaveLength(2);
    finish();
    finish('second');
    expect(await next).toBe('second');
    expect(await outcome(tasks.run(1, a.signal, run))).toBe('aborted');
  });

  test('go on for who cannot cancel, whoever else leaves', async () => {
    const tasks = new SharedTasks<string, string>('the test');
    const { run, finish, runs } = work();
    const stays = tasks.run('a', undefined, run);
    const leaves = new AbortController();
    const left = outcome(tasks.run('a', leaves.signal, run));
    leaves.abort();
    expect(await left).toBe('aborted');
    expect(runs.map(({ aborted }) => aborted)).toEqual([false]);
    finish();
    expect(await stays).toBe('done');
    expect(runs[0]?.aborted).toBe(false);
  });

  test('that were cleared are joined by nobody and kept for nobody, and still cancelled when nobody waits', async () => {
    const tasks = new SharedTasks<string, string>('the test', 5);
    const { run, finish, runs } = work();
    const old = tasks.run('a', undefined, run);
    tasks.clear();
    const leaves = new AbortController();
    const next = outcome(tasks.run('a', leaves.signal, run));
    expect(runs).toHaveLength(2);
    tasks.clear();
    leaves.abort();
    expect(await next).toBe('aborted');
    expect(runs.map(({ aborted }) => aborted)).toEqual([false, true]);
    finish('out of date');
    expect(await old).toBe('out of date');
    const last = tasks.run('a', undefined, run);
    expect(runs).toHaveLength(3);
    finish('of the cancelled one');
    finish('new');
    expect(await last).toBe('new');
    tasks.clear();
    const again = tasks.run('a', undefined, run);
    expect(runs).toHaveLength(4);
    finish();
    await again;
  });

  test('may have nothing as their result', async () => {
    const tasks = new SharedTasks<string, undefined>('the test', 1);
    let count = 0;
    const run = async (): Promise<undefined> => {
      count++;
      return undefined;
    };
    await tasks.run('a', undefined, run);
    await tasks.run('a', undefined, run);
    expect(count).toBe(1);
  });
});
