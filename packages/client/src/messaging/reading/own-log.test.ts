import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { buildLog, SignedMessage } from '@pyrgos/core/chat';
import { loadCrypto } from '@pyrgos/core/crypto';
import { AbortedError, FormatError, NotFoundError } from '@pyrgos/core/errors';
import { MAX_CHAT_LOOK_SIZE, MAX_CHUNK_SIZE } from '@pyrgos/core/limits';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatLogWorld, MemoryLogFile } from '../../../test/chat-log-world.js';
import { MESSAGE_HEAD_SIZE } from './message-head.js';
import { OwnLog } from './own-log.js';

const crypto = await loadCrypto();

/** Messages of some sizes, as they stand in a log. */
function messages(...sizes: readonly number[]): readonly Uint8Array[] {
  const world = new ChatLogWorld(crypto);
  for (const size of sizes) world.say('alice', 'x'.repeat(size));
  return world.messages.map((message) => message.encode());
}

/** Three chunks and a half, with an index. */
const long = messages(...Array.from({ length: 90 }, (_, i) => 150_000 + 1000 * i));
const { log: longLog, index: longIndex } = buildLog(long);

async function readAll(log: OwnLog, from = 0, to = Infinity): Promise<(Uint8Array | undefined)[]> {
  const found: (Uint8Array | undefined)[] = [];
  let next = Math.min(from, log.length);
  for await (const { index, bytes } of log.read(from, to)) {
    expect(index).toBe(next++);
    found.push(bytes);
  }
  return found;
}

function expectMessages(found: readonly (Uint8Array | undefined)[], wanted: readonly (Uint8Array | undefined)[]): void {
  expect(found).toHaveLength(wanted.length);
  for (const [i, one] of wanted.entries()) {
    const other = found[i];
    expect(one === undefined ? other === undefined : other !== undefined && equalBytes(one, other), `message ${i}`).toBe(true);
  }
}

const entry = (message: number, offset: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(message));
  view.setBigUint64(8, BigInt(offset));
  return new Uint8Array(view.buffer);
};

