import { expect, test } from 'vitest';
import { EngineError } from '../engine/engine-fault.js';
import { faultText } from './fault-text.js';

const textOf = (code: 'network' | 'argument' | 'quota', data: Readonly<Record<string, unknown>>): string =>
  faultText(new EngineError({ code, message: '', data, retry: 'never' }), (id) => id);

test('a server that was reached and has failed is not away', () => {
  expect(textOf('network', { status: 500 })).toBe('error.server');
  expect(textOf('network', { status: 503, reason: 'unavailable' })).toBe('error.network');
  expect(textOf('network', {})).toBe('error.network');
  expect(textOf('network', { reason: 'unknown-outcome', status: 500 })).toBe('error.unknownOutcome');
});

test('a name that cannot be is no fault of the app', () => {
  expect(textOf('argument', { field: 'entry.path' })).toBe('error.name');
  expect(textOf('argument', { field: 'other' })).toBe('error.internal');
});

test('who is to make room is told, and how much only when that is known', () => {
  expect(textOf('quota', { missing: 5, owner: 'ada' })).toBe('error.quota.of');
  // Of one part of what was to be stored.
  expect(textOf('quota', { missing: 5, status: 400 })).toBe('error.quota');
});
