import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChatLine, OutgoingMessage, WaitingMessage } from '../../engine/chat-calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { MAX_KEPT_BYTES } from '../../engine/waiting-limits.js';
import { Outbox } from './outbox.js';
import { sampleLine } from './sample-lines.js';

/** What an engine does with messages, as the test says. */
class Engine {
  readonly kept = new Map<string, WaitingMessage>();
  readonly asked: OutgoingMessage[] = [];
  isConnected = true;
  time = 1000;
  answer: (message: OutgoingMessage, signal: AbortSignal) => Promise<ChatLine> = async ({ text }) =>
    sampleLine(this.asked.length, { text });

  readonly box = new Outbox({
    send: async (message, { signal }) => {
      this.asked.push(message);
      return this.answer(message, signal);
    },
    begin: async (key) => {
      const triedAt = ++this.time;
      const message = this.kept.get(key);
      if (message !== undefined) this.kept.set(key, { ...message, triedAt });
      return { triedAt, isKept: message !== undefined };
    },
    keep: async (message) => {
      this.kept.set(message.key, message);
      return true;
    },
    forget: async (key) => this.kept.delete(key),
    waiting: async () => [...this.kept.values()],
    isConnected: () => this.isConnected,
  });

  constructor() {
    this.box.enter('ada');
  }

  add(text: string, id = 'chat'): void {
    this.box.add({ id, text, files: [], quote: undefined });
  }

  states(id = 'chat'): readonly string[] {
    return this.box.of(id).map(({ state }) => state);
  }
}

const fault = (code: 'network' | 'quota'): EngineError => new EngineError({ code, message: '', data: {}, retry: 'after' });
const settled = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

