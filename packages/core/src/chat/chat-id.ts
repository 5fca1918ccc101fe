import { assertObject } from '../arguments.js';
import { ArgumentError, FormatError } from '../errors.js';
import { MAX_CHAT_ID_SIZE } from '../limits.js';
import { isFriendName } from '../social/social-fields.js';

/** The parts of the id of a chat. */
export interface ChatIdParts {
  readonly creator: string;
  /** A random UUID in lower case. */
  readonly uuid: string;
  /** The app on whose behalf the chat was made; undefined for chats of the chat app. */
  readonly app?: string | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Printable ASCII without space, `$` and what has a meaning in names of files. */
const APP_NAME = /^[!#%&'()+,\-.0-9;=@A-Z[\]^_`a-z{}~]+$/;

/**
 * The id of a chat: `chat$<creator>$<uuid>`, or `chat-<app>$<creator>$<uuid>` (chapter 07 section 3.3). It is the name of its folder at every member. ArgumentError.
 */
export function formatChatId(parts: ChatIdParts): string {
  assertObject('parts', parts);
  const { creator, uuid, app } = parts;
  if (!isCreator(creator)) throw new ArgumentError('creator', 'must be a username without a leading dot or a dollar sign');
  if (typeof uuid !== 'string' || !UUID.test(uuid)) throw new ArgumentError('uuid', 'must be a UUID in lower case');
  if (app !== undefined && !isAppName(app)) throw new ArgumentError('app', 'must be the name of an app');
  const id = `chat${app === undefined ? '' : `-${app}`}$${creator}$${uuid}`;
  if (id.length > MAX_CHAT_ID_SIZE) throw new ArgumentError('app', `makes the id longer than ${MAX_CHAT_ID_SIZE} characters`);
  return id;
}

/** Reads the id of a chat. FormatError for anything that {@link formatChatId} does not write, such as names that lead to other folders. */
export function parseChatId(text: string): ChatIdParts & { readonly app: string | undefined } {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  const [kind = '', creator = '', uuid = '', more] = text.length > MAX_CHAT_ID_SIZE ? [] : text.split('$', 4);
  const app = kind.startsWith('chat-') ? kind.slice('chat-'.length) : undefined;
  if (more !== undefined || (app === undefined ? kind !== 'chat' : !isAppName(app)) || !isCreator(creator) || !UUID.test(uuid)) {
    throw new FormatError('format.chat', 'chat id', 'must be chat$<creator>$<uuid> or chat-<app>$<creator>$<uuid>');
  }
  return { creator, uuid, app };
}

/** Whether a text is the id of a chat, as {@link parseChatId} reads it. */
export function isChatId(text: string): boolean {
  try {
    parseChatId(text);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function isCreator(text: unknown): text is string {
  return isFriendName(text) && !text.includes('$');
}

function isAppName(text: unknown): text is string {
  return typeof text === 'string' && APP_NAME.test(text);
}
