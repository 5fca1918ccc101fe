import { Multihash } from '@pyrgos/core/codec';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { FileRef } from '@pyrgos/core/social';
import { expect, test } from 'vitest';
import { MediaAttempts } from './media-attempts.js';

const ref = FileRef.of(
  'bob/.messaging/chat$ada$x/shared/media/2024/5/a.png',
  AbsoluteCapability.null(),
  Multihash.sha256(new Uint8Array(32)),
);
const MINUTE = 60_000;

/** Minutes between attempts at a file, each of which fails. */
function pauses(attempts: MediaAttempts, isAway: boolean, count: number): readonly number[] {
  const found: number[] = [];
  let now = 0;
  for (let i = 0; i < count; i++) {
    attempts.noteFailed('chat', ref, { now, isAway });
    const before = now;
    while (!attempts.isDue('chat', ref, now)) now += MINUTE;
    found.push((now - before) / MINUTE);
  }
  return found;
}

test('the longer an author is away, the rarer a file is tried; other troubles are looked at as before', () => {
  const attempts = new MediaAttempts();
  expect(attempts.isDue('chat', ref, 0)).toBe(true);
  expect(pauses(attempts, true, 10)).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]);
  attempts.noteDone('chat', ref);
  expect(attempts.isDue('chat', ref, 0)).toBe(true);
  expect(pauses(attempts, false, 3)).toEqual([10, 10, 10]);
});

test('what was read in vain is counted for each author of a chat', () => {
  const attempts = new MediaAttempts();
  attempts.noteWasted('chat', 'bob', 5);
  attempts.noteWasted('chat', 'bob', 6);
  expect([attempts.wastedOf('chat', 'bob'), attempts.wastedOf('chat', 'ada'), attempts.wastedOf('other', 'bob')]).toEqual([11, 0, 0]);
});
