import { expect, test } from 'vitest';
import { inTurn, MAX_AT_A_TIME } from './turns.js';

test('so many at a time, in order, and none that nobody wants any more', async () => {
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const unwanted = new Set<number>();
  const results = Array.from({ length: MAX_AT_A_TIME + 3 }, async (_, i) =>
    inTurn(
      async () => {
        begun.push(i);
        await new Promise<void>((resolve) => ends.push(resolve));
        return i;
      },
      () => !unwanted.has(i),
    ),
  );
  const settled = Promise.allSettled(results);
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2]);
  unwanted.add(3);
  ends.shift()?.();
  await expect(results[3]).rejects.toMatchObject({ name: 'AbortError' });
  await expect.poll(() => begun).toEqual([0, 1, 2, 4]);
  ends.shift()?.();
  await expect.poll(() => begun).toEqual([0, 1, 2, 4, 5]);
  for (const end of ends) end();
  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
});
