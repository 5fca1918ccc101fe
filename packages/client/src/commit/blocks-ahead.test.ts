import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/commit-world.js';
import { BlocksAhead, MAX_UPLOAD_AGE, UploadTime } from './blocks-ahead.js';

const hour = 3_600_000;

describe('the age of uploads', () => {
  test('is that by the time of day, and well below the day that servers keep them', () => {
    const clock = new ManualClock();
    const time = new UploadTime(clock);
    clock.time += 5 * hour;
    expect(time.now()).toBe(5 * hour);
    expect(time.isTooOld(0)).toBe(false);
    clock.time += 13 * hour;
    expect(time.isTooOld(0)).toBe(true);
    expect(time.isTooOld(5 * hour)).toBe(false);
    expect(MAX_UPLOAD_AGE).toBeLessThan(24 * hour);
  });

  test('is too high when the clock was set back, whatever it says then', () => {
    const clock = new ManualClock();
    const time = new UploadTime(clock);
    clock.time -= hour;
    const since = time.now();
    expect(time.isTooOld(0)).toBe(true);
    expect(time.isTooOld(since)).toBe(false);
    clock.time = Number.NaN;
    expect(time.isTooOld(since)).toBe(true);
  });

  test('stays what it was when the clock is put right by some seconds', () => {
    const clock = new ManualClock();
    const time = new UploadTime(clock);
    clock.time += hour;
    expect(time.now()).toBe(hour);
    clock.time -= 5000;
    expect(time.now()).toBe(hour);
    clock.time += 5000;
    expect(time.now()).toBe(hour + 5000);
  });
});

test('an operation is refused while any of its blocks is too old, and only as long as they are not committed or given up', () => {
  const clock = new ManualClock();
  const ahead = new BlocksAhead(new UploadTime(clock));
  const first = ahead.begin();
  clock.time += 10 * hour;
  const second = ahead.begin();
  clock.time += 10 * hour;
  expect(() => ahead.assertFresh()).toThrow(expect.objectContaining({ code: 'conflict.snapshot' }));
  // More of it would be sent in vain.
  expect(() => ahead.begin()).toThrow(expect.objectContaining({ code: 'conflict.snapshot' }));
  ahead.end(first);
  ahead.assertFresh();
  clock.time += 10 * hour;
  expect(() => ahead.assertFresh()).toThrow(expect.objectContaining({ code: 'conflict.snapshot' }));
  ahead.end(second);
  ahead.assertFresh();
});

test('what only the server knows to have passed counts as well', () => {
  const clock = new ManualClock();
  const server = { missed: 5 * hour };
  const time = new UploadTime(clock, server);
  expect(time.now()).toBe(0);
  clock.time += hour;
  server.missed += 17 * hour;
  expect(time.now()).toBe(18 * hour);
  expect(time.isTooOld(0)).toBe(true);
  expect(time.isTooOld(hour)).toBe(false);
});
