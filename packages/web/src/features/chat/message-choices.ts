import type { ChatLine } from '../../engine/chat-calls.js';
import type { TextFunction } from '../../i18n/text.js';
import type { MenuChoice } from '../../ui/menu.js';
import { showToast } from '../../ui/toasts.js';

/** What to do when something is chosen. */
export interface MessageActions {
  readonly canWrite: boolean;
  readonly onReply: (line: ChatLine) => void;
  readonly onEdit: (line: ChatLine) => void;
  readonly onDelete: (line: ChatLine) => void;
}

/** What can be done with a message; nothing with what has happened, and with what was deleted. */
export function messageChoices(
  line: ChatLine,
  { canWrite, onReply, onEdit, onDelete }: MessageActions,
  text: TextFunction,
): readonly MenuChoice[] {
  if (line.kind !== 'text' || line.isDeleted) return [];
  const choices: MenuChoice[] = [];
  if (canWrite) choices.push({ id: 'reply', label: text('chat.reply'), icon: 'reply', onChoose: () => onReply(line) });
  if (line.text !== '') choices.push({ id: 'copy', label: text('chat.copy'), icon: 'copy', onChoose: () => void copy(line.text, text) });
  if (!line.isOwn || !canWrite) return choices;
  return [
    ...choices,
    { id: 'edit', label: text('chat.edit'), icon: 'edit', onChoose: () => onEdit(line) },
    { id: 'delete', label: text('chat.delete'), icon: 'trash', isDanger: true, onChoose: () => onDelete(line) },
  ];
}

async function copy(words: string, text: TextFunction): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
    showToast({ kind: 'good', text: text('chat.copied') });
  } catch {
    showToast({ kind: 'problem', text: text('action.copy.failed') });
  }
}
