import { expect, test } from 'vitest';
import { Pace } from './pace.js';

test('ten waits may follow each other at once, then one every two seconds, or half a second where something happens; what is left over comes back', () => {
  let time = 0;
  const pace = new Pace(
    () => time,
    () => 0,
  );
  for (let i = 0; i < 10; i++) expect(pace.beforeWaiting(false)).toBe(0);
  expect(pace.beforeWaiting(false)).toBe(2000);
  time = 2000;
  expect(pace.beforeWaiting(true)).toBe(500);
  time = 60_000;
  // Others may join a change.
  for (let i = 0; i < 40; i++) expect(pace.beforeWaiting(true)).toBe(150);
  expect(pace.beforeWaiting(true)).toBe(500);
  // The clock is set back.
  time = -1_000_000;
  expect(pace.beforeWaiting(false)).toBe(2500);
});

test('looks come less often the less happens, and often again when something does', () => {
  const pace = new Pace(
    () => 0,
    () => 0,
  );
  expect(pace.afterLook('full', true)).toBe(10_000);
  expect(pace.afterLook('full', false)).toBe(15_000);
  for (let i = 0; i < 9; i++) pace.afterLook('full', false);
  expect(pace.afterLook('full', false)).toBe(120_000);
  expect(pace.afterLook('low', false)).toBe(600_000);
  expect(pace.afterLook('low', true)).toBe(120_000);
});

test('failures are repeated later and later, at most every minute, and never by all at the same moment', () => {
  let random = 0;
  const pace = new Pace(
    () => 0,
    () => random,
  );
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => pace.afterFailure())).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  pace.recovered();
  random = 1;
  expect(pace.afterFailure()).toBe(500);
  expect(pace.afterLook('full', true)).toBe(8000);
});
