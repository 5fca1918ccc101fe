import { expect, test } from 'vitest';
import { decodeText } from './text-document.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['', '\n'],
  ['one line', '\n'],
  ['a\nb\n', '\n'],
  ['a\r\nb\r\n', '\r\n'],
  ['a\r\nb\n', '\n'],
  ['a\r\nb\rc\r\n', '\n'],
  ['a\rb', '\n'],
  ['\ufeffübung 🏰\r\n', '\r\n'],
])('%j comes out as it went in', (text, lineSeparator) => {
  const document = decodeText(utf8(text));
  expect(document).toEqual({ text, lineSeparator });
  expect(utf8(document!.text.split(lineSeparator).join(lineSeparator))).toEqual(utf8(text));
});

test.each([[[0xff, 0xfe, 0x41, 0]], [[0xe2, 0x82]], [[0x41, 0, 0x42]]])('%j is no text', (bytes) => {
  expect(decodeText(Uint8Array.from(bytes))).toBeUndefined();
});
