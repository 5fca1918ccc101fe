import { concatBytes } from '@pyrgos/core/bytes';
import { type ChatState, copyChat, initialIndex, type LogItem, type LookedAtLog, planAppend, type SignedMessage } from '@pyrgos/core/chat';
import { LimitError, NotFoundError } from '@pyrgos/core/errors';
import { MAX_CHAT_COPY_SIZE } from '@pyrgos/core/limits';
import type { CommittedView, Item, View } from '../files/view/index.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { hasRecipient } from '../social/groups.js';
import { findLog, findOwnChat, findState, type LogFiles } from './chat-files.js';
import { openLog, readMessages } from './chat-log.js';
import type { ChatMirrors } from './chat-mirrors.js';
import type { ChatParts } from './chat-parts.js';
import { activeMembers } from './chat-summaries.js';
import type { ChatInvitation } from './chat-types.js';
import { type NewOwnChat, writeNewChat } from './new-chat.js';

/** What was taken of the inviter, all at one version. */
interface Taken {
  readonly view: CommittedView;
  readonly files: LogFiles;
  readonly state: ChatState;
}

/**
 * Makes an own copy of a chat from that of the inviter, and joins (chapter 07 section 6.5), in one commit: afterwards the inviter and all friends in the chat may read it. Nothing of the inviter is
 * believed that the messages do not prove. The log is read twice, once to verify it and once to write it, and never kept in memory. Errors of {@link Chats.join}.
 */
export async function acceptInvitation(
  parts: ChatParts,
  { id, inviter }: Pick<ChatInvitation, 'id' | 'inviter'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { space } = parts;
  const taken = await take(parts, id, inviter, signal);
  const chat = await copyOf(parts, { id, inviter }, taken);
  await space.change(
    signal,
    async (view, home) => {
      const isMade = (await findOwnChat(view, home, id)) !== undefined;
      const readers = isMade ? [] : await readersOf(parts, view, home, chat.state, inviter);
      return { writers: [home.writer], isMade, readers };
    },
    async (operation, home, { isMade, readers }) => {
      // Another device was faster.
      if (!isMade) await writeNewChat(operation, space, home, { ...chat, readers });
    },
  );
}

async function take({ space, mirrors }: ChatParts, id: string, inviter: string, signal: AbortSignal | undefined): Promise<Taken> {
  const view = space.tree.view(signal, true);
  const shared = (await mirrors.isFollowed(view, inviter)) ? await mirrors.find(view, inviter, id) : 'away';
  const found = shared === undefined || shared === 'away' ? undefined : await findState(view, shared);
  if (found === undefined) throw new NotFoundError('not-found.chat', 'Nobody shares this chat with the account (any more).', { id });
  return { view, files: found, state: found.state };
}

/** The own copy as it will be, with the message that the account has joined at the end of its log. */
async function copyOf(
  { space, store, mirrors }: ChatParts,
  { id, inviter }: Pick<ChatInvitation, 'id' | 'inviter'>,
  { view, files, state }: Taken,
): Promise<Omit<NewOwnChat, 'readers'>> {
  const { crypto } = space.account;
  assertCopiedSize(files.log.properties.size);
  const theirs = await openLog(view, files);
  const { replica, replaced, length } = await copyChat({
    ...store.identityOf(view),
    crypto,
    chatId: id,
    inviter,
    state,
    logOf: async (username) => logOf(mirrors, view, username, id),
    log: messagesOf(readMessages(theirs, 0, view.signal)),
  });
  await replica.join();
  const { changes } = replica;
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    let place = 0;
    for await (const { bytes } of readMessages(theirs, 0, view.signal)) yield replaced.get(place++)?.encode() ?? bytes;
    for (const message of changes.appended) yield message.encode();
  };
  const entries = [initialIndex()];
  let size = 0;
  for (let messageCount = 0; messageCount < length + changes.appended.length; messageCount++) {
    const message = replaced.get(messageCount) ?? changes.appended[messageCount - length];
    // Where messages begin depends on nothing but how long they are.
    const encoded = message?.encode() ?? new Uint8Array(theirs.sizeOf(messageCount));
    const { indexEntry } = planAppend({ logSize: size, messageCount, encodings: [encoded] });
    if (indexEntry !== undefined) entries.push(indexEntry);
    size += encoded.length;
  }
  return { id, log: { size, pieces }, index: concatBytes(...entries), state: changes.state, privateState: changes.privateState };
}

/** The log of another member, if it can be read now. */
async function logOf(mirrors: ChatMirrors, view: CommittedView, username: string, id: string): Promise<LookedAtLog | undefined> {
  try {
    const shared = (await mirrors.isFollowed(view, username)) ? await mirrors.find(view, username, id) : undefined;
    const files = shared === undefined || shared === 'away' ? undefined : await findLog(view, shared);
    if (files === undefined) return undefined;
    const log = await openLog(view, files);
    return { length: log.length, read: (from, to) => readMessages(log, from, view.signal, to) };
  } catch (error) {
    if (!isOfOthers(error)) throw error;
    return undefined;
  }
}

async function* messagesOf(items: AsyncIterable<LogItem>): AsyncGenerator<SignedMessage | undefined, void, undefined> {
  for await (const { message } of items) yield message;
}

/** LimitError for a log that is too large to be copied. */
export function assertCopiedSize(size: number): void {
  if (size > MAX_CHAT_COPY_SIZE) throw new LimitError('bytes of the log of a chat', size, MAX_CHAT_COPY_SIZE);
}

/** Who may read the copy: the inviter, and all friends in the chat. */
async function readersOf({ mirrors }: ChatParts, view: View, home: Item, state: ChatState, inviter: string): Promise<readonly string[]> {
  const names = [...new Set([inviter, ...activeMembers(state).map(({ username }) => username)])];
  const readers: string[] = [];
  for (const name of names) if ((await mirrors.isFollowed(view, name)) && (await hasRecipient(view, home, name))) readers.push(name);
  return readers;
}
