import { PyrgosError } from '@pyrgos/client';
import { expect, test } from 'vitest';
import { aboutPlace, explainError } from './explain-error.js';

test('a full account is told with whose it is, and only its owner is told to make room', () => {
  const full = (): PyrgosError => new PyrgosError('quota', 'full', { data: { used: 95_000, quota: 7_300_000, missing: 96_000 } });
  const text = (path: string, home = '/ada'): string => explainError(aboutPlace(full(), path, home)).text;
  expect(text('/ada/in/big')).toMatch(/^the account is full: 95 kB of 7.3 MB are in use, and 96 kB more are needed\. Delete something/u);
  expect(text('/mallory/in/big')).toMatch(
    /^the account of 'mallory', .* is full: 95 kB of 7.3 MB are in use there\. .* ask them to make room/u,
  );
  expect(text('/mallory/in/big')).not.toContain('96 kB');
  expect(text('/ada2/x')).toContain("'ada2'");
  // In a link.
  expect(text('/ada/box/big', '/ada/box')).toMatch(/^the account is full/u);
});

test('why messages of somebody wait, and what helps', () => {
  const text = (code: 'quota' | 'rate', data: Record<string, string | number>): string =>
    explainError(new PyrgosError(code, 'waits', { data })).text;
  expect(text('quota', { reason: 'reserve', used: 7_000_000, quota: 7_300_000 })).toMatch(
    /^the account is nearly full: 7 MB of 7.3 MB are in use, so long messages wait\. Delete something/u,
  );
  expect(text('rate', { reason: 'member', retryAfterSeconds: 7200 })).toBe(
    'it is more than is taken of one member in a day; the rest comes later, in 120 minutes at the latest',
  );
});
