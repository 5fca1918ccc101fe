import { describe, expect, test } from 'vitest';
import { GroupSync } from './group-sync.js';

interface Step {
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

/** A sync whose steps end when the test says so. */
function controlled(): { readonly group: GroupSync; readonly steps: Step[] } {
  const steps: Step[] = [];
  const group = new GroupSync(
    async () =>
      new Promise((resolve, reject) => {
        steps.push({ finish: resolve, fail: reject });
      }),
  );
  return { group, steps };
}

const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('GroupSync', () => {
  test('who comes while a sync is in flight waits for the next one, all together', async () => {
    const { group, steps } = controlled();
    const done: string[] = [];
    const call = (name: string): void => void group.sync().then(() => done.push(name));
    call('first');
    call('second');
    call('third');
    await settle();
    expect(steps).toHaveLength(1);
    steps[0]?.finish();
    await settle();
    expect(done).toEqual(['first']);
    expect(steps).toHaveLength(2);
    call('fourth');
    await settle();
    expect(steps).toHaveLength(2);
    steps[1]?.finish();
    await settle();
    expect(done).toEqual(['first', 'second', 'third']);
    expect(steps).toHaveLength(3);
    steps[2]?.finish();
    await settle();
    expect(done).toEqual(['first', 'second', 'third', 'fourth']);
    call('fifth');
    expect(steps).toHaveLength(4);
  });

  test('a failure is told to those who waited for it, and the next sync runs', async () => {
    const { group, steps } = controlled();
    const first = group.sync();
    const second = group.sync();
    steps[0]?.fail(new Error('disk'));
    await expect(first).rejects.toThrow('disk');
    await settle();
    steps[1]?.finish();
    await second;
  });

  test('nothing that was written before a call is missed, however calls and syncs interleave', async () => {
    let written = 0;
    let synced = 0;
    let inFlight = 0;
    let syncs = 0;
    const group = new GroupSync(async () => {
      syncs++;
      expect(++inFlight).toBe(1);
      const covers = written;
      for (let i = 0; i < syncs % 4; i++) await (i % 2 === 0 ? settle() : Promise.resolve());
      synced = covers;
      inFlight--;
    });
    const callers = Array.from({ length: 40 }, async (_, caller) => {
      for (let i = 0; i < 25; i++) {
        const mine = ++written;
        await group.sync();
        expect(synced).toBeGreaterThanOrEqual(mine);
        if ((caller + i) % 3 === 0) await settle();
      }
    });
    await Promise.all(callers);
    expect(syncs).toBeLessThan(1000);
  });
});
