import { assertBoolean, assertObject, assertString } from '@pyrgos/core/arguments';
import { ChatProperty, ChatState, formatChatId, initialIndex, isChatId, planAppend, PrivateChatState } from '@pyrgos/core/chat';
import { concatBytes } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { generatePostName, isFriendName } from '@pyrgos/core/social';
import type { FileSystem } from '../files/file-system.js';
import { type CommittedView, isDamage } from '../files/view/index.js';
import type { LiveSource } from '../live/live-changes.js';
import type { CallOptions } from '../session/call-options.js';
import { unknownRecipient } from '../social/capability-store.js';
import { type FriendSpaces, isOfOthers } from '../social/friend-spaces.js';
import { hasRecipient } from '../social/groups.js';
import type { OwnSpace } from '../social/own-space.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { acceptInvitation } from './accept-invitation.js';
import { assertTitle, Chat } from './chat.js';
import { findOwnChat, listChatIds } from './chat-files.js';
import { assertIcon, formatIcon } from './chat-icon.js';
import { ChatParts } from './chat-parts.js';
import { chatsSource } from './chats-source.js';
import { writableOf } from './chat-summaries.js';
import type {
  ChatInvitation,
  ChatList,
  ChatRefresh,
  ChatSummary,
  CreateChatOptions,
  DamagedChat,
  DeleteChatOptions,
} from './chat-types.js';
import { addDeclined, invitationKey, readDeclined } from './declined-invitations.js';
import { assertInvited, lookUpPeople } from './invited-people.js';
import { writeNewChat } from './new-chat.js';
import { MESSAGING } from './shared-chat.js';

/** Chats that are looked at, and brought up to date, at a time. */
const CHATS_IN_FLIGHT = 4;

/**
 * The chats of an account (chapter 07 sections 3 to 10): every member has a copy of each in the own space, encrypted as all files are, and reads those of the others. They are the same on all
 * devices, and in other clients.
 *
 * Errors of all calls: those of {@link FileSystem}; NotFoundError `not-found.chat` for a chat of which the account has no copy.
 */
export class Chats {
  /** For whoever watches what changes in them. @internal */
  readonly source: LiveSource;
  private readonly parts: ChatParts;

  /** @internal Comes from {@link UserSession}. */
  constructor(space: OwnSpace, friends: FriendSpaces, files: FileSystem) {
    this.parts = new ChatParts(space, friends, files);
    this.source = chatsSource(this.parts.mirrors);
  }

  /** All chats of the account as they are stored, and the invitations into others; one that is damaged keeps nobody from the others. Asks friends for invitations only: {@link Chats.refresh} brings messages. */
  async list(options: CallOptions = {}): Promise<ChatList> {
    const { signal } = this.check(options);
    const { space } = this.parts;
    const view = space.tree.view(signal, true);
    const chats: ChatSummary[] = [];
    const damaged: DamagedChat[] = [];
    await forEachAtOnce(await this.ids(view), CHATS_IN_FLIGHT, async (id) => {
      try {
        const chat = await findOwnChat(view, await space.home(view), id);
        if (chat !== undefined) chats.push(await this.parts.summaries.of(view, chat));
      } catch (error) {
        if (!isOfOthers(error) || error.code === 'network') throw error;
        damaged.push({ id, error });
      }
    });
    const invitations = await this.parts.invitations.list(view);
    const timeOf = ({ updated }: ChatSummary): number => updated?.getTime() ?? 0;
    chats.sort((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? -1 : 1));
    return { chats, invitations, damaged: damaged.sort((a, b) => (a.id < b.id ? -1 : 1)) };
  }

