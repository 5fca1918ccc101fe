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
  NetworkError,
  NotFoundError,
  printable,
  PyrgosError,
  QuotaError,
  RateError,
  type SerialisedError,
  serialiseError,
  StorageError,
  throwIfAborted,
  UnsupportedError,
} from './errors.js';

const cause = new Error('inner');
/** Every class but the root. */
const classes = {
  ArgumentError,
  FormatError,
  CryptoError,
  NotFoundError,
  ConflictError,
  DeniedError,
  LimitError,
  NetworkError,
  QuotaError,
  RateError,
  StorageError,
  UnsupportedError,
  AbortedError,
} as const;
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
  ['ConflictError', new ConflictError('conflict.exists', 'there'), { code: 'conflict.exists', retry: 'never' }],
  ['DeniedError', new DeniedError('denied.block', 'refused'), { code: 'denied.block', retry: 'never' }],
  [
    'LimitError',
    new LimitError('block size', 11, 10),
    { code: 'limit', message: 'block size is 11; the maximum is 10', data: { limit: 'block size', actual: 11, maximum: 10 } },
  ],
  ['AbortedError', new AbortedError('upload'), { code: 'aborted', message: 'upload was cancelled', data: { operation: 'upload' } }],
  ['NetworkError', new PyrgosError('network', 'down', { retry: 'safe' }), { code: 'network', retry: 'safe', data: {} }],
  [
    'NetworkError',
    new NetworkError('down', { data: { reason: 'timeout' }, cause }),
    { code: 'network', data: { reason: 'timeout' }, cause },
  ],
  ['QuotaError', new QuotaError('full', { data: { missing: 3 } }), { code: 'quota', data: { missing: 3 } }],
  ['RateError', new RateError('slow'), { code: 'rate', retry: 'never' }],
  ['StorageError', new StorageError('disk', { data: { reason: 'disk-full' } }), { code: 'storage', data: { reason: 'disk-full' } }],
  ['UnsupportedError', new UnsupportedError('no'), { code: 'unsupported' }],
  ['NotFoundError', new NotFoundError('not-found.file', 'none', { path: '/a' }, cause), { data: { path: '/a' }, cause }],
  ['ConflictError', new ConflictError('conflict.exists', 'there', { path: '/a' }, cause), { data: { path: '/a' }, cause }],
  ['PyrgosError', new PyrgosError('internal', 'bug'), { code: 'internal' }],
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
    for (const [type, Class] of Object.entries(classes)) {
      expect([type, received instanceof Class]).toEqual([type, type === name]);
      expect([type, error instanceof Class]).toEqual([type, type === name]);
    }
    expect(received.name).toBe(name);
    expect(received).toMatchObject({ code: error.code, message: error.message, data: error.data, retry: error.retry });
  });
});

test('an error as JSON has all its facts, and nothing of its cause', () => {
  const secret = new Error('password 1234');
  const error = new PyrgosError('quota', 'full', { data: { missing: 3 }, cause: secret });
  const json = JSON.stringify({ error });
  expect(JSON.parse(json)).toEqual({ error: { name: 'QuotaError', code: 'quota', message: 'full', data: { missing: 3 }, retry: 'never' } });
  expect(json).not.toContain('1234');
  expect(deserialiseError(structuredClone(error.toJSON()))).toBeInstanceOf(QuotaError);
});

test('names are constants: a minifier that renames classes does not change them', () => {
  const all = [PyrgosError, ...Object.values(classes)];
  const renamed = all.map((type) => Object.getOwnPropertyDescriptor(type, 'name') ?? {});
  for (const type of all) Object.defineProperty(type, 'name', { value: 'e', configurable: true });
  try {
    expect(new ArgumentError('a', 'b').name).toBe('ArgumentError');
    expect(new PyrgosError('internal', 'x').name).toBe('PyrgosError');
    expect(String(new AbortedError('work'))).toBe('AbortedError: work was cancelled');
  } finally {
    for (const [i, type] of all.entries()) Object.defineProperty(type, 'name', renamed[i] ?? {});
  }
});

test('what others throw is of none of the classes', () => {
  for (const value of [new Error('x'), { code: 'quota' }, null, undefined, 'quota']) {
    for (const Class of Object.values(classes)) expect(value instanceof Class).toBe(false);
  }
});

test('a class says what its errors know', () => {
  const error: unknown = new PyrgosError('quota', 'full', { data: { missing: 3 } });
  // For the compiler as much as for the test.
  const missing: number | undefined = error instanceof QuotaError ? error.data.missing : undefined;
  expect(missing).toBe(3);
});

test('what was cancelled says why', () => {
  const reason = new Error('the user has left the page');
  expect(new AbortedError('work', AbortSignal.abort(reason)).cause).toBe(reason);
  expect(() => throwIfAborted(AbortSignal.abort(reason), 'work')).toThrow(expect.objectContaining({ name: 'AbortedError', cause: reason }));
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

describe('text that a peer chose', () => {
  test.each([
    ['pki', 'pki'],
    ['Jürgen 日本 🎉', 'Jürgen 日本 🎉'],
    ['\u001b[31mALERT\n', '\\u{1b}[31mALERT\\u{a}'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['a\u2028b\u0000\u200b\ud800', 'a\\u{2028}b\\u{0}\\u{200b}\\u{d800}'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), `${'x'.repeat(64)}…`],
    [`${'x'.repeat(63)}🎉`, `${'x'.repeat(63)}\\u{d83c}…`],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(shown, 100)).toBe(shown);
  });

  test('what is no text is named by its type', () => {
    for (const value of [Symbol('s'), Object.create(null), undefined, 5]) expect(printable(value as string)).toMatch(/^\([a-z]+\)$/u);
  });

  test('format errors are short and printable, whatever is in them', () => {
    const error = new FormatError('format.cbor', `a.${'\u0007'.repeat(100_000)}`, 'y\n'.repeat(100_000));
    expect(error.message.length).toBeLessThan(4000);
    expect(error.message).not.toMatch(/\p{C}/u);
    expect(error.message).toBe(`${String(error.data['where'])}: ${String(error.data['problem'])}`);
    expect(new ArgumentError('z'.repeat(1000), 'bad').message.length).toBeLessThan(100);
  });
});

test('what is no AbortSignal is an argument error', () => {
  for (const bad of [null, 'x', {}, { aborted: true }, { aborted: 'yes', addEventListener: () => undefined }]) {
    expect(() => throwIfAborted(bad as never, 'upload')).toThrow(ArgumentError);
  }
});

test('an error that another thread has garbled is internal', () => {
  for (const bad of [undefined, null, 'x', {}, { code: 'limit' }]) {
    expect(deserialiseError(bad as never)).toMatchObject({ code: 'internal', retry: 'never' });
  }
});

test('a class derived from that of a family has its own instances only', () => {
  class Mismatch extends DeniedError {}
  const mismatch = new Mismatch('denied.pointer', 'x');
  const other = new DeniedError('denied.pointer', 'x');
  expect([mismatch instanceof Mismatch, mismatch instanceof DeniedError, other instanceof Mismatch]).toEqual([true, true, false]);
});
