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
  expect(document).toEqual({ text, lineSeparator, encoding: 'UTF-8' });
  expect(utf8(document!.text.split(lineSeparator).join(lineSeparator))).toEqual(utf8(text));
});

test.each([
  ['UTF-16', [0xff, 0xfe, 0x41, 0, 0xfc, 0, 0x0d, 0, 0x0a, 0], 'Aü\r\n'],
  ['UTF-16', [0xfe, 0xff, 0, 0x41, 0xd8, 0x3c, 0xdf, 0xf0], 'A🏰'],
  // Node 20 takes this encoding for Latin-1, so the signs in which the two differ are tried in a browser (tests/web/viewers.test.ts).
  ['Windows-1252', [0xdc, 0x62, 0x65, 0x72, 0x20, 0xb1, 0x0a], 'Über ±\n'],
  // A mark of an old terminal, and what is no character of UTF-8 at the very end.
  ['Windows-1252', [0x1b, 0x5b, 0x31, 0x6d, 0xe2, 0xb1], '\u001b[1mâ±'],
])('%s is read', (encoding, bytes, text) => {
  expect(decodeText(Uint8Array.from(bytes))).toEqual({ text, lineSeparator: text.includes('\r') ? '\r\n' : '\n', encoding });
});

test.each([
  // Half a character; a half of a pair; zeros.
  [[0xff, 0xfe, 0x41]],
  [[0xff, 0xfe, 0x3c, 0xd8]],
  [[0xff, 0xfe, 0x41, 0, 0, 0]],
  [[0x41, 0, 0x42]],
  [[0xe2, 0x82, 0]],
  [[0xe2, 0x82, 2]],
])('%j is no text', (bytes) => {
  expect(decodeText(Uint8Array.from(bytes))).toBeUndefined();
});
