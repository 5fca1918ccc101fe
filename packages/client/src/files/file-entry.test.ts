import { Timestamp } from '@pyrgos/core/model';
import { expect, test } from 'vitest';
import { dateOf } from './file-entry.js';

test('a time beyond what a Date can show is the last or first one', () => {
  expect(dateOf(Timestamp.of(1_234_567_890, 5_000_000)).toISOString()).toBe('2009-02-13T23:31:30.005Z');
  expect(dateOf(Timestamp.of(9_000_000_000_000, 0)).getTime()).toBe(8.64e15);
  expect(dateOf(Timestamp.of(-9_000_000_000_000, 0)).getTime()).toBe(-8.64e15);
});
