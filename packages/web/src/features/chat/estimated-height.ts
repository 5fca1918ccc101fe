import { MAX_SHOWN } from './attachment-list.js';
import type { ConversationRow } from './conversation-rows.js';

/** CSS pixels of what a row is made of, about: it is measured when it is there. */
const LINE = 24;
const FRAME = 30;
const HEAD = 26;
const SEPARATOR = 48;
const ATTACHMENT = 210;
const CHARACTERS_OF_LINE = 60;
/** Lines of a text that are shown before somebody asks for the rest. */
const MAX_LINES = 20;

/** How high a message will be, in CSS pixels, as far as that can be told before it is there. */
export function estimatedHeight(row: ConversationRow | undefined): number {
  if (row === undefined) return FRAME + 2 * LINE;
  const { line, isNewDay, isFirstUnread, isFirstOfGroup } = row;
  const above = (isNewDay ? SEPARATOR : 0) + (isFirstUnread ? SEPARATOR : 0);
  if (line.kind !== 'text') return above + LINE + 8;
  const lines = Math.min(MAX_LINES, Math.ceil(line.text.length / CHARACTERS_OF_LINE) + (line.quote === undefined ? 0 : 2));
  return above + FRAME + (isFirstOfGroup ? HEAD : 0) + lines * LINE + Math.min(MAX_SHOWN, line.attachments.length) * ATTACHMENT;
}
