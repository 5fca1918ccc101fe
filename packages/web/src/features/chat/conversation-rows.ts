import type { ChatLine } from '../../engine/chat-calls.js';

/** Milliseconds between two messages of one author that belong together. */
const GROUP_TIME = 300_000;

/** A message as it is laid out: what stands above it, and whether it goes on with the one before. */
export interface ConversationRow {
  readonly line: ChatLine;
  /** Whether a day begins with it. */
  readonly isNewDay: boolean;
  /** Whether the unread messages begin with it. */
  readonly isFirstUnread: boolean;
  /** Whether it says who has written it: it does not go on with the one before. */
  readonly isFirstOfGroup: boolean;
  /** Whether the next one does not go on with it. */
  readonly isLastOfGroup: boolean;
}

/** Lays messages out. `unreadFrom`: the place from which on nobody had seen them when the chat was opened. */
export function conversationRows(lines: readonly ChatLine[], unreadFrom: number | undefined): readonly ConversationRow[] {
  const firstUnread = unreadFrom === undefined ? undefined : lines.find(({ index, isOwn }) => index >= unreadFrom && !isOwn);
  return lines.map((line, i) => {
    const before = lines[i - 1];
    const next = lines[i + 1];
    const isFirstUnread = line === firstUnread;
    return {
      line,
      isNewDay: before === undefined || !isSameDay(before.time, line.time),
      isFirstUnread,
      isFirstOfGroup: before === undefined || isFirstUnread || !goOn(before, line),
      isLastOfGroup: next === undefined || next === firstUnread || !goOn(line, next),
    };
  });
}

/** Whether two points in time are on one day, where the reader is. */
export function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

function goOn(one: ChatLine, other: ChatLine): boolean {
  return (
    one.kind === 'text' &&
    other.kind === 'text' &&
    one.author === other.author &&
    Math.abs(other.time - one.time) <= GROUP_TIME &&
    isSameDay(one.time, other.time)
  );
}