describe('messages on their way out', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('those of one chat are sent one after the other, in their order', async () => {
    const engine = new Engine();
    const ends: ((line: ChatLine) => void)[] = [];
    engine.answer = async () => new Promise((resolve) => ends.push(resolve));
    for (const text of ['one', 'two']) engine.add(text);
    engine.add('elsewhere', 'other');
    await settled();
    expect(engine.asked.map(({ text }) => text)).toEqual(['one', 'elsewhere']);
    expect(engine.states()).toEqual(['sending', 'waiting']);
    ends[0]?.(sampleLine(1));
    await settled();
    expect(engine.asked.map(({ text }) => text)).toEqual(['one', 'elsewhere', 'two']);
    expect(engine.asked.map(({ isTried, triedAt }) => [isTried, triedAt])).toEqual([
      [false, 1001],
      [false, 1002],
      [false, 1003],
    ]);
  });

  test('without a connection they wait, and the next attempt looks for what may be there already', async () => {
    const engine = new Engine();
    const sent: string[] = [];
    engine.box.onSent((_, { text }) => sent.push(text));
    engine.answer = async () => Promise.reject(fault('network'));
    engine.add('one');
    engine.add('two');
    await settled();
    expect(engine.states()).toEqual(['waiting', 'waiting']);
    engine.isConnected = false;
    await vi.advanceTimersByTimeAsync(200_000);
    const before = engine.asked.length;
    engine.isConnected = true;
    engine.answer = async ({ text }) => sampleLine(1, { text });
    engine.box.comeBack();
    await settled();
    expect(sent).toEqual(['one', 'two']);
    const again = engine.asked[before];
    expect(again).toMatchObject({ isTried: true, triedAt: engine.asked[0]?.triedAt });
    expect(new Set(engine.asked.map(({ triedAt }) => triedAt)).size).toBe(2);
    expect(engine.states()).toEqual([]);
  });

  test('what is refused waits for an answer, and keeps the others from nothing', async () => {
    const engine = new Engine();
    engine.answer = async ({ text }) => (text === 'large' ? Promise.reject(fault('quota')) : sampleLine(1));
    engine.add('large');
    engine.add('small');
    await settled();
    expect(engine.states()).toEqual(['failed']);
    engine.answer = async () => sampleLine(2);
    engine.box.retry(engine.box.of('chat')[0]?.key ?? '');
    await settled();
    expect(engine.states()).toEqual([]);
  });

  test('a message that is discarded is not sent any more, and is kept nowhere', async () => {
    const engine = new Engine();
    const sent: ChatLine[] = [];
    engine.box.onSent((_, line) => sent.push(line));
    let end: (line: ChatLine) => void = () => undefined;
    let isCancelled = false;
    engine.answer = async (_, signal) => {
      signal.addEventListener('abort', () => (isCancelled = true));
      return new Promise((resolve) => (end = resolve));
    };
    engine.add('one');
    await settled();
    engine.box.discard(engine.box.of('chat')[0]?.key ?? '');
    end(sampleLine(1));
    await settled();
    expect([isCancelled, sent, engine.states(), [...engine.kept.keys()]]).toEqual([true, [], [], []]);
  });

  test('what was kept is sent by the next page', async () => {
    const gone = new Engine();
    gone.isConnected = false;
    gone.box.add({ id: 'chat', text: 'late', files: [new File(['abc'], 'a.txt', { type: 'text/plain' })], quote: undefined });
    await vi.waitFor(() => expect(gone.kept.size).toBe(1));
    expect(gone.box.isUnkept).toBe(false);
    const next = new Engine();
    next.box.leave();
    for (const [key, message] of gone.kept) next.kept.set(key, message);
    next.box.enter('bob');
    await settled();
    expect(next.asked).toMatchObject([{ text: 'late', isTried: false }]);
    expect(await next.asked[0]?.files[0]?.text()).toBe('abc');
    await settled();
    expect([...next.kept.keys()]).toEqual([]);
  });

  test('the next page looks for what was tried, by the time of the first attempt, and for nothing else', async () => {
    const gone = new Engine();
    gone.answer = async () => new Promise(() => undefined);
    for (const text of ['ok', 'ok', 'ok']) gone.add(text);
    await vi.waitFor(() => expect(gone.asked).toHaveLength(1));
    expect([...gone.kept.values()].map(({ triedAt }) => triedAt)).toEqual([1001, undefined, undefined]);
    const next = new Engine();
    next.time = 2000;
    next.box.leave();
    for (const [key, message] of gone.kept) next.kept.set(key, message);
    next.box.enter('bob');
    await vi.waitFor(() => expect(next.asked).toHaveLength(3));
    expect(next.asked.map(({ isTried, triedAt }) => [isTried, triedAt])).toEqual([
      [true, 1001],
      [false, 2001],
      [false, 2002],
    ]);
  });

  test('nothing is tried before that is noted', async () => {
    const engine = new Engine();
    const order: string[] = [];
    engine.answer = async ({ text }) => {
      order.push(`${text} ${[...engine.kept.values()].find((one) => one.text === text)?.triedAt}`);
      return sampleLine(1);
    };
    for (const text of ['one', 'two']) engine.add(text);
    await vi.waitFor(() => expect(order).toEqual(['one 1001', 'two 1002']));
  });

  test('files that are too much to be kept are not read for it: the message waits in the page', async () => {
    const engine = new Engine();
    engine.isConnected = false;
    let reads = 0;
    const large = (size: number): File => {
      const file = new File([], 'film.mp4');
      return Object.defineProperties(file, {
        size: { value: size },
        arrayBuffer: {
          value: async () => {
            reads++;
            return new ArrayBuffer(0);
          },
        },
      });
    };
    engine.box.add({ id: 'chat', text: 'one', files: [large(MAX_KEPT_BYTES), large(1)], quote: undefined });
    await settled();
    expect([reads, engine.kept.size, engine.box.isUnkept]).toEqual([0, 0, true]);
    engine.box.add({ id: 'chat', text: 'two', files: [large(MAX_KEPT_BYTES)], quote: undefined });
    await settled();
    expect([reads, engine.kept.size]).toEqual([1, 1]);
    // All that wait together have a limit, too.
    for (let i = 0; i < 3; i++) engine.box.add({ id: 'chat', text: `${i}`, files: [large(MAX_KEPT_BYTES)], quote: undefined });
    engine.box.add({ id: 'chat', text: 'too much', files: [large(1)], quote: undefined });
    engine.box.add({ id: 'chat', text: 'without files', files: [], quote: undefined });
    await settled();
    expect(reads).toBe(4);
    expect(new Set([...engine.kept.values()].map(({ text }) => text))).toEqual(new Set(['two', '0', '1', '2', 'without files']));
    expect(engine.states()).toHaveLength(7);
  });

  test('whoever leaves leaves nothing behind', async () => {
    const engine = new Engine();
    engine.isConnected = false;
    engine.add('one');
    engine.box.noteDraft('chat', 'half a sen');
    engine.box.leave();
    expect([engine.states(), engine.box.draftOf('chat'), engine.box.isBusy]).toEqual([[], '', false]);
  });
});
