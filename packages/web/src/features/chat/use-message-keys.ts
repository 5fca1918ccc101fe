import type { KeyboardEvent } from 'react';
import type { ChatLine } from '../../engine/chat-calls.js';
import type { ConversationRow } from './conversation-rows.js';

/** Messages that a page key passes over. */
const PAGE = 10;

/** The keys of the list of messages, when one of them has the focus: arrows, Home and End lead to others, Enter opens its menu, R answers it. */
export function useMessageKeys({
  rows,
  active,
  onMove,
  onMenu,
  onReply,
}: {
  readonly rows: readonly ConversationRow[];
  /** The place of the message that has the focus. */
  readonly active: number;
  readonly onMove: (index: number) => void;
  readonly onMenu: (line: ChatLine) => void;
  readonly onReply: ((line: ChatLine) => void) | undefined;
}): (event: KeyboardEvent) => void {
  return (event) => {
    // What is in a message has keys of its own.
    if (!(event.target instanceof HTMLElement) || event.target.localName !== 'article') return;
    const line = rows[active]?.line;
    if (line === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = new Map([
      ['ArrowUp', active - 1],
      ['ArrowDown', active + 1],
      ['PageUp', active - PAGE],
      ['PageDown', active + PAGE],
      ['Home', 0],
      ['End', rows.length - 1],
    ]);
    const step = steps.get(event.key);
    const isUsed = step !== undefined || event.key === 'Enter' || event.key === 'ContextMenu' || event.key === 'F10' || event.key === 'r';
    if (!isUsed || (event.key === 'F10' && !event.shiftKey)) return;
    event.preventDefault();
    if (step !== undefined) onMove(Math.max(0, Math.min(rows.length - 1, step)));
    else if (event.key === 'r') {
      if (line.kind === 'text' && !line.isDeleted) onReply?.(line);
    } else onMenu(line);
  };
}
