import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstAbsent } from './presence-search.js';

async function search(count: number, present: number): Promise<{ found: number; calls: number; widest: number }> {
  let calls = 0;
  let widest = 0;
  const found = await firstAbsent(count, async (indices) => {
    calls++;
    widest = Math.max(widest, indices.length);
    expect(indices.every((index) => index >= 0 && index < count)).toBe(true);
    expect([...indices].sort((a, b) => a - b)).toEqual(indices);
    return indices.map((index) => index < present);
  });
  return { found, calls, widest };
}

it('finds the first absent chunk in few lookups, for the sizes of chapter 04 section 27', async () => {
  for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 64, 512, 4096, 10_000, 32_768]) {
    const bound = count < 2 ? count : Math.ceil(Math.log(count) / Math.log(8)) + 2;
    const step = Math.max(1, Math.floor(count / 97));
    for (let present = 0; present <= count; present += step) {
      const { found, calls, widest } = await search(count, present);
      expect(found).toBe(present);
      expect(calls).toBeLessThanOrEqual(bound);
      expect(widest).toBeLessThanOrEqual(8);
    }
    expect((await search(count, count)).found).toBe(count);
  }
});

it('finds any prefix of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), fc.double({ min: 0, max: 1, noNaN: true }), async (count, share) => {
      const present = Math.floor(count * share);
      expect((await search(count, present)).found).toBe(present);
    }),
  );
});

it('asks nothing when there is nothing, and ends whatever it is told', async () => {
  expect(await search(0, 0)).toEqual({ found: 0, calls: 0, widest: 0 });
  expect(await firstAbsent(1000, async () => [])).toBe(0);
  // Not a prefix: any absent index is a right answer.
  const holes = await firstAbsent(1000, async (indices) => indices.map((index) => index % 2 === 0));
  expect(holes).toBeGreaterThanOrEqual(0);
});