  /**
   * Makes a chat, of which the account is the admin, and invites others at once. ArgumentError; LimitError for too long a title, or too large a picture; NotFoundError `not-found.recipient` for
   * somebody who does not follow the account.
   */
  async create(options: CreateChatOptions = {}): Promise<Chat> {
    const { signal, title = '', icon, invite = [] } = this.check(options);
    const { space } = this.parts;
    const { username, account } = space;
    const { crypto } = account;
    assertTitle('options.title', title);
    if (icon !== undefined) assertIcon('options.icon', icon);
    assertInvited('options.invite', invite, username);
    const people = await lookUpPeople(account, invite, signal);
    const id = formatChatId({ creator: username, uuid: generatePostName(crypto) });
    const readers = people.map((one) => one.username);
    await space.change(
      signal,
      async (view, home) => {
        for (const name of readers) if (!(await hasRecipient(view, home, name))) throw unknownRecipient(name);
        const state = ChatState.initial({ chatId: id, username, identity: account.identity.publicKeyHash });
        const privateState = PrivateChatState.of(SigningKeyPair.generate(crypto));
        const replica = await this.parts.store.replicaOf(view, { state, privateState }, 0);
        await replica.join();
        await replica.addAdmin(username);
        if (title !== '') await replica.setProperty(ChatProperty.title, title);
        if (icon !== undefined) await replica.setProperty(ChatProperty.icon, formatIcon(icon));
        if (people.length > 0) await replica.invite(people);
        return { writers: [home.writer], replica };
      },
      async (operation, home, { replica }) => {
        const { appended, state, privateState } = replica.changes;
        const { bytes, indexEntry } = planAppend({ logSize: 0, messageCount: 0, encodings: appended.map((message) => message.encode()) });
        const index = indexEntry === undefined ? initialIndex() : concatBytes(initialIndex(), indexEntry);
        const log = {
          size: bytes.length,
          pieces: async function* () {
            yield bytes;
          },
        };
        await writeNewChat(operation, space, home, { id, log, index, state, privateState, readers });
      },
    );
    return new Chat(this.parts, id);
  }

  /** A chat of which the account has a copy. */
  async open(id: string, options: CallOptions = {}): Promise<Chat> {
    const { signal } = this.check(options);
    this.assertId('id', id);
    await this.parts.store.look(id, signal, async () => true);
    return new Chat(this.parts, id);
  }

  /** Invitations into chats of which the account has no copy, or from which it was removed. Asks all friends what is new. */
  async invitations(options: CallOptions = {}): Promise<readonly ChatInvitation[]> {
    const { signal } = this.check(options);
    return this.parts.invitations.list(this.parts.space.tree.view(signal, true));
  }

  /**
   * Accepts an invitation: makes an own copy of the chat, after everything in it was verified, and lets the inviter, and all friends in the chat, read it. Of a chat of which there is a copy already it takes what the
   * inviter has written since, so that who was removed and invited once more is in it again. NotFoundError `not-found.chat` when the inviter does not share it (any more); DeniedError `denied.chat` when
   * the account is not invited; FormatError `format.chat` for a copy that is not what its messages say, or has too much in it that is forged; LimitError beyond MAX_CHAT_COPY_SIZE.
   */
  async join(invitation: Pick<ChatInvitation, 'id' | 'inviter'>, options: CallOptions = {}): Promise<Chat> {
    const { signal } = this.check(options);
    const { id, inviter } = this.checkedInvitation(invitation);
    const known = await this.parts.space.look(signal, async (view, home) => findOwnChat(view, home, id), true);
    if (known === undefined) await acceptInvitation(this.parts, { id, inviter }, signal);
    else await this.rejoin(id, inviter, signal);
    return new Chat(this.parts, id);
  }

  /**
   * Declines an invitation: it is not listed any more, on no device, whoever passes it on. Nobody is told; who invites once more after that is listed again. NotFoundError `not-found.chat` when nobody
   * has invited the account into this chat.
   */
  async decline(invitation: Pick<ChatInvitation, 'id' | 'inviter'>, options: CallOptions = {}): Promise<void> {
    const { signal } = this.check(options);
    const { id, inviter } = this.checkedInvitation(invitation);
    const { space } = this.parts;
    const found = (await this.parts.invitations.all(space.tree.view(signal, true))).filter((one) => one.invitation.id === id);
    if (!found.some((one) => one.invitation.inviter === inviter))
      throw new NotFoundError('not-found.chat', 'Nobody invites the account into this chat (any more).', { id });
    const keys = found.map(({ key }) => key);
    if (await space.look(signal, async (view, home) => isSubset(keys, await readDeclined(view, home)))) return;
    await space.changeHome(signal, async (operation, home) => addDeclined(operation, space, home, keys));
  }

