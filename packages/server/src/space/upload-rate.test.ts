import { describe, expect, test } from 'vitest';
import { EMPTY_RATE, type RateState, UploadRate } from './upload-rate.js';

/** A window that remembers its state, as the database does. */
class Window {
  state: RateState = EMPTY_RATE;

  constructor(
    private readonly rate: UploadRate,
    private readonly maximum: number,
  ) {}

  allow(now: number, weight: number): boolean {
    const next = this.rate.allow(this.state, now, this.maximum, weight);
    this.state = next ?? this.state;
    return next !== undefined;
  }
}

describe('sliding window of uploads', () => {
  test('vector of chapter 02 section 20.1', () => {
    const window = new Window(new UploadRate(20), 100);
    const start = 1_700_000_000_000;
    expect(window.allow(start, 100)).toBe(true);
    expect(window.allow(start, 1)).toBe(false);
    expect(window.allow(start + 30_000, 50)).toBe(true);
    expect(window.allow(start + 30_000, 1)).toBe(false);
    expect(window.allow(start + 40_000, 50)).toBe(true);
    expect(window.allow(start + 40_000, 1)).toBe(false);
  });

  test('the request that crosses the limit passes, and a refused one is not counted', () => {
    const window = new Window(new UploadRate(20), 100);
    expect(window.allow(0, 99)).toBe(true);
    expect(window.allow(0, 1_000_000)).toBe(true);
    const { state } = window;
    expect(window.allow(1, 1)).toBe(false);
    expect(window.state).toBe(state);
  });

  test('after two windows without a request everything is forgotten', () => {
    const window = new Window(new UploadRate(20), 100);
    expect(window.allow(0, 1000)).toBe(true);
    expect(window.allow(39_999, 1)).toBe(true);
    expect(window.allow(80_000, 100)).toBe(true);
    expect(window.state).toEqual({ start: 80_000, current: 100, previous: 0 });
  });

  test('a clock that is set back neither frees nor blocks for ever', () => {
    const window = new Window(new UploadRate(20), 100);
    expect(window.allow(1_000_000, 100)).toBe(true);
    expect(window.allow(999_000, 1)).toBe(false);
    expect(window.allow(0, 100)).toBe(true);
    expect(window.allow(1, 1)).toBe(false);
  });

  test('tells after how many seconds something passes again, and that is true', () => {
    const rate = new UploadRate(20);
    const maximum = 100;
    for (const state of [
      { start: 0, current: 100, previous: 0 },
      { start: 0, current: 1000, previous: 0 },
      { start: 0, current: 50, previous: 400 },
      { start: 0, current: 99, previous: 100 },
      { start: 0, current: 100, previous: 7 },
    ]) {
      for (const now of [0, 7000, 19_999, 25_000, 39_000]) {
        if (rate.allow(state, now, maximum, 1) !== undefined) continue;
        const end = now + 1000 * rate.secondsUntilAllowed(state, now, maximum);
        expect([state, now, rate.allow(state, end, maximum, 1)]).not.toEqual([state, now, undefined]);
        expect([state, now, rate.allow(state, end - 1001, maximum, 1)]).toEqual([state, now, undefined]);
      }
    }
  });

  test('nothing passes without a budget', () => {
    expect(new Window(new UploadRate(20), 0).allow(0, 0)).toBe(false);
  });
});
