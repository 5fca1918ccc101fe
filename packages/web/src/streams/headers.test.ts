import { describe, expect, test } from 'vitest';
import { attachment } from './content-disposition.js';
import { parseRange } from './parse-range.js';

describe('Content-Disposition', () => {
  test.each([
    ['notes.txt', `attachment; filename="notes.txt"; filename*=UTF-8''notes.txt`],
    ['a "b".txt', `attachment; filename="a _b_.txt"; filename*=UTF-8''a%20%22b%22.txt`],
    ['übung (1).txt', `attachment; filename="_bung (1).txt"; filename*=UTF-8''%C3%BCbung%20%281%29.txt`],
    ['a\r\nX: y', `attachment; filename="a__X: y"; filename*=UTF-8''a%0D%0AX%3A%20y`],
    ['🏰', `attachment; filename="_"; filename*=UTF-8''%F0%9F%8F%B0`],
    ['50%', `attachment; filename="50_"; filename*=UTF-8''50%25`],
  ])('%j', (name, header) => {
    expect(attachment(name)).toBe(header);
  });

  test('a name that is no text is made one', () => {
    expect(attachment('\ud800')).toBe(`attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`);
  });
});

describe('Range', () => {
  test.each([
    [null, 10, undefined],
    ['bytes=0-', 10, { start: 0, end: 10 }],
    ['bytes=0-1', 10, { start: 0, end: 2 }],
    ['bytes=3-100', 10, { start: 3, end: 10 }],
    ['bytes=-4', 10, { start: 6, end: 10 }],
    ['bytes=-40', 10, { start: 0, end: 10 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=5-3', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=0-1,3-4', 10, undefined],
    ['lines=0-1', 10, undefined],
    ['bytes=1e3-', 10, undefined],
  ])('%s of %i bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });
});