describe('a log', () => {
  test('an empty one has nothing', async () => {
    const log = await OwnLog.open({ file: new MemoryLogFile(new Uint8Array()), index: new Uint8Array(16) });
    expect([log.length, log.problem, await readAll(log)]).toEqual([0, undefined, []]);
  });

  test('every range of a short one, whatever lengths the messages have', async () => {
    const all = messages(0, 1, 23, 24, 100, 255, 256, 1000, 65_535, 65_536, 70_000);
    const { log: bytes, index } = buildLog(all);
    const log = await OwnLog.open({ file: new MemoryLogFile(bytes), index, count: all.length });
    for (let from = 0; from <= all.length + 1; from++) {
      for (let to = from; to <= all.length + 2; to++) expectMessages(await readAll(log, from, to), all.slice(from, to));
    }
    expect(all.map((one) => one.length)).toEqual(all.map((_, i) => log.sizeOf(i)));
    expect(log.sizeOf(all.length)).toBe(0);
  });

  test('the end of a long one is found with its last chunk alone', async () => {
    const file = new MemoryLogFile(longLog);
    const log = await OwnLog.open({ file, index: longIndex, count: long.length });
    expect(log.length).toBe(long.length);
    expectMessages(await readAll(log, long.length - 5), long.slice(-5));
    const lastChunk = Math.floor(longLog.length / MAX_CHUNK_SIZE) * MAX_CHUNK_SIZE;
    expect(Math.min(...file.reads.map(({ start }) => start))).toBeGreaterThanOrEqual(lastChunk);
    // No read goes across chunks: that would decrypt both once more.
    for (const { start, end } of file.reads) expect(Math.floor(start / MAX_CHUNK_SIZE)).toBe(Math.floor((end - 1) / MAX_CHUNK_SIZE));
    expectMessages(await readAll(log), long);
  });

  test('going back, every chunk is looked at once', async () => {
    const file = new MemoryLogFile(longLog);
    const log = await OwnLog.open({ file, index: longIndex, count: long.length });
    for (let to = log.length; to > 0; to--) expectMessages(await readAll(log, to - 1, to), [long[to - 1]]);
    const read = file.reads.reduce((sum, { start, end }) => sum + end - start, 0);
    expect(read).toBeLessThan(2.1 * longLog.length);
  });

  test.each([
    ['none', new Uint8Array()],
    ['only the beginning', longIndex.subarray(0, 16)],
    ['half an entry', longIndex.subarray(0, 24)],
    ['the end is missing', longIndex.subarray(0, 32)],
    ['the beginning is missing', longIndex.subarray(16)],
    ['out of order', concatBytes(longIndex.subarray(32), longIndex.subarray(0, 32))],
    ['beyond the log', concatBytes(longIndex, entry(long.length + 7, longLog.length), entry(1000, 2 ** 50), new Uint8Array(16).fill(255))],
    ['within a message', concatBytes(longIndex.subarray(0, 16), entry(3, 400_000))],
    ['within the last message', concatBytes(longIndex, entry(long.length - 1, longLog.length - 1000))],
    ['a number too high', concatBytes(longIndex.subarray(0, 16), entry(40, offsetOf(35)))],
    ['a number too low', concatBytes(longIndex.subarray(0, 16), entry(30, offsetOf(35)))],
    ['a wrong number at the very beginning', concatBytes(longIndex.subarray(0, 16), entry(61, offsetOf(1)), entry(85, offsetOf(85)))],
    ['all numbers too high, as of a writer that has counted wrongly', shifted(2)],
    ['all but the last too high', concatBytes(shifted(2).subarray(0, -16), longIndex.subarray(-16))],
  ])('the index is a hint: %s', async (_, index) => {
    for (const count of [long.length, undefined]) {
      const log = await OwnLog.open({ file: new MemoryLogFile(longLog), index, count });
      // Without the number of messages, which the state says, the last entry has to be believed.
      if (count === undefined && log.length !== long.length) continue;
      expect(log.length).toBe(long.length);
      for (const from of [85, 60, 40, 34, 3, 0]) expectMessages(await readAll(log, from, from + 9), long.slice(from, from + 9));
      expect(log.problem).toBeUndefined();
    }
  });

  test('any index, as long as the number of messages is right', async () => {
    const all = Array.from({ length: 60 }, (_, i) => i * 200_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(100), fc.oneof(fc.constantFrom(...all), fc.integer({ min: 0, max: 99 }).map(offsetOf)))),
        async (pairs) => {
          const index = concatBytes(new Uint8Array(16), ...pairs.map(([message, offset]) => entry(message, offset)));
          const log = await OwnLog.open({ file: new MemoryLogFile(longLog), index, count: long.length });
          expectMessages(await readAll(log, 60, 70), long.slice(60, 70));
          expectMessages(await readAll(log, 0, 10), long.slice(0, 10));
          expect([log.length, log.problem]).toEqual([long.length, undefined]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('one that has grown is known again; another one is not', async () => {
    const count = long.length - 30;
    const before = buildLog(long.slice(0, count));
    const first = await OwnLog.open({ file: new MemoryLogFile(before.log), index: before.index, count });
    await readAll(first);
    const file = new MemoryLogFile(longLog);
    const grown = await OwnLog.open({ file, index: longIndex, count: long.length, previous: first });
    expect(grown.isSameAs(first)).toBe(true);
    expect(Math.min(...file.reads.map(({ start }) => start))).toBeGreaterThan(before.log.length - 300_000);
    expectMessages(await readAll(grown), long);
    expectMessages(await readAll(first), long.slice(0, count));
    const other = buildLog(messages(5, 6, 7));
    for (const { log, index } of [other, { log: new Uint8Array(), index: other.index }]) {
      const opened = await OwnLog.open({ file: new MemoryLogFile(log), index, previous: first });
      expect([opened.isSameAs(first), opened.length]).toEqual([false, log.length === 0 ? 0 : 9]);
    }
  });

  test('the same version is not looked at once more', async () => {
    const file = new MemoryLogFile(longLog);
    const first = await OwnLog.open({ file, index: longIndex, version: 'a' });
    const other = new MemoryLogFile(longLog);
    expect(await OwnLog.open({ file: other, index: longIndex, version: 'a', previous: first })).toBe(first);
    expect(other.reads).toEqual([]);
    expect(await OwnLog.open({ file: other, index: longIndex, version: 'b', previous: first })).not.toBe(first);
    expect(await OwnLog.open({ file: other, index: longIndex, previous: first })).not.toBe(first);
  });

  test('what has come to it is taken from the state, when that fits', async () => {
    const world = new ChatLogWorld(crypto);
    for (const size of [0, 5, 10, 23, 24, 100, 170, 255, 256, 400, 1000, 70_000]) world.say('alice', 'x'.repeat(size));
    const envelopes = world.messages.map(({ envelope }) => envelope);
    const opened = async (
      count: number,
      parts: Partial<Parameters<typeof OwnLog.open>[0]> = {},
    ): Promise<{ log: OwnLog; file: MemoryLogFile }> => {
      const { log: bytes, index } = buildLog(world.messages.slice(0, count).map((message) => message.encode()));
      const file = new MemoryLogFile(bytes);
      return { log: await OwnLog.open({ file, index, count, version: String(count), ...parts }), file };
    };
    const recentAt = (count: number) => envelopes.slice(Math.max(0, count - 10), count);
    /** The envelopes of all messages. */
    const read = async (log: OwnLog): Promise<readonly Uint8Array[]> => {
      const all = await readAll(log);
      return all.map((bytes) => SignedMessage.decode(bytes ?? new Uint8Array()).envelope.encode());
    };
    for (let from = 1; from < envelopes.length; from++) {
      const first = await opened(from);
      let { log } = first;
      // Step by step, by steps of different lengths.
      for (let count = from; count <= envelopes.length; count += 1 + ((count * from) % 4)) {
        const next = await opened(count, { previous: log, recent: recentAt(count), version: `${from} ${count}` });
        expect(next.file.reads).toEqual([]);
        expect([next.log.isSameAs(first.log), next.log.length, next.log.problem]).toEqual([true, count, undefined]);
        expect(await read(next.log)).toEqual(envelopes.slice(0, count).map((envelope) => envelope.encode()));
        log = next.log;
      }
      const { log: last } = await opened(envelopes.length, { previous: log });
      expect([last.isSameAs(first.log), last.length]).toEqual([true, envelopes.length]);
    }
    // More has come than the state has, or something else.
    const { log: previous } = await opened(5);
    for (const [count, recent] of [
      [16, recentAt(16)],
      [8, recentAt(7)],
      [8, recentAt(8).slice(-3)],
      [8, [...recentAt(8).slice(0, -2), ...recentAt(8).slice(-1)]],
      [8, recentAt(8).toReversed()],
      [8, []],
    ] as const) {
      const { log, file } = await opened(count, { previous, recent });
      expect(file.reads.length).toBeGreaterThan(0);
      expect([log.isSameAs(previous), log.length]).toEqual([true, count]);
      expect(await read(log)).toEqual(envelopes.slice(0, count).map((envelope) => envelope.encode()));
    }
  });

  test('when the version before is gone, what is there now is read', async () => {
    const world = new ChatLogWorld(crypto);
    for (let i = 0; i < 5; i++) world.say('alice', `${i}`);
    const envelopes = world.messages.map(({ envelope }) => envelope);
    const all = world.messages.map((message) => message.encode());
    class Gone extends MemoryLogFile {
      isGone = false;
      override async read(start: number, end: number): Promise<Uint8Array> {
        if (this.isGone) throw new NotFoundError('not-found.block', 'was collected');
        return super.read(start, end);
      }
    }
    const before = buildLog(all.slice(0, 8));
    const old = new Gone(before.log);
    const previous = await OwnLog.open({ file: old, index: before.index, count: 8 });
    old.isGone = true;
    const now = buildLog(all);
    const file = new MemoryLogFile(now.log);
    const log = await OwnLog.open({ file, index: now.index, count: all.length, previous, recent: envelopes.slice(-6) });
    expect([log.isSameAs(previous), file.reads.length]).toEqual([true, 0]);
    expectMessages((await readAll(log)).slice(0, 8), all.slice(0, 8));
    expect(file.reads.length).toBeGreaterThan(0);
  });

  test('calls that run at a time', async () => {
    const log = await OwnLog.open({ file: new MemoryLogFile(longLog), index: shifted(2), count: undefined });
    const found = await Promise.all([0, 30, 60, 10, 40].map(async (from) => readAll(log, from, from + 3)));
    for (const some of found) expect(some).toHaveLength(3);
    const right = await OwnLog.open({
      file: new MemoryLogFile(longLog),
      index: concatBytes(longIndex, entry(50, offsetOf(49))),
      count: long.length,
    });
    const parts = await Promise.all([0, 30, 48, 60, 10, 80].map(async (from) => readAll(right, from, from + 10)));
    for (const [i, from] of [0, 30, 48, 60, 10, 80].entries()) expectMessages(parts[i] ?? [], long.slice(from, from + 10));
  });

  test('cancelled', async () => {
    const log = await OwnLog.open({ file: new MemoryLogFile(longLog), index: longIndex, count: long.length });
    const signal = AbortSignal.abort();
    await expect(log.read(0, 1, signal).next()).rejects.toThrow(AbortedError);
  });
});

describe('a log of somebody else', () => {
  const bytesRead = ({ reads }: MemoryLogFile): number => reads.reduce((sum, { start, end }) => sum + end - start, 0);
  /** A message without content, the smallest one. */
  const least = concatBytes(Uint8Array.of(0x82, 0x58, 0x40), new Uint8Array(64), Uint8Array.of(0x40));
  /** A message of so many bytes. */
  const sized = (size: number): Uint8Array => {
    const head = Uint8Array.of(0x82, 0x58, 0x40, ...new Uint8Array(64), 0x5a, 0, 0, 0, 0);
    const message = new Uint8Array(size);
    message.set(head);
    new DataView(message.buffer).setUint32(head.length - 4, size - head.length);
    return message;
  };
  const half = sized(MAX_CHUNK_SIZE / 2);

  test('an index whose entries are all wrong costs no more than the log has bytes, some times', async () => {
    const chunks = 14;
    const log = concatBytes(...Array.from({ length: 2 * chunks }, () => half), Uint8Array.of(0));
    for (const index of [
      // Numbers too high and too low, and no beginnings of messages, once in each chunk.
      Array.from({ length: chunks }, (_, i) => entry(5 * i, MAX_CHUNK_SIZE * i)),
      Array.from({ length: chunks }, (_, i) => entry(i, MAX_CHUNK_SIZE * i)),
      Array.from({ length: chunks }, (_, i) => entry(2 * i, MAX_CHUNK_SIZE * i + (i && 1))),
      Array.from({ length: chunks }, (_, i) => entry(2 * i + (i % 2), MAX_CHUNK_SIZE * i)),
    ]) {
      const file = new MemoryLogFile(log);
      const opened = await OwnLog.open({ file, index: concatBytes(...index) });
      const found = await readAll(opened, 0, 2 * chunks);
      expect(bytesRead(file)).toBeLessThan(6 * log.length);
      expect(found.filter((bytes) => bytes !== undefined).length).toBeGreaterThan(0);
      expect(opened.problem).toBeInstanceOf(FormatError);
    }
  });

  test('many entries within one chunk are one', async () => {
    const log = concatBytes(...Array.from({ length: 5000 }, () => least), Uint8Array.of(0));
    const index = Array.from({ length: 4000 }, (_, i) => entry(2 * i, i * least.length));
    const file = new MemoryLogFile(log);
    const opened = await OwnLog.open({ file, index: concatBytes(...index) });
    expect([opened.length, opened.problem]).toMatchObject([5000, { code: 'format.chat' }]);
    expect(bytesRead(file)).toBeLessThan(2 * log.length);
  });

  test('others have a turn while it is looked through, and it can be cancelled', async () => {
    const log = concatBytes(...Array.from({ length: 8 }, () => half));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    const file = new MemoryLogFile(log);
    await expect(OwnLog.open({ file, index: new Uint8Array() }, controller.signal)).rejects.toThrow(AbortedError);
    expect(bytesRead(file)).toBeLessThan(log.length);
  });

  test('without an index, too, only what has come to it is looked at', async () => {
    const before = new MemoryLogFile(longLog.subarray(0, offsetOf(80)));
    const first = await OwnLog.open({ file: before, index: new Uint8Array() });
    expectMessages(await readAll(first, 79), long.slice(79, 80));
    const place = await first.placeOf(80);
    const file = new MemoryLogFile(longLog);
    const grown = await OwnLog.open({ file, index: new Uint8Array(), place });
    expectMessages(await readAll(grown, 80), long.slice(80));
    expect(Math.min(...file.reads.map(({ start }) => start))).toBe(offsetOf(80) - 256);
    expectMessages(await readAll(grown), long);
    for (const index of [longIndex, shifted(2)]) {
      const opened = await OwnLog.open({ file, index, place });
      expectMessages(await readAll(opened, 80), long.slice(80));
      expectMessages(await readAll(opened), long);
    }
    // Nothing is behind it, the end is damaged, or it is another log.
    const same = await OwnLog.open({ file: before, index: new Uint8Array(), place });
    expect([same.length, same.problem, await readAll(same, 80)]).toEqual([80, undefined, []]);
    const damaged = longLog.slice();
    damaged[offsetOf(85)] = 0;
    const opened = await OwnLog.open({ file: new MemoryLogFile(damaged), index: new Uint8Array(), place });
    expectMessages(await readAll(opened, 80), long.slice(80, 85));
    expect(opened.problem).toMatchObject({ code: 'format.chat' });
    for (const bytes of [longLog.subarray(0, offsetOf(40)), concatBytes(long[0] ?? new Uint8Array(), longLog)]) {
      const other = await OwnLog.open({ file: new MemoryLogFile(bytes), index: new Uint8Array(), place });
      expect(other.length).toBe(bytes.length < longLog.length ? 40 : long.length + 1);
      expectMessages(await readAll(other, 0, 1), long.slice(0, 1));
    }
  });

  test('so much is looked through at a time, and then goes on', async () => {
    const count = MAX_CHAT_LOOK_SIZE / half.length;
    const most = MAX_CHAT_LOOK_SIZE;
    const whole = concatBytes(...Array.from({ length: count }, () => half));
    expect(whole.length).toBe(MAX_CHAT_LOOK_SIZE);
    const all = await OwnLog.open({ file: new MemoryLogFile(whole), index: new Uint8Array(), most });
    expect([all.length, all.isCut]).toEqual([count, false]);
    const more = concatBytes(whole, least, least);
    // Indexes that are none, and that say that there is nothing to look through.
    for (const index of [new Uint8Array(), entry(count + 1, more.length - least.length)]) {
      const cut = await OwnLog.open({ file: new MemoryLogFile(more), index, most });
      let read = 0;
      for await (const { index: message } of cut.read(0, cut.length)) read = message + 1;
      expect([cut.isCut, read]).toEqual([true, count]);
      const place = await cut.placeOf(count);
      const rest = await OwnLog.open({ file: new MemoryLogFile(more), index: new Uint8Array(), most, place });
      expect([rest.isCut, rest.length]).toEqual([false, count + 2]);
      expectMessages(await readAll(rest, count), [least, least]);
      // What is before is looked through once more when it is wanted.
      expectMessages(await readAll(rest, 0, 1), [half]);
    }
  });
});

describe('a damaged log', () => {
  test('what is no message hides what is behind it, and nothing before', async () => {
    const all = messages(10, 20, 30, 40, 50);
    const { log: bytes, index } = buildLog(all);
    const offset = all.slice(0, 7).reduce((sum, { length }) => sum + length, 0);
    for (const [at, byte] of [
      [0, 0x83],
      [1, 0x59],
      [2, 0x41],
      [67, 0x60],
      [67, 0x5b],
    ] as const) {
      const damaged = bytes.slice();
      damaged[offset + at] = byte;
      const log = await OwnLog.open({ file: new MemoryLogFile(damaged), index, count: all.length });
      expect(log.problem).toBeInstanceOf(FormatError);
      expectMessages(await readAll(log), all.slice(0, 7));
    }
  });

  test('one that is cut off', async () => {
    const all = messages(10, 20, 30);
    const { log: bytes, index } = buildLog(all);
    const last = all.at(-1)?.length ?? 0;
    for (const missing of [1, 20, last - MESSAGE_HEAD_SIZE, last - 68, last - 67, last - 3, last - 1]) {
      const log = await OwnLog.open({ file: new MemoryLogFile(bytes.slice(0, -missing)), index, count: all.length });
      expect(log.problem).toMatchObject({ code: 'format.chat' });
      expectMessages(await readAll(log), all.slice(0, -1));
    }
  });

  test('the index leads past the damage', async () => {
    const damaged = longLog.slice();
    damaged[offsetOf(5)] = 0;
    const log = await OwnLog.open({ file: new MemoryLogFile(damaged), index: longIndex, count: long.length });
    expect([log.length, log.problem]).toEqual([long.length, undefined]);
    const found = await readAll(log);
    expect(log.problem).toBeInstanceOf(FormatError);
    const lost = found.findLastIndex((bytes) => bytes === undefined);
    expectMessages(
      found,
      long.map((bytes, i) => (i >= 5 && i <= lost ? undefined : bytes)),
    );
    expect(lost).toBeGreaterThan(20);
    expect(lost).toBeLessThan(45);
  });

  test('a chunk that is lost', async () => {
    class Lost extends MemoryLogFile {
      override async read(start: number, end: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array> {
        if (Math.floor(start / MAX_CHUNK_SIZE) === 1) throw new NotFoundError('not-found.block', 'a fragment is lost');
        return super.read(start, end, options);
      }
    }
    const log = await OwnLog.open({ file: new Lost(longLog), index: longIndex, count: long.length });
    expectMessages(await readAll(log, 75), long.slice(75));
    expectMessages(await readAll(log, 0, 20), long.slice(0, 20));
    expect((await readAll(log, 40, 42)).every((bytes) => bytes === undefined)).toBe(true);
    expect(log.problem).toMatchObject({ code: 'not-found.block' });
  });

  test('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 64 }), fc.nat(10), async (bytes, index, count) => {
        const good = messages(10);
        const log = await OwnLog.open({ file: new MemoryLogFile(concatBytes(...good, bytes)), index, count });
        expectMessages(await readAll(log, 0, good.length), good);
        expect(log.problem === undefined).toBe(bytes.length === 0);
      }),
      { numRuns: 200 },
    );
  });
});

function offsetOf(message: number): number {
  return long.slice(0, message).reduce((sum, { length }) => sum + length, 0);
}

/** The index of the long log with other numbers. */
function shifted(by: number): Uint8Array {
  const index = longIndex.slice();
  const view = new DataView(index.buffer);
  for (let at = 16; at < index.length; at += 16) view.setBigUint64(at, view.getBigUint64(at) + BigInt(by));
  return index;
}
