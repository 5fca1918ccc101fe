import { describe, expect, test } from 'vitest';
import { conversationRows } from './conversation-rows.js';
import { sampleLine } from './sample-lines.js';

const MINUTE = 60_000;
const noon = new Date(2026, 4, 1, 12).getTime();

describe('how messages are laid out', () => {
  test('messages of one author that follow each other soon are a group', () => {
    const rows = conversationRows(
      [
        sampleLine(0, { time: noon }),
        sampleLine(1, { time: noon + MINUTE }),
        sampleLine(2, { time: noon + 2 * MINUTE, author: 'bob' }),
        sampleLine(3, { time: noon + 3 * MINUTE }),
        sampleLine(4, { time: noon + 9 * MINUTE }),
        sampleLine(5, { time: noon + 9 * MINUTE, kind: 'joined' }),
        sampleLine(6, { time: noon + 9 * MINUTE }),
      ],
      undefined,
    );
    expect(rows.map(({ isFirstOfGroup }) => isFirstOfGroup)).toEqual([true, false, true, true, true, true, true]);
    expect(rows.map(({ isLastOfGroup }) => isLastOfGroup)).toEqual([false, true, true, true, true, true, true]);
  });

  test('a day begins with its first message', () => {
    const midnight = new Date(2026, 4, 2).getTime();
    const rows = conversationRows(
      [noon, midnight - 1, midnight, midnight + MINUTE].map((time, i) => sampleLine(i, { time })),
      undefined,
    );
    expect(rows.map(({ isNewDay }) => isNewDay)).toEqual([true, false, true, false]);
    expect(rows[2]?.isFirstOfGroup).toBe(true);
  });

  test('what is unread begins with the first message of somebody else', () => {
    const lines = [sampleLine(0), sampleLine(1), sampleLine(2, { isOwn: true }), sampleLine(4), sampleLine(5)];
    expect(conversationRows(lines, 2).map(({ isFirstUnread }) => isFirstUnread)).toEqual([false, false, false, true, false]);
    expect(conversationRows(lines, 2)[3]?.isFirstOfGroup).toBe(true);
    expect(conversationRows(lines, undefined).some(({ isFirstUnread }) => isFirstUnread)).toBe(false);
  });
});