  /**
   * Deletes the own copy of a chat with all attachments, for good. Leaves it before, unless `leave` is false; but that is said in the own copy only, so that the others hear of it when they look before it
   * is gone, and otherwise see that it cannot be read any more. The invitation does not come back, though whoever has sent it may not have heard that it was accepted. One that is damaged is deleted as well.
   */
  async delete(id: string, options: DeleteChatOptions = {}): Promise<void> {
    const { signal, leave = true } = this.check(options);
    this.assertId('id', id);
    assertBoolean('options.leave', leave);
    if (leave) await this.leaveIfPossible(id, signal);
    await this.declineOwn(id, signal);
    const { files, space } = this.parts;
    try {
      await files.remove(`/${space.username}/${MESSAGING}/${id}`, { signal });
    } catch (error) {
      if (!(error instanceof NotFoundError) || error.code !== 'not-found.file') throw error;
      throw new NotFoundError('not-found.chat', 'There is no such chat (any more).', { id });
    }
    this.parts.forget(id);
  }

  /**
   * Brings all chats up to date, and tells what that has brought for each of them. Costs one request for each friend in them when nothing is new. One chat that cannot be brought up to date keeps
   * no other from being: it is named, with the account itself as the member.
   */
  async refresh(options: CallOptions = {}): Promise<readonly ChatRefresh[]> {
    const { signal } = this.check(options);
    const { space, pull, queue } = this.parts;
    const view = space.tree.view(signal, true);
    const found: ChatRefresh[] = [];
    await forEachAtOnce(await this.ids(view), CHATS_IN_FLIGHT, async (id) => {
      try {
        found.push(await pull.run(id, { signal, view }));
      } catch (error) {
        if (!isOfOthers(error) || error.code === 'network') throw error;
        // One that was never made to its end is none.
        if (error.code !== 'not-found.chat')
          found.push({ id, added: 0, refused: 0, more: false, problems: [{ username: space.username, error }] });
      }
    });
    const intact = found.filter(({ problems }) => !problems.some(({ username }) => username === space.username));
    await queue.run(
      intact.map(({ id }) => id),
      signal,
    );
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Waits for copies of large attachments that are still being made: for programs that are about to end. */
  async settled(): Promise<void> {
    await this.parts.queue.settled();
  }

  private async rejoin(id: string, inviter: string, signal: AbortSignal | undefined): Promise<void> {
    const { problems } = await this.parts.pull.run(id, { signal, from: inviter });
    const [problem] = problems;
    if (problem !== undefined) throw problem.error;
    const { state, privateState } = await this.parts.store.look(id, signal, async (_, chat) => chat);
    const writable = writableOf(state, privateState);
    if (writable === 'yes' || writable === 'alone') return;
    throw new DeniedError('denied.chat', 'This account is not invited into the chat (any more).', { reason: writable });
  }

  /** Whoever has invited the account may not have heard that it has joined: the invitation does not come back. One that is damaged may. */
  private async declineOwn(id: string, signal: AbortSignal | undefined): Promise<void> {
    const { space } = this.parts;
    try {
      const host = await space.look(signal, async (view, home) => (await findOwnChat(view, home, id))?.state.host, true);
      if (host?.parent === undefined) return;
      await space.changeHome(signal, async (operation, home) => addDeclined(operation, space, home, [invitationKey(id, host)]));
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }

  private async leaveIfPossible(id: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.parts.store.update(id, signal, async ({ chat, replica }) => {
        if (writableOf(chat.state, chat.privateState) === 'yes') await replica.leave();
      });
    } catch (error) {
      // What cannot be left any more, or is damaged, is deleted as it is.
      const isHopeless = error instanceof PyrgosError && (['not-found.chat', 'denied.chat'].includes(error.code) || isDamage(error));
      if (!isHopeless) throw error;
    }
  }

  private async ids(view: CommittedView): Promise<readonly string[]> {
    return (await listChatIds(view, await this.parts.space.home(view))).filter(isChatId);
  }

  private check<O extends CallOptions>(options: O): O {
    return this.parts.space.check(options);
  }

  private checkedInvitation(invitation: Pick<ChatInvitation, 'id' | 'inviter'>): Pick<ChatInvitation, 'id' | 'inviter'> {
    assertObject('invitation', invitation);
    const { id, inviter } = invitation;
    this.assertId('invitation.id', id);
    if (!isFriendName(inviter) || inviter === this.parts.space.username)
      throw new ArgumentError('invitation.inviter', 'must be the name of another user');
    return { id, inviter };
  }

  private assertId(field: string, id: string): void {
    assertString(field, id);
    if (!isChatId(id)) throw new ArgumentError(field, 'must be the id of a chat');
  }
}

function isSubset(keys: readonly string[], of: ReadonlySet<string>): boolean {
  return keys.every((key) => of.has(key));
}
