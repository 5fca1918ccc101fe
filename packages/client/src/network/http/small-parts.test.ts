import { ArgumentError, FormatError, LimitError } from '@pyrgos/core/errors';
import { ANSWER_IDLE_TIMEOUT, CALL_TIMEOUT, SMALL_ANSWER_SIZE, TRANSFER_BYTES_PER_MILLISECOND } from '@pyrgos/core/limits';
import { utf8Encode } from '@pyrgos/core/bytes';
import { describe, expect, test } from 'vitest';
import { AnswerBuffer } from './answer-buffer.js';
import { jsonMember, readBooleanByte, readCborBoolean, readCborList, readCborSize, readJson, readText } from './answers.js';
import { inParallel } from './in-parallel.js';
import { formatQuery } from './query.js';
import { Slots } from './slots.js';
import { codeOf, failureOf } from './transport.js';
import { Watchdog } from './watchdog.js';

describe('queries', () => {
  test('values arrive as they are when they are decoded as a whole', () => {
    const query = formatQuery([
      ['a', 'my laptop'],
      ['b', undefined],
      ['email', 'a+b@example.org'],
      ['name', 'ä=%?#/'],
      ['empty', ''],
    ]);
    expect(query).toBe('?a=my%20laptop&email=a%2Bb%40example.org&name=%C3%A4%3D%25%3F%23%2F&empty=');
    expect(formatQuery([['a', undefined]])).toBe('');
  });

  test('what no query can hold is refused', () => {
    for (const value of ['a&b', '\ud800']) expect(() => formatQuery([['code', value]])).toThrow(ArgumentError);
  });
});

describe('answers', () => {
  test('a bool byte is true unless it is zero; no byte is none', () => {
    expect([1, 2, 255, 0].map((byte) => readBooleanByte('x', Uint8Array.of(byte)))).toEqual([true, true, true, false]);
    expect(readBooleanByte('x', Uint8Array.of(1, 0))).toBe(true);
    expect(() => readBooleanByte('x', new Uint8Array())).toThrow(FormatError);
  });

  test('CBOR of the wrong kind', () => {
    expect(readCborBoolean('x', Uint8Array.of(0xf5))).toBe(true);
    expect(readCborSize('x', Uint8Array.of(0x18, 0x40))).toBe(64);
    expect(readCborList('x', Uint8Array.of(0x80))).toEqual([]);
    for (const read of [readCborBoolean, readCborSize, readCborList]) {
      for (const bytes of [[], [0xa0], [0x20], [0x60], [0xf6], [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x3c]]) {
        expect(() => read('x', Uint8Array.from(bytes))).toThrow(FormatError);
      }
    }
  });

  test('text of printable characters, not longer than allowed', () => {
    expect(readText('x', utf8Encode('abc'), 3)).toBe('abc');
    for (const text of ['', 'abcd', 'a b', 'a\n', 'ä', '\u0000']) expect(() => readText('x', utf8Encode(text), 3)).toThrow(FormatError);
    expect(() => readText('x', Uint8Array.of(0xff), 3)).toThrow(FormatError);
  });

  test('JSON: own members of objects only', () => {
    expect(jsonMember('x', readJson('x', utf8Encode('{"ID":"a","b":1}')), 'ID')).toBe('a');
    for (const text of ['', '{', 'null', '[]', '"ID"', '7', '{}', '{"id":1}', '{"__proto__":{"ID":"a"}}']) {
      expect(() => jsonMember('x', readJson('x', utf8Encode(text)), 'ID')).toThrow(FormatError);
    }
    for (const name of ['constructor', 'toString', '__proto__']) expect(() => jsonMember('x', {}, name)).toThrow(FormatError);
    expect(() => readJson('x', Uint8Array.of(0xff))).toThrow(FormatError);
  });
});

