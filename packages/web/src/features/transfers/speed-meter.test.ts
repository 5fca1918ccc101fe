import { expect, test } from 'vitest';
import { secondsLeft, SpeedMeter } from './speed-meter.js';

test('the speed is that of the last seconds, and told only when it means something', () => {
  let now = 0;
  const meter = new SpeedMeter(() => now);
  meter.add(0);
  now = 500;
  meter.add(1000);
  expect(meter.speed).toBeUndefined();
  now = 2000;
  meter.add(4000);
  expect(meter.speed).toBe(2000);
  // Ten seconds in which nothing happens, and then a fast one.
  now = 12_000;
  meter.add(4000);
  now = 13_000;
  meter.add(14_000);
  expect(meter.speed).toBeGreaterThan(900);
  for (let second = 14; second < 40; second++) {
    now = second * 1000;
    meter.add(14_000 + (second - 13) * 10_000);
  }
  expect(meter.speed).toBeCloseTo(10_000, -1);
});

test('what is left', () => {
  expect(secondsLeft({ done: 10, total: 110, speed: 50 })).toBe(2);
  expect(secondsLeft({ done: 10, total: undefined, speed: 50 })).toBeUndefined();
  expect(secondsLeft({ done: 10, total: 110, speed: 0 })).toBeUndefined();
  expect(secondsLeft({ done: 120, total: 110, speed: 50 })).toBe(0);
});
