import { arbitraryText } from '@pyrgos/testkit/arbitraries';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArgumentError } from '../errors.js';
import v from '../../../../vectors/02/trailer.json' with { type: 'json' };
import { decodeTrailer, encodeTrailer } from './trailer.js';

test.each(v.valid)('vector %j', ({ message, encoded }) => {
  expect(encodeTrailer(message)).toBe(encoded);
  expect(decodeTrailer(encoded)).toBe(message);
});

test.each(v.lenient)('read anyway: %j', ({ encoded, message }) => {
  expect(decodeTrailer(encoded)).toBe(message);
});

test('any text survives as a harmless header value', () => {
  fc.assert(
    fc.property(arbitraryText(60), (message) => {
      const encoded = encodeTrailer(message);
      expect(encoded).toMatch(/^[A-Za-z0-9.\-*_+%]*$/);
      expect(decodeTrailer(encoded)).toBe(message);
    }),
  );
});

test('anything can be read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (a, b) => {
      expect(typeof decodeTrailer(`${a}%${b}`)).toBe('string');
    }),
  );
  expect(decodeTrailer('\ud800')).toBe('\ufffd');
  expect(decodeTrailer(encodeTrailer('a\ud800b'))).toBe('a\ufffdb');
});

test('arguments are checked', () => {
  expect(() => encodeTrailer(1 as never)).toThrow(ArgumentError);
  expect(() => decodeTrailer(undefined as never)).toThrow(ArgumentError);
});
