import { expect, test } from 'vitest';
import { foldedText } from './folded-text.js';

test.each(['', 'short', 'a\n'.repeat(19), 'x'.repeat(2000), 'word '.repeat(400)])('a short text stays whole', (text) => {
  expect(foldedText(text)).toBeUndefined();
});

test('of many lines the first are shown', () => {
  expect(foldedText('a\n'.repeat(60_000))).toBe('a\n'.repeat(20).trimEnd());
});

test('a long text ends with a word, or with a whole character', () => {
  expect(foldedText('word '.repeat(1000))).toMatch(/ word$/u);
  expect(foldedText(`x${'😀'.repeat(3000)}`)).toBe(`x${'😀'.repeat(999)}`);
  expect(foldedText('a'.repeat(5000))).toBe('a'.repeat(2000));
});
