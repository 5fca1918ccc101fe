import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FormatError } from '@pyrgos/core/errors';
import { decodePercent, Query } from './query.js';

test.each([
  ['', [], []],
  ['a=1', [['a', '1']], []],
  [
    'a=1&b=2&',
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [],
  ],
  ['a=1&&', [['a', '1']], []],
  ['a=', [['a', '']], []],
  ['=x', [['', 'x']], []],
  ['a=b=c', [['a', 'b=c']], []],
  ['email=a+b@c.de', [['email', 'a+b@c.de']], []],
  ['name=a%20b', [['name', 'a b']], []],
  // The whole text is decoded before it is split.
  [
    'a=1%26b%3D2',
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [],
  ],
  ['a=x%2By', [['a', 'x+y']], []],
  ['name=%C3%A9', [['name', 'é']], []],
  // Bytes that the client did not escape, as node:http shows them.
  ['name=\u00c3\u00a9', [['name', 'é']], []],
  ['a=1&a=2', [['a', '2']], []],
  [
    'arg=x&owner=o&arg=y',
    [
      ['arg', 'y'],
      ['owner', 'o'],
    ],
    ['x', 'y'],
  ],
  [
    '__proto__=1&constructor=2',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
    [],
  ],
])('parses %j', (raw, values, args) => {
  const query = Query.parse(raw);
  for (const [name, value] of values) expect(query.get(name as string)).toBe(value);
  expect(query.args).toEqual(args);
  expect(query.get('toString')).toBeUndefined();
});

test.each(['a', 'a=1&b', '&a=1', 'a=1&&b=2', 'a=%', 'a=%4', 'a=%zz', 'a=%4g', 'a=%ff', 'a=%C3', 'a=%ED%A0%80', 'a=\u0141', 'a=\u00ff'])(
  'refuses %j',
  (raw) => {
    expect(() => Query.parse(raw)).toThrow(FormatError);
  },
);

test('decoding is the inverse of encodeURIComponent, and leaves text without escapes as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodePercent(encodeURIComponent(text))).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[ -$&-~]*$/u), (text) => {
      expect(decodePercent(text)).toBe(text);
    }),
  );
});

test('values survive as long as they have no ampersand', () => {
  const name = fc.stringMatching(/^[a-z-]{1,10}$/u);
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'binary' })), { selector: ([key]) => key }), (pairs) => {
      const clean = pairs.map(([key, value]) => [key, value.replaceAll('&', '')] as const);
      const query = Query.parse(clean.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&'));
      for (const [key, value] of clean) expect(query.get(key)).toBe(value);
    }),
  );
});
