import { expect, test } from 'vitest';
import { snippetOf } from './snippet.js';

const marked = (text: string, query: string): string =>
  snippetOf(text, query)
    .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
    .join('');

test.each([
  ['The boat leaves at nine', 'BOAT', 'The [boat] leaves at nine'],
  ['The boat\nleaves  at nine', 'nine boat', 'The [boat] leaves at [nine]'],
  ['a.b and aXb', 'a.b', '[a.b] and aXb'],
  ['(1+1)*2 [x] {y} a-b c\\d ^$|?', '(1+1)*2 [x] {y} a-b c\\d ^$|?', '[(1+1)*2] [[x]] [{y}] [a-b] [c\\d] [^$|?]'],
  ['nothing of it', 'elsewhere', 'nothing of it'],
  ['nothing is looked for', '  ', 'nothing is looked for'],
  ['', 'boat', ''],
])('%s, %s', (text, query, shown) => {
  expect(marked(text, query)).toBe(shown);
});

test('a long message is cut around what was found', () => {
  const shown = marked(`${'word '.repeat(100)}boat ${'tail '.repeat(100)}`, 'boat');
  expect(shown).toMatch(/^… word (?:word )+\[boat\] tail/u);
  expect(shown).toMatch(/ …$/u);
  expect(shown.length).toBeLessThan(220);
});

test('no half characters', () => {
  for (let shift = 0; shift < 2; shift++) {
    const shown = marked(`${'x'.repeat(shift)}${'😀'.repeat(300)}boat${'😀'.repeat(300)}`, 'boat');
    expect(shown).toContain('[boat]');
    expect(shown).not.toMatch(/\p{Cs}/u);
  }
});
