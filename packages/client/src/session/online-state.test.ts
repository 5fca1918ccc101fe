import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { OFFLINE_MILLISECONDS, OFFLINE_PATIENCE } from '@pyrgos/core/limits';
import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/commit-world.js';
import type { SetTimer } from '../waiting/timer.js';
import { isAway, OnlineState } from './online-state.js';

const networkError = (reason?: string): PyrgosError =>
  new PyrgosError('network', 'no', { data: reason === undefined ? {} : { reason }, retry: 'safe' });

let clock: ManualClock;
let online: OnlineState;
/** Timers that wait, and after how many milliseconds they are to go off. */
let timers: Map<() => void, number>;
beforeEach(() => {
  clock = new ManualClock();
  timers = new Map();
  const timer: SetTimer = (milliseconds, fire) => {
    timers.set(fire, milliseconds);
    return () => timers.delete(fire);
  };
  online = new OnlineState(clock, timer);
});

const kept = async (): Promise<string | undefined> => 'kept';
const nothingKept = async (): Promise<string | undefined> => undefined;

describe('that there is no server', () => {
  test.each(['unreachable', 'no-answer', 'broken', 'stale', 'timeout', 'unavailable'])('is what %s says', async (reason) => {
    expect(isAway(networkError(reason))).toBe(true);
    const failing = async (): Promise<string> => {
      throw networkError(reason);
    };
    expect(await online.runOr(failing, kept)).toBe('kept');
    expect(online.isOnline).toBe(false);
    // For a while nothing is tried.
    expect(await online.runOr(async () => 'asked', kept)).toBe('kept');
    clock.time += OFFLINE_MILLISECONDS;
    expect(await online.runOr(async () => 'asked', kept)).toBe('asked');
    await expect(online.runOr(failing, nothingKept)).rejects.toMatchObject({ code: 'network' });
  });

  test.each([['certificate'], ['malformed'], ['unknown-outcome'], [undefined]])('is not what %s says', async (reason) => {
    const failing = async (): Promise<string> => {
      throw networkError(reason);
    };
    await expect(online.runOr(failing, kept)).rejects.toMatchObject({ code: 'network' });
    expect(online.isOnline).toBe(true);
  });
});

describe('a server that does not answer', () => {
  /** Waits until it is cancelled. */
  const silent = async (signal: AbortSignal): Promise<string> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(error);
        }
      });
    });

  const goOff = (): void => {
    for (const fire of timers.keys()) fire();
  };

  test('is waited for only so long when there is something to fall back on', async () => {
    let given: AbortSignal | undefined;
    const call = online.runOr(async (signal) => silent((given = signal)), kept);
    expect([...timers.values()]).toEqual([OFFLINE_PATIENCE]);
    goOff();
    expect(await call).toBe('kept');
    expect(given?.aborted).toBe(true);
    expect(timers.size).toBe(0);
    expect(online.isOnline).toBe(false);
    // That it was cancelled later says nothing.
    await Promise.resolve();
    expect(online.isOnline).toBe(false);
  });

  test('is waited for when there is nothing, or when that cannot be read', async () => {
    let answer: (value: string) => void = () => undefined;
    const slow = async (): Promise<string> => new Promise((resolve) => (answer = resolve));
    const broken = async (): Promise<string> => {
      throw new Error('the disk');
    };
    for (const fallback of [nothingKept, broken]) {
      const call = online.runOr(slow, fallback);
      goOff();
      for (let i = 0; i < 5; i++) await Promise.resolve();
      answer('asked');
      expect(await call).toBe('asked');
      expect(online.isOnline).toBe(true);
    }
  });

  test('is not away when it answers while the fallback is still being looked for', async () => {
    let answer: (value: string) => void = () => undefined;
    let found: (value: string) => void = () => undefined;
    const asked = new Promise<string>((resolve) => (answer = resolve));
    const remembered = new Promise<string>((resolve) => (found = resolve));
    let given: AbortSignal | undefined;
    const call = online.runOr(
      async (signal) => {
        given = signal;
        return asked;
      },
      async () => remembered,
    );
    goOff();
    answer('asked');
    expect(await call).toBe('asked');
    found('kept');
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect(online.isOnline).toBe(true);
    expect(given?.aborted).toBe(false);
  });

  test('is left when the caller cancels, before and while it is asked', async () => {
    await expect(
      online.runOr(async (signal) => throwIfAborted(signal, 'x'), nothingKept as never, AbortSignal.abort()),
    ).rejects.toMatchObject({
      code: 'aborted',
    });
    const controller = new AbortController();
    const call = online.runOr(silent, kept, controller.signal);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(timers.size).toBe(0);
  });

  test('who cancels has learnt nothing about the server', async () => {
    await expect(online.run(async () => Promise.reject(networkError('timeout')))).rejects.toMatchObject({ code: 'network' });
    await expect(online.run(async () => throwIfAborted(AbortSignal.abort(), 'x'))).rejects.toMatchObject({ code: 'aborted' });
    expect(online.isOnline).toBe(false);
  });
});
