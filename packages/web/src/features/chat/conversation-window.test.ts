import { describe, expect, test } from 'vitest';
import { type ConversationWindow, windowOf, withChanged, withLine, withNewer, withNewest, withOlder } from './conversation-window.js';
import { sampleLine, samplePage } from './sample-lines.js';

const places = ({ lines }: ConversationWindow): readonly number[] => lines.map(({ index }) => index);

describe('the part of a chat that is at hand', () => {
  test('older and newer pages are put to it, each message once', () => {
    const window = windowOf(samplePage(10, 12, { after: 13 }));
    const both = withNewer(withOlder(window, samplePage(7, 10)), samplePage(12, 14, { after: 15 }));
    expect(places(both)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
    expect(both).toMatchObject({ before: 7, after: 15 });
    expect(withOlder(both, samplePage(0, 6)).before).toBeUndefined();
  });

  test('the newest page replaces what is at its place, and keeps what is older', () => {
    const window = windowOf(samplePage(0, 5));
    const edited = sampleLine(5, { text: 'other words', isEdited: true });
    const page = samplePage(4, 7);
    const next = withNewest(window, { ...page, lines: page.lines.map((line) => (line.index === 5 ? edited : line)) });
    expect(places(next)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(next.lines[5]).toBe(edited);
    expect(next.after).toBeUndefined();
  });

  test('when more has come than a page has, it ends before the gap', () => {
    const window = windowOf(samplePage(0, 5));
    const next = withNewest(window, samplePage(60, 99));
    expect(places(next)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(next.after).toBe(6);
    // And so it stays, until it is read on.
    expect(withNewest(next, samplePage(70, 109))).toBe(next);
    expect(places(withNewest(withNewer(next, samplePage(6, 75, { after: 76 })), samplePage(70, 109)))).toHaveLength(110);
  });

  test('places of a log that are not shown are no gap', () => {
    const window = windowOf({ ...samplePage(0, 3), lines: [sampleLine(0), sampleLine(3)] });
    const next = withNewest(window, { ...samplePage(0, 9), lines: [sampleLine(0), sampleLine(3), sampleLine(9)] });
    expect(places(next)).toEqual([0, 3, 9]);
  });

  test('an empty chat gets its first messages', () => {
    const empty = windowOf({ ...samplePage(0, 0), lines: [] });
    expect(places(withNewest(empty, samplePage(0, 2)))).toEqual([0, 1, 2]);
  });

  test('what was edited is shown so where it is at hand, and nowhere else', () => {
    const window = windowOf(samplePage(4, 6));
    const edited = [sampleLine(3, { text: 'a' }), sampleLine(5, { text: 'b' })];
    expect(withChanged(window, { ...samplePage(0, 9), lines: edited }).lines.map(({ text }) => text)).toEqual([
      'number 4',
      'b',
      'number 6',
    ]);
  });

  test('what was sent here stands at the end, or in its place', () => {
    const window = windowOf(samplePage(0, 2));
    expect(places(withLine(window, sampleLine(5)))).toEqual([0, 1, 2, 5]);
    expect(withLine(window, sampleLine(1, { text: 'x' })).lines[1]?.text).toBe('x');
    // Somewhere else in the chat the end is not at hand.
    const elsewhere = windowOf(samplePage(0, 2, { after: 3 }));
    expect(withLine(elsewhere, sampleLine(50))).toBe(elsewhere);
  });
});
