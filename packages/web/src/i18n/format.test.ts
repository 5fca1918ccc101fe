import { expect, test } from 'vitest';
import { formatSize, formatTime } from './format.js';

test.each([
  [0, 'en', '0 bytes'],
  [1, 'en', '1 byte'],
  [999, 'en', '999 bytes'],
  [1000, 'en', '1 kB'],
  [1500, 'de', '1,5 kB'],
  [999_499, 'en', '999 kB'],
  [999_500, 'en', '1 MB'],
  [12_345_678, 'en', '12 MB'],
  [5_368_709_120, 'en', '5.4 GB'],
  [9e15, 'en', '9,000 TB'],
])('%i bytes', (bytes, language, text) => {
  expect(formatSize(bytes, language)).toBe(text);
});

test('a time to the minute', () => {
  expect(formatTime(new Date(2026, 10, 27, 6, 5).getTime(), 'en-GB')).toMatch(/27 Nov 2026.*06:05/u);
});
