import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../../errors.js';
import { Timestamp } from './timestamp.js';

describe('milliseconds', () => {
  test.each([
    [0, 0, 0],
    [1500, 1, 500_000_000],
    [-1, -1, 999_000_000],
    [-1000, -1, 0],
    [1_700_000_000_123.5, 1_700_000_000, 123_500_000],
  ])('%d', (milliseconds, seconds, nanoseconds) => {
    expect(Timestamp.fromMilliseconds(milliseconds)).toMatchObject({ seconds, nanoseconds });
  });

  test('whole ones survive', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (milliseconds) => {
        const time = Timestamp.fromMilliseconds(milliseconds);
        expect(time.toMilliseconds() === milliseconds || Math.abs(milliseconds) > 2 ** 52).toBe(true);
        expect(time.nanoseconds).toBeLessThan(1e9);
      }),
    );
  });

  test('fractions that round up to a second', () => {
    const time = Timestamp.fromMilliseconds(999.999_999_99);
    expect(time).toMatchObject({ seconds: 1, nanoseconds: 0 });
  });

  test('the clock is the one that is given', () => {
    expect(Timestamp.now({ now: () => 2500 })).toMatchObject({ seconds: 2, nanoseconds: 500_000_000 });
  });
});

test('seconds have one form, so that equal times are equal', () => {
  expect(Timestamp.of(5n)).toMatchObject({ seconds: 5 });
  expect(Timestamp.of(5n).equals(Timestamp.of(5))).toBe(true);
  expect(Timestamp.of(-(2n ** 63n)).seconds).toBe(-(2n ** 63n));
  expect(Timestamp.SUBSEQUENT_CHUNK.seconds).toBe(-31_557_014_135_596_800n);
});

test('order', () => {
  const sorted = [Timestamp.SUBSEQUENT_CHUNK, Timestamp.of(-1, 9), Timestamp.of(0, 1), Timestamp.of(0, 2), Timestamp.of(2n ** 60n)];
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) expect(Math.sign(a.compare(b))).toBe(Math.sign(i - j));
  }
});

test('JSON has no bigint', () => {
  expect(JSON.stringify(Timestamp.SUBSEQUENT_CHUNK)).toBe('"-31557014135596800.000000000"');
  expect(String(Timestamp.of(1, 5))).toBe('1.000000005');
});

test('arguments are checked', () => {
  for (const seconds of [2n ** 63n, -(2n ** 63n) - 1n, 0.5, 2 ** 53]) expect(() => Timestamp.of(seconds)).toThrow(ArgumentError);
  for (const nanoseconds of [-1, 1e9, 0.5]) expect(() => Timestamp.of(0, nanoseconds)).toThrow(ArgumentError);
  for (const bad of [Number.NaN, Infinity, 2 ** 54]) expect(() => Timestamp.fromMilliseconds(bad)).toThrow(ArgumentError);
  expect(() => Timestamp.now({ now: () => 'now' as unknown as number })).toThrow(ArgumentError);
});
