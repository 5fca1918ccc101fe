import { describe, expect, test } from 'vitest';
import { NO_FIELDS, queryOf } from './search-query.js';

const day = (text: string): number => new Date(text).getTime();

describe('what a person has typed', () => {
  test('becomes what is looked for', () => {
    expect(queryOf({ text: ' log ', kind: 'text', from: '2026-01-02', to: '2026-01-02', minSize: '0,5', maxSize: '2' }, true)).toEqual({
      text: 'log',
      kinds: ['text'],
      minSize: 500_000,
      maxSize: 2_000_000,
      modifiedFrom: day('2026-01-02T00:00:00'),
      modifiedTo: day('2026-01-02T23:59:59.999'),
      showsHidden: true,
    });
  });

  test.each([
    [{}, 'nothing'],
    [{ text: '   ' }, 'nothing'],
    [{ minSize: 'large' }, 'size'],
    [{ minSize: '-1' }, 'size'],
    [{ minSize: '3', maxSize: '2' }, 'size'],
    [{ from: '2026-13-01' }, 'days'],
    [{ from: '2026-02-02', to: '2026-02-01' }, 'days'],
  ])('%j: %s', (fields, problem) => {
    expect(queryOf({ ...NO_FIELDS, ...fields }, false)).toBe(problem);
  });

  test.each([{ text: 'x' }, { kind: 'folder' as const }, { maxSize: '0' }, { to: '2026-02-01' }])('%j is enough', (fields) => {
    expect(queryOf({ ...NO_FIELDS, ...fields }, false)).toBeTypeOf('object');
  });
});
