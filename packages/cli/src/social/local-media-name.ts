import type { ChatAttachment, ChatMessage } from '@pyrgos/client';
import { timeText } from '../files/entry-text.js';

/** Names of attachments are random: 48 bits are unique. */
const UUID_START = /^[0-9a-f]{8}-[0-9a-f]{4}(?=-)/u;

/** A file of a chat, and the message that has brought it. */
export interface SentFile extends Pick<ChatAttachment, 'extension' | 'name'> {
  readonly message: Pick<ChatMessage, 'author' | 'time'>;
}

/**
 * What a file is called on this machine: the day, who has sent it, and so much of the random name, which is all that our clients send, that no two of them meet. Other clients may send a name:
 * it stands behind the day and the sender, so that nobody can choose a file that programs look for, such as `.bashrc`.
 */
export function localMediaName({ extension, message, name }: SentFile): string {
  const [day = ''] = timeText(message.time).split(' ');
  const start = UUID_START.exec(name)?.[0];
  if (start === undefined) return `${day}-${message.author}-${name.replace(/^\.+/u, '')}`;
  return `${day}-${message.author}-${start}${extension === '' ? '' : `.${extension}`}`;
}
