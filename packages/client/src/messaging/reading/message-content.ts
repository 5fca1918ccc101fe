import { type ChatContent, mirrorPlace } from '@pyrgos/core/chat';
import { MAX_CHAT_ATTACHMENTS } from '@pyrgos/core/limits';
import type { ChatAttachment } from '../chat-types.js';

/** The texts of a message, one below the other; the order of texts and files says nothing (chapter 07 section 4.4). */
export function textOf(body: readonly ChatContent[]): string {
  return body.filter((part) => typeof part === 'string').join('\n');
}

/** The files of a message, those left out that are not among the media of the chat (section 8.2). */
export function attachmentsOf(body: readonly ChatContent[], chatId: string): readonly ChatAttachment[] {
  const attachments: ChatAttachment[] = [];
  for (const part of body) {
    if (typeof part === 'string') continue;
    const name = mirrorPlace(part, chatId)?.names.at(-1);
    if (name === undefined) continue;
    if (attachments.length === MAX_CHAT_ATTACHMENTS) break;
    const dot = name.lastIndexOf('.');
    const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
    attachments.push({ path: part.path, name, extension, capability: part.capability, hash: part.contentHash });
  }
  return attachments;
}

/** The beginning of a text, for where there is room for no more; whole characters. */
export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return `${/[\ud800-\udbff]$/u.test(cut) ? cut.slice(0, -1) : cut}\u2026`;
}
