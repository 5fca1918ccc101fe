import type { ChatLine, ChatPageOf } from '../../engine/chat-calls.js';

/** A message for tests: what is not said of it is as in most of them. */
export function sampleLine(index: number, changes: Partial<ChatLine> = {}): ChatLine {
  return {
    index,
    ref: `ref-${index}`,
    kind: 'text',
    author: 'ada',
    isOwn: false,
    time: Date.UTC(2026, 4, 1, 12) + index * 1000,
    text: `number ${index}`,
    attachments: [],
    isEdited: false,
    isDeleted: false,
    quote: undefined,
    about: [],
    isNew: false,
    ...changes,
  };
}

/** A page with the messages from one place to another, both included. */
export function samplePage(from: number, to: number, changes: Partial<ChatPageOf> = {}): ChatPageOf {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => sampleLine(from + i));
  return { lines, before: from === 0 ? undefined : from, after: undefined, total: to + 1, problem: undefined, ...changes };
}
