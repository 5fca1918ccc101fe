import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArgumentError } from '../errors.js';
import { MAX_CLAIM_EXPIRY_SIZE } from '../limits.js';
import v from '../../../../vectors/05/claim-chain.json' with { type: 'json' };
import { addMonths, compareExpiry, isClaimDate, NEVER_EXPIRES } from './claim-dates.js';

test.each(v.addMonths)('$date + $months months = $result', ({ date, months, result }) => {
  expect(addMonths(date, months)).toBe(result);
});

test.each(v.notDates)('no date: %j', (text) => {
  expect(isClaimDate(text)).toBe(false);
  expect(() => compareExpiry(text, NEVER_EXPIRES)).toThrow(ArgumentError);
  expect(() => compareExpiry(NEVER_EXPIRES, text)).toThrow(ArgumentError);
  expect(() => addMonths(text, 1)).toThrow(ArgumentError);
});

test('dates are ordered by time, not by text', () => {
  for (const [i, a] of v.ordered.entries()) {
    expect(isClaimDate(a)).toBe(true);
    for (const [j, b] of v.ordered.entries()) expect(Math.sign(compareExpiry(a, b)), `${a} ${b}`).toBe(Math.sign(i - j));
  }
  expect(v.ordered.at(-1)).toBe(NEVER_EXPIRES);
});

test('MAX_CLAIM_EXPIRY_SIZE: the last date is the longest', () => {
  expect(NEVER_EXPIRES.length).toBe(MAX_CLAIM_EXPIRY_SIZE);
  expect(isClaimDate('+1999999999-12-31')).toBe(false);
});

test('nothing lies beyond the last date', () => {
  expect(addMonths(NEVER_EXPIRES, 0)).toBe(NEVER_EXPIRES);
  expect(() => addMonths(NEVER_EXPIRES, 1)).toThrow(ArgumentError);
  expect(() => addMonths('-999999999-01-01', -1)).toThrow(ArgumentError);
  for (const months of [0.5, Number.NaN, Infinity, '1' as never]) expect(() => addMonths('2024-01-01', months)).toThrow(ArgumentError);
});

test('agrees with the calendar of the platform', () => {
  const day = fc.date({ min: new Date('0000-03-01T00:00:00Z'), max: new Date('9998-12-31T00:00:00Z'), noInvalidDate: true });
  fc.assert(
    fc.property(day, fc.integer({ min: -24, max: 11 }), (date, months) => {
      const text = date.toISOString().slice(0, 10);
      if (text.startsWith('000')) return;
      const expected = new Date(date);
      expected.setUTCDate(1);
      expected.setUTCMonth(expected.getUTCMonth() + months + 1, 0);
      expected.setUTCDate(Math.min(expected.getUTCDate(), date.getUTCDate()));
      const later = addMonths(text, months);
      expect(later).toBe(expected.toISOString().slice(0, 10));
      expect(Math.sign(compareExpiry(later, text))).toBe(Math.sign(months));
    }),
  );
});
