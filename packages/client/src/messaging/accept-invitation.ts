import { concatBytes } from '@pyrgos/core/bytes';
import { type ChatState, copyChat, initialIndex, planAppend, type SignedMessage } from '@pyrgos/core/chat';
import { NotFoundError } from '@pyrgos/core/errors';
import type { CommittedView, Item, View } from '../files/view/index.js';
import { hasRecipient } from '../social/groups.js';
import { findOwnChat, findState, type LogFiles } from './chat-files.js';
import { openLog, readMessages } from './chat-log.js';
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
 * believed that the messages do not prove. Errors of {@link Chats.join}.
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
  { space, store }: ChatParts,
  { id, inviter }: Pick<ChatInvitation, 'id' | 'inviter'>,
  { view, files, state }: Taken,
): Promise<Omit<NewOwnChat, 'readers'>> {
  const { crypto } = space.account;
  const theirs: (SignedMessage | undefined)[] = [];
  for await (const { message } of readMessages(await openLog(view, files), 0, view.signal)) theirs.push(message);
  const { replica, log } = await copyChat({ ...store.identityOf(view), crypto, chatId: id, inviter, state, log: theirs });
  await replica.join();
  const { changes } = replica;
  const messages = [...log, ...changes.appended];
  const entries = [initialIndex()];
  let size = 0;
  for (const [messageCount, message] of messages.entries()) {
    const encoded = message.encode();
    const { indexEntry } = planAppend({ logSize: size, messageCount, encodings: [encoded] });
    if (indexEntry !== undefined) entries.push(indexEntry);
    size += encoded.length;
  }
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (const message of messages) yield message.encode();
  };
  return { id, log: { size, pieces }, index: concatBytes(...entries), state: changes.state, privateState: changes.privateState };
}

/** Who may read the copy: the inviter, and all friends in the chat. */
async function readersOf({ mirrors }: ChatParts, view: View, home: Item, state: ChatState, inviter: string): Promise<readonly string[]> {
  const names = [...new Set([inviter, ...activeMembers(state).map(({ username }) => username)])];
  const readers: string[] = [];
  for (const name of names) if ((await mirrors.isFollowed(view, name)) && (await hasRecipient(view, home, name))) readers.push(name);
  return readers;
}
