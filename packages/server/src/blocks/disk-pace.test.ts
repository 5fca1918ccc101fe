import { expect, test } from 'vitest';
import { SLOW_DISK_MILLISECONDS, SLOW_DISK_REST_MILLISECONDS } from '../limits.js';
import { DiskPace } from './disk-pace.js';

test('after a slow read, also one that fails, the disk is left alone for a while', () => {
  let time = 0;
  const pace = new DiskPace(() => time);
  const read = (milliseconds: number, failure?: Error) =>
    pace.attempt(() => {
      time += milliseconds;
      if (failure !== undefined) throw failure;
      return time;
    });
  expect(read(SLOW_DISK_MILLISECONDS)).toEqual({ value: time });
  expect(read(SLOW_DISK_MILLISECONDS + 1)).toEqual({ value: time });
  expect(read(0)).toBeUndefined();
  time += SLOW_DISK_REST_MILLISECONDS - 1;
  expect(read(0)).toBeUndefined();
  time += 1;
  expect(() => read(SLOW_DISK_MILLISECONDS + 1, new Error('broken'))).toThrow('broken');
  expect(read(0)).toBeUndefined();
});
