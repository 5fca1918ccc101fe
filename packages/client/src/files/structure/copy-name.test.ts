import { isLegalName } from '@pyrgos/core/model';
import { expect, test } from 'vitest';
import { freeCopyName } from './copy-name.js';

function names(name: string, count: number): string[] {
  const taken = new Set<string>();
  return Array.from({ length: count }, () => {
    const free = freeCopyName(name, (candidate) => taken.has(candidate));
    taken.add(free);
    return free;
  });
}

test('an extension is what follows the last dot, unless that is the first or last character', () => {
  expect(names('a.txt', 4)).toEqual(['a.txt', 'a (copy).txt', 'a (copy 2).txt', 'a (copy 3).txt']);
  expect(names('a.tar.gz', 2)).toEqual(['a.tar.gz', 'a.tar (copy).gz']);
  expect(names('.profile', 2)).toEqual(['.profile', '.profile (copy)']);
  expect(names('end.', 2)).toEqual(['end.', 'end. (copy)']);
  expect(names('plain', 2)).toEqual(['plain', 'plain (copy)']);
});

test('long names are shortened, never in the middle of a character', () => {
  for (const name of [
    'x'.repeat(255),
    `${'x'.repeat(251)}.txt`,
    `a.${'x'.repeat(253)}`,
    '\u{1f600}'.repeat(127),
    `${'\u{1f600}'.repeat(125)}.txt`,
  ]) {
    const all = names(name, 12);
    expect(new Set(all).size).toBe(12);
    for (const free of all) expect(isLegalName(free)).toBe(true);
  }
});
