import { loadCrypto } from '@pyrgos/core/crypto';
import { Multihash } from '@pyrgos/core/codec';
import {
  MAX_CHAT_ATTACHMENTS,
  MAX_CHAT_MIRROR_AUTHOR_SIZE,
  MAX_CHAT_MIRROR_CHAT_SIZE,
  MAX_CHAT_MIRROR_MESSAGE_SIZE,
  MAX_CHAT_MIRROR_PENDING,
  MAX_CHAT_MIRROR_SIZE,
} from '@pyrgos/core/limits';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { FileRef } from '@pyrgos/core/social';
import { expect, test } from 'vitest';
import { PendingMedia } from './pending-media.js';
import { leavesReserve } from './space-reserve.js';

const crypto = await loadCrypto();
const capability = AbsoluteCapability.null();
const GIB = 2 ** 30;

function file(owner: string, name: number): FileRef {
  const hash = Multihash.sha256(crypto.sha256(new TextEncoder().encode(`${owner} ${name}`)));
  return FileRef.of(`${owner}/.messaging/chat$ada$x/shared/media/2024/5/${name}.png`, capability, hash);
}

function files(owner: string, count: number, from = 0): readonly FileRef[] {
  return Array.from({ length: count }, (_, i) => file(owner, from + i));
}

function messages(author: string, count: number): readonly { readonly author: string; readonly files: readonly FileRef[] }[] {
  return Array.from({ length: count }, (_, i) => ({ author, files: [file(author, i)] }));
}

test('of one message so many files are copied', () => {
  const size = (count: number): number => PendingMedia.empty.with([{ author: 'bob', files: files('bob', count) }]).size;
  expect([size(MAX_CHAT_ATTACHMENTS), size(MAX_CHAT_ATTACHMENTS + 1)]).toEqual([MAX_CHAT_ATTACHMENTS, MAX_CHAT_ATTACHMENTS]);
});

test('whoever sends many pushes nothing of others out, and keeps nobody waiting', () => {
  const full = PendingMedia.empty.with(messages('ada', 3)).with(messages('mal', MAX_CHAT_MIRROR_PENDING - 3));
  expect(full.size).toBe(MAX_CHAT_MIRROR_PENDING);
  const over = full.with(messages('mal', 5000)).with(messages('bob', 2));
  expect(over.size).toBe(MAX_CHAT_MIRROR_PENDING);
  expect(files('ada', 3).every((ref) => over.has(ref))).toBe(true);
  expect(
    over
      .inTurns()
      .slice(0, 5)
      .map(({ path }) => path.slice(0, 3)),
  ).toEqual(['ada', 'mal', 'bob', 'ada', 'mal']);
  // The newest of whoever has too many.
  expect([over.has(file('mal', 0)), over.has(file('mal', 4999))]).toEqual([false, true]);
});

test('bytes of a file, a message, an author and a chat', () => {
  const [first, second] = files('bob', 2) as [FileRef, FileRef];
  const one = PendingMedia.empty.with([{ author: 'bob', files: files('bob', 10) }]);
  expect([one.allows(first, MAX_CHAT_MIRROR_SIZE), one.allows(first, MAX_CHAT_MIRROR_SIZE + 1)]).toEqual([true, false]);
  expect(one.allows(file('cyd', 0), 1)).toBe(false);
  // 4096 bytes are left of the message.
  const ofMessage = one.without(first, MAX_CHAT_MIRROR_MESSAGE_SIZE - 4096);
  expect([ofMessage.allows(second, 4096), ofMessage.allows(second, 4097)]).toEqual([true, false]);
  // Of the author: the other messages count.
  const other = file('bob', 50);
  const ofAuthor = one
    .without(first, MAX_CHAT_MIRROR_AUTHOR_SIZE - GIB)
    .with([{ author: 'bob', files: [other] }])
    .with(messages('cyd', 1));
  expect([ofAuthor.allows(other, GIB), ofAuthor.without(second, 1).allows(other, GIB)]).toEqual([true, false]);
  expect(ofAuthor.without(second, 1).allows(file('cyd', 0), GIB)).toBe(true);
  // What was read in vain counts as what was copied.
  expect([
    one.allows(first, GIB, MAX_CHAT_MIRROR_AUTHOR_SIZE - GIB),
    one.allows(first, GIB, MAX_CHAT_MIRROR_AUTHOR_SIZE - GIB + 1),
  ]).toEqual([true, false]);
  // Of the chat.
  let ofChat = PendingMedia.empty;
  for (const author of ['cyd', 'dan', 'eve', 'fay', 'gus']) ofChat = ofChat.with([{ author, files: files(author, 2) }]);
  for (const author of ['cyd', 'dan', 'eve']) ofChat = ofChat.without(file(author, 0), MAX_CHAT_MIRROR_CHAT_SIZE / 4);
  ofChat = ofChat.without(file('fay', 0), MAX_CHAT_MIRROR_CHAT_SIZE / 4 - GIB);
  expect([ofChat.allows(file('gus', 0), GIB), ofChat.without(file('fay', 1), 1).allows(file('gus', 0), GIB)]).toEqual([true, false]);
});

test('a part of the quota is left', () => {
  const room = { used: 10, quota: 100 };
  expect([leavesReserve(70, room, 80), leavesReserve(71, room, 80), leavesReserve(71, room, 81)]).toEqual([true, false, true]);
});

test('what is written is read', () => {
  const [first, second] = files('bob', 2) as [FileRef, FileRef];
  const media = PendingMedia.empty.with([{ author: 'bob', files: [first, second] }]).without(first, 5000, ['2024', '5', '0.png']);
  const read = PendingMedia.decode(media.encode());
  expect(read.inTurns().map(({ path }) => path)).toEqual([second.path]);
  expect(read.placeOf(first)).toEqual(['2024', '5', '0.png']);
  expect(read.placeOf(second)).toBeUndefined();
  expect(read.encode()).toEqual(media.encode());
  expect([read.allows(second, MAX_CHAT_MIRROR_SIZE), read.has(first)]).toEqual([true, false]);
  const most = PendingMedia.empty.with([{ author: 'bob', files: [first, second] }]).without(first, MAX_CHAT_MIRROR_MESSAGE_SIZE);
  expect(PendingMedia.decode(most.encode()).allows(second, 1)).toBe(false);
});
