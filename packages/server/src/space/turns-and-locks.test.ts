import { describe, expect, test } from 'vitest';
import { FairTurns } from './fair-turns.js';
import { KeyedLocks } from './keyed-locks.js';
import { LargeCounts } from './large-counts.js';

const tick = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('locks', () => {
  test('overlapping sets of keys, in any order, are done one after the other', async () => {
    const locks = new KeyedLocks(100);
    const held = new Set<string>();
    const work = async (keys: readonly string[]): Promise<void> =>
      locks.run(keys, async () => {
        for (const key of new Set(keys)) {
          expect(held.has(key)).toBe(false);
          held.add(key);
        }
        await tick();
        for (const key of keys) held.delete(key);
      });
    const all = ['a', 'b', 'c', 'd'];
    await Promise.all(Array.from({ length: 90 }, async (_, i) => work([all[i % 4]!, all[(i * 7 + 1) % 4]!, all[(i * 3 + 2) % 4]!])));
    expect(held.size).toBe(0);
  });

  test('a failure frees the keys, and a full queue refuses without holding any', async () => {
    const locks = new KeyedLocks(1);
    await expect(
      locks.run(['a', 'b'], async () => {
        throw new Error('failed');
      }),
    ).rejects.toThrow('failed');
    let end: () => void = () => undefined;
    const running = locks.run(
      ['b'],
      async () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const waiting = locks.run(['b'], async () => 'waited');
    await expect(locks.run(['a', 'b'], async () => 'never')).rejects.toMatchObject({
      code: 'rate',
      message: expect.stringContaining('Queue full') as unknown,
    });
    expect(await locks.run(['a'], async () => 'free')).toBe('free');
    end();
    await running;
    expect(await waiting).toBe('waited');
  });
});

test('turns go round the users, not the requests', async () => {
  const turns = new FairTurns();
  const order: string[] = [];
  const take = async (user: string, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await turns.next(user);
      order.push(user);
    }
  };
  await Promise.all([take('mallory', 4), take('mallory', 4), take('mallory', 4), take('alice', 3), take('bob', 3)]);
  expect(order.slice(0, 9)).toEqual(['mallory', 'alice', 'bob', 'mallory', 'alice', 'bob', 'mallory', 'alice', 'bob']);
  expect(order).toHaveLength(18);
});

test('large computations: a few at a time, one for each user, in order', async () => {
  const counts = new LargeCounts(2);
  const order: string[] = [];
  const run = async (user: string): Promise<void> => {
    const leave = await counts.enter(user);
    order.push(`+${user}`);
    await tick();
    order.push(`-${user}`);
    leave();
  };
  await Promise.all([run('mallory'), run('mallory'), run('alice'), run('bob')]);
  expect(order).toEqual(['+mallory', '+alice', '-mallory', '+mallory', '-alice', '+bob', '-mallory', '-bob']);
});
