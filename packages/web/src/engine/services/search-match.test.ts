import { describe, expect, test } from 'vitest';
import type { SearchQuery } from '../calls.js';
import { searchKindOf, searchMatcher } from './search-match.js';

const anything: SearchQuery = {
  text: '',
  kinds: [],
  minSize: undefined,
  maxSize: undefined,
  modifiedFrom: undefined,
  modifiedTo: undefined,
  showsHidden: false,
};
const file = { name: 'Übung 12.PDF', kind: 'file', mimeType: 'application/pdf', size: 1000, modified: 5000 } as const;
const finds = (query: Partial<SearchQuery>, row: Parameters<ReturnType<typeof searchMatcher>>[0] = file): boolean =>
  searchMatcher({ ...anything, ...query })(row);

describe('by name', () => {
  test.each([
    ['', true],
    ['übung', true],
    ['UBUNG', true],
    ['12 üb', true],
    ['12 13', false],
    ['*.pdf', true],
    ['*.pd', false],
    ['?bung*', true],
    ['*1?.*', true],
    ['***', true],
    ['.', true],
    ['[a-z]', false],
  ])('%j: %s', (text, found) => {
    expect(finds({ text })).toBe(found);
  });

  test('a pattern that would take a backtracking engine for ever', () => {
    expect(finds({ text: `${'*a'.repeat(120)}b` }, { ...file, name: 'a'.repeat(255) })).toBe(false);
  });

  test('names of objects are names', () => {
    expect(finds({ text: '__proto__' }, { ...file, name: '__proto__' })).toBe(true);
  });
});

test('by kind', () => {
  expect(searchKindOf(file)).toBe('pdf');
  expect(searchKindOf({ kind: 'directory', mimeType: '' })).toBe('folder');
  expect(searchKindOf({ kind: 'file', mimeType: 'constructor/x' })).toBe('other');
  expect(finds({ kinds: ['image', 'pdf'] })).toBe(true);
  expect(finds({ kinds: ['image'] })).toBe(false);
});

test('by size and time, both ends included', () => {
  expect(finds({ minSize: 1000, maxSize: 1000, modifiedFrom: 5000, modifiedTo: 5000 })).toBe(true);
  expect(finds({ minSize: 1001 })).toBe(false);
  expect(finds({ maxSize: 999 })).toBe(false);
  expect(finds({ modifiedFrom: 5001 })).toBe(false);
  expect(finds({ modifiedTo: 4999 })).toBe(false);
  expect(finds({ minSize: 0 }, { ...file, kind: 'directory', size: 0 })).toBe(false);
});
