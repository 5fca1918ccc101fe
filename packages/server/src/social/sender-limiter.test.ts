import { beforeEach, expect, test } from 'vitest';
import { FOLLOW_REQUEST_PAUSE_MILLISECONDS, MAX_FOLLOW_REQUESTS_OF_SENDER, MAX_WATCHED_SENDERS } from '../limits.js';
import { SenderLimiter } from './sender-limiter.js';

let now: number;
let limiter: SenderLimiter;
beforeEach(() => {
  now = 1_000_000_000;
  limiter = new SenderLimiter({ now: () => now });
});

/** How many requests are taken, of many. */
function taken(client: string, username: string): number {
  for (let count = 0; ; count++) {
    try {
      limiter.take(client, username);
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate', retry: 'safe' });
      return count;
    }
  }
}

test('one address cannot fill the inbox of a user; others, and other users, are not touched', () => {
  expect(taken('203.0.113.7', 'ada')).toBe(MAX_FOLLOW_REQUESTS_OF_SENDER);
  expect(taken('203.0.113.7', 'ada')).toBe(0);
  expect(taken('203.0.113.7', 'bob')).toBe(MAX_FOLLOW_REQUESTS_OF_SENDER);
  expect(taken('203.0.113.8', 'ada')).toBe(MAX_FOLLOW_REQUESTS_OF_SENDER);
});

test('it may post again with time, and never more than at first; a clock that is set back changes nothing', () => {
  taken('a', 'ada');
  now += 2.5 * FOLLOW_REQUEST_PAUSE_MILLISECONDS;
  expect(taken('a', 'ada')).toBe(2);
  now += 0.5 * FOLLOW_REQUEST_PAUSE_MILLISECONDS;
  expect(taken('a', 'ada')).toBe(1);
  now -= 10 * FOLLOW_REQUEST_PAUSE_MILLISECONDS;
  expect(taken('a', 'ada')).toBe(0);
  now += 1000 * FOLLOW_REQUEST_PAUSE_MILLISECONDS;
  expect(taken('a', 'ada')).toBe(MAX_FOLLOW_REQUESTS_OF_SENDER);
});

test('memory is bounded: whoever has not posted for longest is forgotten', () => {
  taken('first', 'ada');
  for (let i = 0; i < MAX_WATCHED_SENDERS; i++) limiter.take(`other${i}`, 'ada');
  expect(taken('first', 'ada')).toBe(MAX_FOLLOW_REQUESTS_OF_SENDER);
});