describe('answer buffers', () => {
  const memory = (slots = new Slots(1)) => ({
    largeAnswers: slots,
    signal: new AbortController().signal,
    onPause: () => undefined,
    onResume: () => undefined,
  });

  test('an announced size is filled without a copy, a wrong one does no harm', () => {
    for (const announced of [undefined, 0, 1, 9, 10, 11, 1000]) {
      const buffer = new AnswerBuffer(1000, announced, memory());
      void buffer.take(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
      void buffer.take(Uint8Array.of(10));
      expect(buffer.size).toBe(10);
      expect(buffer.finish()).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    }
  });

  test('a huge announcement takes no memory', () => {
    const buffer = new AnswerBuffer(2 ** 33, 2 ** 33, memory());
    void buffer.take(Uint8Array.of(1));
    const answer = buffer.finish();
    expect(answer.length).toBe(1);
    expect(answer.buffer.byteLength).toBeLessThanOrEqual(SMALL_ANSWER_SIZE);
  });

  test('the limit counts, announced or not', () => {
    expect(() => new AnswerBuffer(10, 11, memory())).toThrow(LimitError);
    const buffer = new AnswerBuffer(10, 5, memory());
    void buffer.take(new Uint8Array(10));
    expect(() => buffer.take(Uint8Array.of(1))).toThrow(LimitError);
  });

  test('beyond the size of small answers it waits for a place, and gives it back once', async () => {
    const slots = new Slots(1);
    await slots.take(undefined);
    const buffer = new AnswerBuffer(2 * SMALL_ANSWER_SIZE, undefined, memory(slots));
    expect(buffer.take(new Uint8Array(SMALL_ANSWER_SIZE))).toBeUndefined();
    const pause = buffer.take(Uint8Array.of(1));
    expect(pause).toBeInstanceOf(Promise);
    slots.release();
    await pause;
    expect(slots.isFree).toBe(false);
    expect(buffer.take(Uint8Array.of(2))).toBeUndefined();
    expect(buffer.finish().length).toBe(SMALL_ANSWER_SIZE + 2);
    buffer.release();
    buffer.release();
    expect(slots.isFree).toBe(true);
    await slots.take(undefined);
    expect(slots.isFree).toBe(false);
  });
});

describe('watchdogs', () => {
  /** Looks until it fires; how often it looked. */
  function looks(watchdog: (fire: () => void) => Watchdog, before: (watchdog: Watchdog, look: number) => void = () => undefined): number {
    const state = { fired: false };
    const dog = watchdog(() => (state.fired = true));
    let count = 0;
    while (!state.fired && count < 1000) {
      before(dog, count);
      count++;
      due.shift()?.();
    }
    return count;
  }
  const due: (() => void)[] = [];
  const dog =
    (bytes: number, timeouts = {}) =>
    (fire: () => void) => {
      due.length = 0;
      return new Watchdog((_, look) => (due.push(look), () => undefined), timeouts, bytes, fire);
    };

  test('a call has its time, and more for many bytes', () => {
    expect(looks(dog(0))).toBe(CALL_TIMEOUT / ANSWER_IDLE_TIMEOUT);
    const more = 10 * ANSWER_IDLE_TIMEOUT * TRANSFER_BYTES_PER_MILLISECOND;
    expect(looks(dog(more))).toBe(CALL_TIMEOUT / ANSWER_IDLE_TIMEOUT + 10);
    expect(looks(dog(0, { call: 10, idle: 1000 }))).toBe(1);
  });

  test('an answer that stops is noticed before', () => {
    const begun = (watchdog: Watchdog, look: number): void => {
      if (look === 0) watchdog.begin(100 * ANSWER_IDLE_TIMEOUT * TRANSFER_BYTES_PER_MILLISECOND);
      if (look < 5) watchdog.moved();
    };
    expect(looks(dog(0), begun)).toBe(6);
  });

  test('a pause does not count, and the end is the end', () => {
    const paused = (watchdog: Watchdog, look: number): void => {
      if (look === 0) {
        watchdog.begin(1);
        watchdog.pause();
      }
      if (look === 50) watchdog.resume();
    };
    expect(looks(dog(0), paused)).toBe(52);
    const ended = (watchdog: Watchdog, look: number): void => {
      if (look === 1) watchdog.end();
    };
    expect(looks(dog(0, { idle: 1 }), ended)).toBe(1000);
  });
});

describe('parallel work', () => {
  test('results in order, no more at a time than allowed', async () => {
    let now = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 0));
      now--;
      return item * 2;
    };
    expect(await inParallel([1, 2, 3, 4, 5, 6, 7], 3, undefined, work)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(most).toBe(3);
    expect(await inParallel([], 3, undefined, work)).toEqual([]);
  });

  test('a failure cancels the others and begins no more', async () => {
    const begun: number[] = [];
    const work = async (item: number, signal: AbortSignal | undefined): Promise<number> => {
      begun.push(item);
      if (item === 1) throw new FormatError('format.request', 'x', 'bad');
      await new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('late')), { once: true }));
      return item;
    };
    await expect(inParallel([0, 1, 2, 3], 2, undefined, work)).rejects.toThrow(FormatError);
    expect(begun).toEqual([0, 1]);
    const controller = new AbortController();
    controller.abort();
    await expect(inParallel([0, 1], 2, controller.signal, work)).rejects.toMatchObject({ code: 'aborted' });
    expect(begun).toEqual([0, 1]);
  });
});

describe('failures of the platform', () => {
  test.each([
    ['EHOSTUNREACH', 'broken'],
    ['ECONNRESET', 'broken'],
    ['EPIPE', 'broken'],
    ['UND_ERR_SOCKET', 'broken'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
    ['HPE_HEADER_OVERFLOW', 'malformed'],
    ['UND_ERR_HEADERS_OVERFLOW', 'malformed'],
    ['Z_DATA_ERROR', 'malformed'],
    [undefined, 'broken'],
    ['see https://server/?bat=secret', 'broken'],
  ])('%s', (code, reason) => {
    const { reason: found, detail } = failureOf(codeOf({ cause: { code } }));
    expect(found).toBe(reason);
    expect(detail).toBe(typeof code === 'string' && !code.includes(' ') ? code : '');
  });

  test('on a kept connection it is a stale one', () => {
    expect(failureOf('ECONNRESET', true).reason).toBe('stale');
    expect(failureOf('ENETUNREACH', true).reason).toBe('stale');
    for (const nothing of [undefined, null, 'x', 7, {}]) expect(codeOf(nothing)).toBeUndefined();
  });
});
