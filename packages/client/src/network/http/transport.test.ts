import { describe, expect, test } from 'vitest';
import { failureOf, failureOfFetch, failureToConnect, isOfConnecting } from './transport.js';

const platformError = (code: string, syscall?: string): Error =>
  Object.assign(new Error('x'), { code, ...(syscall === undefined ? {} : { syscall }) });

describe('what failures of the platform mean', () => {
  test.each([
    ['ECONNREFUSED', 'connect'],
    ['ENOTFOUND', 'getaddrinfo'],
    ['EAI_AGAIN', 'getaddrinfo'],
    ['EHOSTUNREACH', 'connect'],
    ['ENETUNREACH', 'connect'],
  ])('%s of %s: nothing was sent', (code, syscall) => {
    const error = platformError(code, syscall);
    expect(isOfConnecting(error)).toBe(true);
    for (const failure of [failureOfFetch(new TypeError('fetch failed', { cause: error })), failureOfFetch(error)]) {
      expect(failure).toMatchObject({ reason: 'unreachable', detail: code });
    }
  });

  test.each(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'ECONNREFUSED'])(
    '%s on a connection that was made: what has arrived is open',
    (code) => {
      expect(isOfConnecting(platformError(code, 'read'))).toBe(false);
      expect(failureOf(code)).toMatchObject({ reason: 'broken', detail: code });
      expect(failureOf(code, true)).toMatchObject({ reason: 'stale', detail: code });
      expect(failureOfFetch(new TypeError('fetch failed', { cause: platformError(code, 'write') }))).toMatchObject({ reason: 'broken' });
      expect(failureOfFetch(new TypeError('fetch failed', { cause: platformError(code) }))).toMatchObject({ reason: 'broken' });
    },
  );

  test('a connection that ends is open, whatever it was', () => {
    expect(failureOf('ECONNRESET')).toMatchObject({ reason: 'broken' });
    expect(failureOfFetch(platformError('ECONNRESET'))).toMatchObject({ reason: 'broken' });
  });

  test('a browser tells nothing', () => {
    expect(failureOfFetch(new TypeError('Failed to fetch'))).toMatchObject({ reason: 'no-answer', detail: '' });
    expect(failureOfFetch(undefined)).toMatchObject({ reason: 'no-answer' });
  });

  test('a connection that was not made has sent nothing, whatever the code', () => {
    expect(isOfConnecting(platformError('ETIMEDOUT', 'connect'))).toBe(true);
    expect(isOfConnecting(new AggregateError([platformError('ETIMEDOUT', 'connect'), platformError('ECONNREFUSED', 'connect')]))).toBe(
      true,
    );
    for (const other of [platformError('ETIMEDOUT', 'read'), platformError('ECONNRESET'), new AggregateError([]), 'text', undefined]) {
      expect(isOfConnecting(other)).toBe(false);
    }
    expect(isOfConnecting(new AggregateError([platformError('ETIMEDOUT', 'connect'), platformError('ECONNRESET', 'read')]))).toBe(false);
    expect(failureToConnect('ETIMEDOUT')).toMatchObject({ reason: 'unreachable', detail: 'ETIMEDOUT' });
  });
});
