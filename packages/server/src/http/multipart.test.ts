import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { multipartBoundary, parseMultipart } from './multipart.js';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const texts = (body: string, boundary = 'XX'): string[] =>
  parseMultipart(latin1(body), boundary, 10).map((part) => String.fromCharCode(...part));

test.each([
  ['multipart/form-data;boundary=abc', 'abc'],
  ['multipart/form-data; boundary="a b"', undefined],
  ['multipart/form-data; boundary="abc"', 'abc'],
  ['multipart/form-data; charset=utf-8; boundary=abc', undefined],
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=', undefined],
  [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined],
  [undefined, undefined],
])('boundary of %j', (header, expected) => {
  if (expected === undefined) {
    try {
      // The text after the first "=" is what the reference takes, even when that is another parameter.
      expect(multipartBoundary(header)).not.toBe('abc');
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  } else expect(multipartBoundary(header)).toBe(expected);
});

test('parts as Java writes them', () => {
  const part = (i: number, content: string): string =>
    `--XX\r\nContent-Disposition: file; filename="file${i}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`;
  expect(texts(`${part(0, 'hello')}${part(1, '')}${part(2, '\r\n--X')}--XX--\r\n`)).toEqual(['hello', '', '\r\n--X']);
});

test('parts as browsers write them, with a preamble and a part without headers', () => {
  expect(texts('preamble\r\n--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX\r\n\r\n\r\n2\r\n--XX--')).toEqual([
    '1',
    '\r\n2',
  ]);
  expect(texts('--XX--')).toEqual([]);
});

test.each([
  '',
  'x',
  '--XX',
  '--XX\r\n',
  '--XX\r\nA: b\r\n\r\n',
  '--XX\r\nA: b\r\n\r\nbody',
  '--XXY\r\n\r\n\r\n--XX--',
  `${'--XX\r\n\r\n\r\n\r\n'.repeat(11)}--XX--`,
])('refuses %j', (body) => {
  expect(() => texts(body)).toThrow(FormatError);
});

test('any content comes back, and damage is a typed error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), (contents) => {
      const boundary = 'a-boundary-that-does-not-occur';
      const body = Buffer.concat([
        ...contents.flatMap((content) => [Buffer.from(`--${boundary}\r\nX: y\r\n\r\n`), content, Buffer.from('\r\n')]),
        Buffer.from(`--${boundary}--`),
      ]);
      expect(parseMultipart(body, boundary, 10).map((part) => [...part])).toEqual(contents.map((content) => [...content]));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom('--XX', '\r\n', '--', 'a', '\r\n\r\n', 'X: y'), { maxLength: 12 }), (pieces) => {
      try {
        texts(pieces.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});
