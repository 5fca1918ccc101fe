import { expect, test } from 'vitest';
import { formatByteCount, formatSize, parseByteCount } from './byte-size.js';
import { OptionProblem } from './option-problem.js';

test.each([
  ['0', 0],
  ['7', 7],
  ['7B', 7],
  ['40m', 40 * 2 ** 20],
  ['1.5g', 1.5 * 2 ** 30],
  ['5GB', 5e9],
  ['1.5 kb', 1500],
  ['5 GiB', 5 * 2 ** 30],
  [' 5 gib ', 5 * 2 ** 30],
  ['2T', 2 * 2 ** 40],
  ['0.1k', 102],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
])('%j is %d bytes', (text, bytes) => {
  expect(parseByteCount(text)).toBe(bytes);
});

test.each(['', 'g', '1 gigabyte', '-1', '1,5g', '1.g', '.5g', '1e3', '9007199254740992', '9999999t', '1  g', '5ib', '0x10', '1gg'])(
  '%j is refused',
  (text) => {
    expect(() => parseByteCount(text)).toThrow(OptionProblem);
  },
);

test('sizes for people and for configuration files', () => {
  const sizes = [0, 1, 999, 1000, 1500, 40e6, 999_499, 999_500, 123_456_789, 2 ** 30, 9_960_000, 1e15];
  expect(sizes.map(formatSize)).toEqual([
    '0 B',
    '1 B',
    '999 B',
    '1 kB',
    '1.5 kB',
    '40 MB',
    '999 kB',
    '1 MB',
    '123 MB',
    '1.1 GB',
    '10 MB',
    '1000 TB',
  ]);
  expect([0, 1, 1024, 1536, 40 * 2 ** 20].map(formatByteCount)).toEqual(['0', '1', '1k', '1536', '40m']);
  for (const size of sizes.slice(0, 6)) expect(parseByteCount(formatSize(size))).toBe(size);
});
