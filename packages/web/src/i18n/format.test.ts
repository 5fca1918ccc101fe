import { expect, test, vi } from 'vitest';
import { formatClock, formatDate, formatSize, formatTime, regionalTag } from './format.js';

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

test.each([
  ['en', ['en-GB', 'en'], 'en-GB'],
  ['en', ['de-DE', 'de', 'en', 'en-AU', 'en-US'], 'en-AU'],
  ['de', ['DE-ch'], 'DE-ch'],
  ['es', ['es-419', 'es'], 'es-419'],
  ['fr', ['en-GB', 'en'], 'fr'],
  ['de', ['den-CA', 'de'], 'de'],
  ['en', [], 'en'],
])('the region of %s for a browser that wants %j', (language, tags, tag) => {
  expect(regionalTag(language, tags)).toBe(tag);
});

test('times and sizes are written as in the region of the browser, in the language that was chosen', () => {
  const time = new Date(2026, 10, 27, 18, 5).getTime();
  try {
    vi.stubGlobal('navigator', { languages: ['en-GB', 'en', 'de-CH'] });
    expect(formatClock(time, 'en')).toBe('18:05');
    expect(formatDate(time, 'en')).toBe('27/11/2026');
    expect(formatTime(time, 'en')).toMatch(/^27 Nov 2026.*18:05$/u);
    expect(formatSize(1500, 'de')).toBe('1.5 kB');
    vi.stubGlobal('navigator', { languages: ['en-US'] });
    expect(formatClock(time, 'en')).toMatch(/^6:05\sPM$/u);
    expect(formatSize(1500, 'de')).toBe('1,5 kB');
  } finally {
    vi.unstubAllGlobals();
  }
});
