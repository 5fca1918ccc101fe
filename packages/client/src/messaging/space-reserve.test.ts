import { NetworkError } from '@pyrgos/core/errors';
import {
  MAX_CHAT_MERGE_AUTHOR_QUOTA,
  MAX_CHAT_MERGE_AUTHOR_SIZE,
  MAX_CHAT_MERGE_QUOTA,
  MAX_CHAT_MERGE_UNASKED_SIZE,
} from '@pyrgos/core/limits';
import { expect, test } from 'vitest';
import { SpaceReserve } from './space-reserve.js';

const DAY = 86_400_000;

/** A reserve of an account whose use can be changed; counts how often that is asked for. */
function account(quota: number | undefined): { readonly reserve: SpaceReserve; used: number; now: number; asked: number } {
  const state = { used: 0, now: 1000, asked: 0 };
  const answer = (value: number): number => {
    state.asked++;
    if (quota === undefined) throw new NetworkError('nobody is there');
    return value;
  };
  const space = { usage: async () => answer(state.used), quota: async () => answer(quota ?? 0) };
  return Object.assign(state, { reserve: new SpaceReserve({ account: { clock: { now: () => state.now } }, ports: { space } }) });
}

async function codeOf(reserve: SpaceReserve, size: number, ofAuthor = 0, ofAll = ofAuthor): Promise<string> {
  const error = await reserve.refusal({ author: 'mal', size, ofAuthor, ofAll }, undefined);
  return error === undefined ? 'taken' : `${error.code} ${String(error.data['reason'])}`;
}

test('a little of everybody is taken from a full account, and nobody is asked for it', async () => {
  const one = account(1_000_000);
  one.used = 1_000_000;
  expect(await codeOf(one.reserve, MAX_CHAT_MERGE_UNASKED_SIZE)).toBe('taken');
  expect(one.asked).toBe(0);
  expect(await codeOf(one.reserve, MAX_CHAT_MERGE_UNASKED_SIZE + 1)).toBe('quota reserve');
  one.reserve.noteTaken('mal', 100);
  expect(await codeOf(one.reserve, MAX_CHAT_MERGE_UNASKED_SIZE - 100)).toBe('taken');
  expect(await codeOf(one.reserve, MAX_CHAT_MERGE_UNASKED_SIZE - 99)).toBe('quota reserve');
});

test('more is taken up to a part of the quota, and again when there is room', async () => {
  const quota = 100_000_000;
  const one = account(quota);
  const most = (quota * MAX_CHAT_MERGE_QUOTA) / 100;
  one.used = most - 5_000_000;
  expect([await codeOf(one.reserve, 5_000_000), await codeOf(one.reserve, 5_000_001)]).toEqual(['taken', 'quota reserve']);
  // What others have brought in the same change counts.
  expect([await codeOf(one.reserve, 4_000_000, 0, 1_000_000), await codeOf(one.reserve, 4_000_000, 0, 1_000_001)]).toEqual([
    'taken',
    'quota reserve',
  ]);
  one.reserve.noteTaken('bob', 5_000_000);
  expect(await codeOf(one.reserve, 300_000)).toBe('quota reserve');
  one.used = 0;
  one.now += 60_001;
  expect(await codeOf(one.reserve, 300_000)).toBe('taken');
});

test('of one author so much is taken in a day, and the rest on the next one', async () => {
  const one = account(1_000_000_000_000);
  one.reserve.noteTaken('mal', 1_000_000);
  const left = MAX_CHAT_MERGE_AUTHOR_SIZE - 1_000_000;
  expect([await codeOf(one.reserve, left), await codeOf(one.reserve, left + 1)]).toEqual(['taken', 'rate member']);
  expect([await codeOf(one.reserve, left - 500, 500), await codeOf(one.reserve, left - 499, 500)]).toEqual(['taken', 'rate member']);
  one.now += DAY - 1;
  const error = await one.reserve.refusal({ author: 'mal', size: left + 1, ofAuthor: 0, ofAll: 0 }, undefined);
  expect(error?.data).toEqual({ reason: 'member', retryAfterSeconds: 1 });
  expect(await one.reserve.refusal({ author: 'bob', size: left + 1, ofAuthor: 0, ofAll: 0 }, undefined)).toBeUndefined();
  one.now++;
  expect(await codeOf(one.reserve, left + 1)).toBe('taken');
});

test('of one author no more is taken in a day than a part of the quota, but for one long message', async () => {
  const one = account(20_000_000);
  const most = (20_000_000 * MAX_CHAT_MERGE_AUTHOR_QUOTA) / 100;
  expect(await codeOf(one.reserve, 4_900_000)).toBe('taken');
  one.reserve.noteTaken('mal', 1_000_000);
  expect([await codeOf(one.reserve, most - 1_000_000), await codeOf(one.reserve, most - 999_999)]).toEqual(['taken', 'rate member']);
});

test('without an answer of the server only what one author brings is bounded', async () => {
  const one = account(undefined);
  one.reserve.noteTaken('mal', 1_000_000);
  const left = MAX_CHAT_MERGE_AUTHOR_SIZE - 1_000_000;
  expect([await codeOf(one.reserve, left), await codeOf(one.reserve, left + 1)]).toEqual(['taken', 'rate member']);
});
