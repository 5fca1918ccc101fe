import { ChatState, PrivateChatState } from '@pyrgos/core/chat';
import { FormatError, NotFoundError, printable } from '@pyrgos/core/errors';
import { MAX_CHAT_STATE_SIZE } from '@pyrgos/core/limits';
import { FileReader, findEntries, findEntry, type Item, listEntries, type View } from '../files/view/index.js';
import { readAll } from '../social/own-files.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** The files of a chat (section 3.2), and two that only Pyrgos keeps, which nobody else sees. */
export const ChatFile = {
  log: 'peergos-chat-messages.cborstream',
  index: 'peergos-chat-messages.index.bin',
  state: 'peergos-chat-state.cbor',
  privateState: 'private-chat-state.cbor',
  seen: 'pyrgos-seen.cbor',
  media: 'pyrgos-media.cbor',
} as const;

/** Index entries have 16 bytes: so many cover a log of 320 GiB. */
const MAX_INDEX_SIZE = 1_048_576;

/** The log of a chat as somebody shares it, at one version. */
export interface LogFiles {
  readonly log: Item;
  readonly index: Item | undefined;
}

/** The own copy of a chat, at one version. */
export interface OwnChat extends LogFiles {
  readonly id: string;
  /** Its directory, which nobody else sees. */
  readonly root: Item;
  /** What the members may read. */
  readonly shared: Item;
  readonly state: ChatState;
  readonly stateFile: Item;
  readonly privateState: PrivateChatState;
  readonly privateFile: Item;
  /** Files of Pyrgos in `root`. */
  readonly seenFile: Item | undefined;
  readonly mediaFile: Item | undefined;
}

/** The directory with the chats of the account; undefined when there is none. */
async function findMessaging(view: View, home: Item): Promise<Item | undefined> {
  return directory(await findEntry(view, home, MESSAGING));
}

/** The ids of the chats of which the account has a directory, whether they can be opened or not. */
export async function listChatIds(view: View, home: Item): Promise<readonly string[]> {
  const messaging = await findMessaging(view, home);
  const ids: string[] = [];
  if (messaging !== undefined) for await (const { name } of listEntries(view, messaging)) if (name !== undefined) ids.push(name);
  return ids;
}

/**
 * The own copy of a chat; undefined when there is none, or one that was never made to its end: that has no private state. FormatError and the like for what is
 * damaged.
 */
export async function findOwnChat(view: View, home: Item, id: string): Promise<OwnChat | undefined> {
  const messaging = await findMessaging(view, home);
  const root = messaging === undefined ? undefined : directory(await findEntry(view, messaging, id));
  if (root === undefined) return undefined;
  const found = await findEntries(view, root, new Set([SHARED, ChatFile.privateState, ChatFile.seen, ChatFile.media]));
  const shared = directory(found.get(SHARED));
  const privateFile = file(found.get(ChatFile.privateState));
  if (shared === undefined || privateFile === undefined) return undefined;
  const [parts, privateState] = await Promise.all([
    findEntries(view, shared, new Set([ChatFile.log, ChatFile.index, ChatFile.state])),
    readPrivateState(view, privateFile),
  ]);
  const stateFile = file(parts.get(ChatFile.state)) ?? missing(ChatFile.state);
  const log = file(parts.get(ChatFile.log)) ?? missing(ChatFile.log);
  const state = await readState(view, stateFile);
  if (state.chatId !== id) throw new FormatError('format.chat', 'ChatState.i', 'is not the name of the directory');
  return {
    id,
    root,
    shared,
    log,
    index: file(parts.get(ChatFile.index)),
    state,
    stateFile,
    privateState,
    privateFile,
    seenFile: file(found.get(ChatFile.seen)),
    mediaFile: file(found.get(ChatFile.media)),
  };
}

/** {@link findOwnChat}; NotFoundError `not-found.chat` when there is none. */
export async function requireOwnChat(view: View, home: Item, id: string): Promise<OwnChat> {
  const chat = await findOwnChat(view, home, id);
  if (chat === undefined) throw noSuchChat(id);
  return chat;
}

/** What a chat makes in which the account is not. */
export function noSuchChat(id: string): NotFoundError {
  return new NotFoundError('not-found.chat', `this account has no chat ${printable(id, 128)}: join it first, or create one`, { id });
}

/** The log that somebody shares; undefined when there is none. */
export async function findLog(view: View, shared: Item): Promise<LogFiles | undefined> {
  const parts = await findEntries(view, shared, new Set([ChatFile.log, ChatFile.index]));
  const log = file(parts.get(ChatFile.log));
  return log === undefined ? undefined : { log, index: file(parts.get(ChatFile.index)) };
}

/** The state that somebody shares, with the log of the same version; undefined when they are not there. */
export async function findState(view: View, shared: Item): Promise<(LogFiles & { readonly state: ChatState }) | undefined> {
  const parts = await findEntries(view, shared, new Set([ChatFile.log, ChatFile.index, ChatFile.state]));
  const log = file(parts.get(ChatFile.log));
  const state = file(parts.get(ChatFile.state));
  if (log === undefined || state === undefined) return undefined;
  return { log, index: file(parts.get(ChatFile.index)), state: await readState(view, state) };
}

/** The bytes of an index: it is only a hint, so one that is missing, damaged or absurdly long has none. */
export async function readIndex(view: View, index: Item | undefined): Promise<Uint8Array> {
  if (index === undefined) return new Uint8Array();
  const { size } = index.properties;
  if (size > MAX_INDEX_SIZE) return new Uint8Array();
  return new FileReader(view, index).read(0, size);
}

/** The file with the state that somebody shares; undefined when it is not there. */
export async function findStateFile(view: View, shared: Item): Promise<Item | undefined> {
  return file(await findEntry(view, shared, ChatFile.state));
}

/** What such a file says. LimitError; FormatError. */
export async function readState(view: View, item: Item): Promise<ChatState> {
  return ChatState.decode(await readAll(view, item, MAX_CHAT_STATE_SIZE));
}

async function readPrivateState(view: View, item: Item): Promise<PrivateChatState> {
  return PrivateChatState.decode(view.crypto, await readAll(view, item, MAX_CHAT_STATE_SIZE));
}

type Found = Awaited<ReturnType<typeof findEntry>>;

function directory(found: Found): Item | undefined {
  if (found?.isDangling === true) throw found.error;
  return found?.requireDirectory();
}

function file(found: Found): Item | undefined {
  if (found?.isDangling === true) throw found.error;
  return found?.requireFile();
}

function missing(name: string): never {
  throw new FormatError('format.chat', name, 'is missing');
}
