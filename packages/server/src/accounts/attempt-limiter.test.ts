import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_WATCHED_FACTORS, MAX_WATCHED_FACTORS_PER_USER, MAX_WRONG_CODES, WRONG_CODE_PAUSE_MILLISECONDS } from '../limits.js';
import { toHex } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { AttemptLimiter, type AttemptsLeft } from './attempt-limiter.js';

const factor = Uint8Array.of(1);
let time: number;
let limiter: AttemptLimiter;
let saved: Map<string, AttemptsLeft>;
let saves: number;
let isDiskBroken: boolean;

const restart = (): void => {
  limiter = new AttemptLimiter(
    { now: () => time },
    {
      attemptsLeft: (username, id) => saved.get(`${username} ${toHex(id)}`),
      saveAttempts: (username, id, attempts) => {
        if (isDiskBroken) throw new PyrgosError('storage', 'read-only');
        saves++;
        if (attempts === undefined) saved.delete(`${username} ${toHex(id)}`);
        else saved.set(`${username} ${toHex(id)}`, attempts);
      },
    },
  );
};
beforeEach(() => {
  time = 1_700_000_000_000;
  [saved, saves, isDiskBroken] = [new Map(), 0, false];
  restart();
});

/** How many attempts are allowed now; uses them up. */
function attempts(username = 'alice', credentialId = factor): number {
  for (let count = 0; ; count++) {
    try {
      limiter.take(username, credentialId);
    } catch {
      return count;
    }
  }
}

describe('the limit on wrong codes', () => {
  test('lets some through, then one in a while', () => {
    expect(attempts()).toBe(MAX_WRONG_CODES);
    expect(attempts()).toBe(0);
    time += WRONG_CODE_PAUSE_MILLISECONDS - 1;
    expect(attempts()).toBe(0);
    time += 1;
    expect(attempts()).toBe(1);
    time += 3.5 * WRONG_CODE_PAUSE_MILLISECONDS;
    expect(attempts()).toBe(3);
    time += 0.5 * WRONG_CODE_PAUSE_MILLISECONDS;
    expect(attempts()).toBe(1);
    time += 1000 * WRONG_CODE_PAUSE_MILLISECONDS;
    expect(attempts()).toBe(MAX_WRONG_CODES);
  });

  test('says how long to wait', () => {
    attempts();
    expect(() => limiter.take('alice', factor)).toThrow('Too many wrong codes. Please try again in 5 minutes.');
    time += WRONG_CODE_PAUSE_MILLISECONDS - 30_000;
    expect(() => limiter.take('alice', factor)).toThrow('Too many wrong codes. Please try again in a minute.');
    expect(() => limiter.take('alice', factor)).toThrow(expect.objectContaining({ code: 'limit', retry: 'safe' }));
  });

  test('survives a restart, in few writes', () => {
    const wrong = (): void => {
      limiter.take('alice', factor);
      limiter.blame('alice', factor);
    };
    for (let i = 0; i < MAX_WRONG_CODES; i++) {
      wrong();
      restart();
    }
    for (let i = 0; i < 100; i++) expect(wrong).toThrow('Too many wrong codes');
    expect(saves).toBe(MAX_WRONG_CODES);
    time += WRONG_CODE_PAUSE_MILLISECONDS;
    restart();
    expect(attempts()).toBe(1);
    expect(saves).toBe(MAX_WRONG_CODES);
  });

  test('a right code at once writes nothing, and one after wrong ones clears them for good', () => {
    for (let i = 0; i < 3; i++) {
      limiter.take('alice', factor);
      limiter.forgive('alice', factor);
    }
    expect(saves).toBe(0);
    limiter.take('alice', factor);
    limiter.blame('alice', factor);
    limiter.take('alice', factor);
    limiter.forgive('alice', factor);
    restart();
    expect(attempts()).toBe(MAX_WRONG_CODES);
  });

  test('works on a disk that takes nothing', () => {
    isDiskBroken = true;
    for (let i = 0; i < MAX_WRONG_CODES; i++) {
      limiter.take('alice', factor);
      limiter.blame('alice', factor);
    }
    expect(attempts()).toBe(0);
    time += WRONG_CODE_PAUSE_MILLISECONDS;
    limiter.take('alice', factor);
    limiter.forgive('alice', factor);
    expect(attempts()).toBe(MAX_WRONG_CODES);
  });

  test('ends with a right code', () => {
    attempts();
    limiter.forgive('alice', factor);
    expect(attempts()).toBe(MAX_WRONG_CODES);
  });

  test('is one of its own for every factor of every user', () => {
    attempts();
    expect(attempts('alice', Uint8Array.of(1, 2))).toBe(MAX_WRONG_CODES);
    expect(attempts('bob')).toBe(MAX_WRONG_CODES);
  });

  test('does not wait for a clock that was set back to catch up', () => {
    attempts();
    time -= 3_600_000;
    expect(attempts()).toBe(0);
    time += WRONG_CODE_PAUSE_MILLISECONDS;
    expect(attempts()).toBe(1);
  });

  test('remembers a bounded number of factors', () => {
    attempts();
    for (let i = 0; i < MAX_WATCHED_FACTORS - 1; i++) limiter.take(`user${i}`, factor);
    expect(attempts()).toBe(0);
    limiter.take('one more', factor);
    expect(attempts()).toBe(MAX_WRONG_CODES);
  });

  test('does not forget one user for another who has many factors', () => {
    attempts();
    for (let i = 0; i < MAX_WATCHED_FACTORS + 1; i++) limiter.take('mallory', Uint8Array.of(i & 255, i >> 8));
    expect(attempts()).toBe(0);
    // Mallory's own are forgotten, the oldest first.
    const last = MAX_WATCHED_FACTORS - MAX_WATCHED_FACTORS_PER_USER + 1;
    expect(attempts('mallory', Uint8Array.of(last & 255, last >> 8))).toBe(MAX_WRONG_CODES - 1);
    expect(attempts('mallory', Uint8Array.of((last - 1) & 255, (last - 1) >> 8))).toBe(MAX_WRONG_CODES);
  });
});
