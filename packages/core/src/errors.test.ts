import { describe, expect, test } from 'vitest';
import {
  AbortedError,
  ArgumentError,
  ConflictError,
  CryptoError,
  DeniedError,
  deserialiseError,
  FormatError,
  LimitError,
  NotFoundError,
  PyrgosError,
  type SerialisedError,
  serialiseError,
  throwIfAborted,
} from './errors.js';

const cause = new Error('inner');
const errors: readonly (readonly [string, PyrgosError, object])[] = [
  [
    'ArgumentError',
    new ArgumentError('key', 'must be 32 bytes', { actual: 31 }),
    { code: 'argument', message: 'key: must be 32 bytes', retry: 'never', data: { field: 'key', actual: 31 } },
  ],
  [
    'FormatError',
    new FormatError('format.cbor', 'WriterData.owned', 'must be a link', { data: { offset: 3 }, cause }),
    {
      code: 'format.cbor',
      message: 'WriterData.owned: must be a link',
      retry: 'never',
      cause,
      data: { where: 'WriterData.owned', problem: 'must be a link', offset: 3 },
    },
  ],
  [
    'FormatError',
    new FormatError('format.cid', '', 'text is too short'),
    { message: 'text is too short', data: { where: '', problem: 'text is too short' } },
  ],
  [
    'CryptoError',
    new CryptoError('crypto.signature', 'no', { engine: 'x' }, cause),
    { code: 'crypto.signature', message: 'no', data: { engine: 'x' }, cause },
  ],
  ['NotFoundError', new NotFoundError('not-found.block', 'none'), { code: 'not-found.block', retry: 'never', data: {} }],
  ['ConflictError', new ConflictError('conflict.pointer', 'changed'), { code: 'conflict.pointer', retry: 'after' }],
  ['DeniedError', new DeniedError('denied.block', 'refused'), { code: 'denied.block', retry: 'never' }],
  [
    'LimitError',
    new LimitError('block size', 11, 10),
    { code: 'limit', message: 'block size is 11; the maximum is 10', data: { limit: 'block size', actual: 11, maximum: 10 } },
  ],
  ['AbortedError', new AbortedError('upload'), { code: 'aborted', message: 'upload was cancelled', data: { operation: 'upload' } }],
  ['PyrgosError', new PyrgosError('network', 'down', { retry: 'safe' }), { code: 'network', retry: 'safe', data: {} }],
];

describe.each(errors)('%s', (name, error, expected) => {
  test('carries its facts', () => {
    expect(error).toBeInstanceOf(PyrgosError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error).toMatchObject(expected);
    expect('cause' in error).toBe('cause' in expected);
    expect(String(error)).toBe(`${name}: ${error.message}`);
  });

  test('crosses a worker border', () => {
    const sent = structuredClone(JSON.parse(JSON.stringify(serialiseError(error)))) as SerialisedError;
    const received = deserialiseError(sent);
    expect(received).toBeInstanceOf(PyrgosError);
    expect(received).toMatchObject({ code: error.code, message: error.message, data: error.data, retry: error.retry });
  });
});

test('a foreign error crosses without its text', () => {
  const secret = 'password 1234';
  for (const thrown of [new RangeError(secret), new Error(secret), secret, { message: secret }, null, undefined]) {
    const sent = serialiseError(thrown);
    expect(sent.code).toBe('internal');
    expect(JSON.stringify(sent)).not.toContain('1234');
  }
  expect(serialiseError(new RangeError('x')).data).toEqual({ kind: 'RangeError' });
  expect(serialiseError(null).data).toEqual({ kind: 'object' });
});

test('throwIfAborted', () => {
  const controller = new AbortController();
  expect(() => throwIfAborted(undefined, 'work')).not.toThrow();
  expect(() => throwIfAborted(controller.signal, 'work')).not.toThrow();
  controller.abort();
  expect(() => throwIfAborted(controller.signal, 'work')).toThrow(AbortedError);
});
