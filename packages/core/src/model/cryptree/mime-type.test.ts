import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import v from '../../../../../vectors/04/mime-types.json' with { type: 'json' };
import { concatBytes, fromHex, utf8Decode, utf8Encode } from '../../bytes.js';
import { ArgumentError } from '../../errors.js';
import { fileTypeOf } from './file-type.js';
import { detectMimeType, MIME_HEAD_SIZE } from './mime-type.js';
import { isUtf8Start } from './utf8-start.js';

test.each(v.heads)('$head $name is $type', ({ head, name, type }) => {
  expect(detectMimeType(fromHex(head), name)).toBe(type);
});

test.each(v.texts)('text $text $name is $type', ({ text, name, type }) => {
  expect(detectMimeType(utf8Encode(text), name)).toBe(type);
});

test.each(v.kinds)('$mimeType is shown as $kind', ({ mimeType, kind }) => {
  expect(fileTypeOf({ isDirectory: false, mimeType })).toBe(kind);
});

test('directories are shown as such', () => {
  expect(fileTypeOf({ isDirectory: true, mimeType: 'image/png' })).toBe('dir');
});

test(`only ${MIME_HEAD_SIZE} bytes are looked at`, () => {
  const text = utf8Encode('x'.repeat(MIME_HEAD_SIZE));
  expect(detectMimeType(concatBytes(text, Uint8Array.of(0xff)), 'a')).toBe('text/plain');
  expect(detectMimeType(concatBytes(text.subarray(1), Uint8Array.of(0xff)), 'a')).toBe('application/octet-stream');
});

test('any bytes and name have a type, whatever follows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.string(), (head, name) => {
      const type = detectMimeType(head, name);
      expect(type).toMatch(/^[a-z]+\/[a-z0-9.+/-]+$/);
      if (head.length >= MIME_HEAD_SIZE) expect(detectMimeType(head.subarray(0, MIME_HEAD_SIZE), name)).toBe(type);
    }),
  );
});

describe('UTF-8', () => {
  test('agrees with the decoder of the platform, but for what is cut off and U+D800', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            0x41,
            0x7f,
            0x80,
            0x9f,
            0xa0,
            0xbf,
            0xc0,
            0xc1,
            0xc2,
            0xdf,
            0xe0,
            0xe1,
            0xec,
            0xed,
            0xef,
            0xf0,
            0xf3,
            0xf4,
            0xf5,
            0xff,
          ),
          { maxLength: 6 },
        ),
        (values) => {
          const bytes = Uint8Array.from(values);
          const strict = utf8Decode(bytes) !== undefined;
          if (strict) expect(isUtf8Start(bytes)).toBe(true);
          // Three characters behind it, nothing is cut off.
          const closed = concatBytes(bytes, utf8Encode('xyz'));
          const first = [0xed, 0xa0, 0x80].every((byte, i) => bytes[i] === byte);
          if (!String(values).includes('237,160,128')) expect(isUtf8Start(closed)).toBe(utf8Decode(closed) !== undefined);
          else if (first && values.length === 3) expect(isUtf8Start(closed)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['e280', true],
    ['e2', true],
    ['f09f98', true],
    ['e228', false],
    ['80', false],
    ['c080', false],
    ['f4908080', false],
    ['eda081', false],
    ['eda080', true],
    ['ff', false],
  ] as const)('%s: %s', (hex, expected) => {
    expect(isUtf8Start(fromHex(hex))).toBe(expected);
  });
});

test('wrong types', () => {
  expect(() => detectMimeType('x' as unknown as Uint8Array, 'a')).toThrow(ArgumentError);
  expect(() => detectMimeType(new Uint8Array(), 1 as unknown as string)).toThrow(ArgumentError);
});
