import { expect, test } from 'vitest';
import { withoutTrailingSlashes } from './trailing-slashes.js';

test.each([
  ['ada/site', 'ada/site'],
  ['ada/site///', 'ada/site'],
  ['//a//b/', '//a//b'],
  ['///', ''],
  ['', ''],
])('%s', (path, expected) => {
  expect(withoutTrailingSlashes(path)).toBe(expected);
});

test('a path of slashes alone before its last sign is looked at once', () => {
  const path = `${'/'.repeat(2_000_000)}x`;
  expect(withoutTrailingSlashes(path)).toBe(path);
});
