import type { ChatLine, ChatPageOf } from '../../engine/chat-calls.js';

/** The part of a chat that is at hand: one piece of it without gaps. */
export interface ConversationWindow {
  /** Oldest first. */
  readonly lines: readonly ChatLine[];
  /** Where older ones are; undefined at the beginning of the chat. */
  readonly before: number | undefined;
  /** Where newer ones are; undefined at its end. */
  readonly after: number | undefined;
}

/** What a page shows. */
export function windowOf({ lines, before, after }: ChatPageOf): ConversationWindow {
  return { lines, before, after };
}

/** With the page before it. */
export function withOlder(window: ConversationWindow, { lines, before }: ChatPageOf): ConversationWindow {
  const first = window.lines[0]?.index ?? Infinity;
  return { ...window, lines: [...lines.filter(({ index }) => index < first), ...window.lines], before };
}

/** With the page behind it. */
export function withNewer(window: ConversationWindow, { lines, after }: ChatPageOf): ConversationWindow {
  const last = window.lines.at(-1)?.index ?? -1;
  return { ...window, lines: [...window.lines, ...lines.filter(({ index }) => index > last)], after };
}

/**
 * With the newest page as it is now. What is at hand at its place is replaced: it may have been edited. When more has come than a page has, the
 * window ends before the gap.
 */
export function withNewest(window: ConversationWindow, page: ChatPageOf): ConversationWindow {
  const [first] = page.lines;
  const last = window.lines.at(-1);
  if (last === undefined || first === undefined) return windowOf(page);
  // Somebody looks at a place far above: there is nothing to be put together.
  if (window.after !== undefined && first.index > last.index) return window;
  if (page.before !== undefined && first.index > last.index) return { ...window, after: last.index + 1 };
  return { ...window, lines: [...window.lines.filter(({ index }) => index < first.index), ...page.lines], after: page.after };
}

/** With a part as it is now, somewhere in it: what was there may have been edited. Messages that are not at hand stay away. */
export function withChanged(window: ConversationWindow, { lines }: ChatPageOf): ConversationWindow {
  const changed = new Map(lines.map((line) => [line.index, line]));
  return { ...window, lines: window.lines.map((line) => changed.get(line.index) ?? line) };
}

/** With a message that was sent or edited here. */
export function withLine(window: ConversationWindow, line: ChatLine): ConversationWindow {
  if (window.lines.some(({ index }) => index === line.index)) {
    return { ...window, lines: window.lines.map((other) => (other.index === line.index ? line : other)) };
  }
  const last = window.lines.at(-1);
  const isBehind = window.after === undefined && (last === undefined || line.index > last.index);
  return isBehind ? { ...window, lines: [...window.lines, line] } : window;
}
