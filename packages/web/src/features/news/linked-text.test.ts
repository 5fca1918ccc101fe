import { expect, test } from 'vitest';
import { linkedText } from './linked-text.js';

const links = (text: string): readonly (string | undefined)[] => linkedText(text).flatMap(({ href }) => href ?? []);

test.each([
  ['see https://example.org/a?b=c#d, please', ['https://example.org/a?b=c#d']],
  ['(http://example.org/x_(y)) and https://b.example!', ['http://example.org/x_(y)', 'https://b.example/']],
  ['javascript:alert(1) data:text/html,x file:///etc ftp://a.example //b.example', []],
  ['https://user:password@evil.example/ https://good.example@evil.example', []],
  ['https:// http://', []],
  [`https://a.example/${'x'.repeat(3000)}`, []],
  ['<a href="https://a.example/">x</a>', ['https://a.example/']],
])('%s', (text, expected) => {
  expect(links(text)).toEqual(expected);
  expect(
    linkedText(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});

test('a very long text of signs that may stand behind an address is looked at once', () => {
  const text = `https://a${'!'.repeat(1_000_000)}x`;
  expect(linkedText(text)).toEqual([{ text, href: undefined }]);
});

test('a text that turns the direction of writing ends a link', () => {
  expect(links('https://a.example/\u202egnp.exe')).toEqual(['https://a.example/']);
});
