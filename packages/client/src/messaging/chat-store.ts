import { concatBytes } from '@pyrgos/core/bytes';
import {
  ChatReplica,
  type ChatReplicaParts,
  type ChatState,
  type MessageRef,
  planAppend,
  type PrivateChatState,
  type SignedMessage,
} from '@pyrgos/core/chat';
import { FormatError } from '@pyrgos/core/errors';
import { signDetached } from '@pyrgos/core/keys';
import { appendContent, cleanFile, setContent } from '../files/content/index.js';
import type { ReservedChild } from '../files/file-tree-parts.js';
import type { CommittedView, Item, OperationView, View } from '../files/view/index.js';
import { giveCapabilities, unknownRecipient } from '../social/capability-store.js';
import type { FriendSpaces } from '../social/friend-spaces.js';
import { hasRecipient } from '../social/groups.js';
import { reserveRotation, rotateItem } from '../social/item-rotation.js';
import { writeFileIn } from '../social/own-files.js';
import type { OwnSpace } from '../social/own-space.js';
import { relyOnNotes, resend } from '../social/resend.js';
import { changeRecord, readRecord } from '../social/share-records.js';
import { ChatFile, findOwnChat, type LogFiles, noSuchChat, type OwnChat, requireOwnChat } from './chat-files.js';
import { KnownIdentities } from './known-identities.js';
import { signingKeyOf } from './member-keys.js';
import { openLog, readMessages } from './chat-log.js';
import { PendingMedia } from './pending-media.js';
import { MESSAGING, SHARED } from './shared-chat.js';

/** Logs of which it is known how many messages they have. */
const MAX_COUNTS = 256;
/** Content beyond this size is not part of a larger commit. */
const BUFFERED_SIZE = 5_242_880;

/** One change of the own copy of a chat on its way: nothing of it is stored before {@link ChatStore.update} has ended. */
export interface ChatChange {
  readonly chat: OwnChat;
  /** The copy as it will be. */
  readonly replica: ChatReplica;
  readonly view: CommittedView;
  /** The home directory in `view`. */
  readonly home: Item;
  /** Lets somebody who follows the account read the copy. */
  readonly share: (username: string) => void;
}

/** What a change is going to store. */
interface Prepared<T> {
  readonly chat: OwnChat;
  readonly result: T;
  readonly appended: readonly SignedMessage[];
  readonly bytes: Uint8Array;
  readonly indexEntry: Uint8Array | undefined;
  readonly messageCount: number;
  readonly state: ChatState | undefined;
  readonly privateState: PrivateChatState | undefined;
  readonly media: PendingMedia | undefined;
  readonly given: readonly string[];
  readonly revoked: ReadonlySet<string>;
  readonly rotation: ReservedChild | undefined;
}

/** The own copies of chats: reads them, and changes each in one commit (chapter 07 section 7.5). One for each session. */
export class ChatStore {
  private readonly counts = new Map<string, number>();
  private readonly identities: KnownIdentities;

  constructor(
    readonly space: OwnSpace,
    readonly friends: FriendSpaces,
  ) {
    this.identities = new KnownIdentities(space.account);
  }

  /** The own copy of a chat, at one version. NotFoundError `not-found.chat`; FormatError and the like when it is damaged. */
  async look<T>(
    id: string,
    signal: AbortSignal | undefined,
    look: (view: CommittedView, chat: OwnChat, home: Item) => Promise<T>,
    fresh = false,
  ): Promise<T> {
    const run = async (isFresh: boolean): Promise<{ readonly found: T } | undefined> =>
      this.space.look(
        signal,
        async (view, home) => {
          const chat = await findOwnChat(view, home, id);
          return chat === undefined ? undefined : { found: await look(view, chat, home) };
        },
        isFresh,
      );
    // What is not there may be newer than the last look.
    const result = (await run(fresh)) ?? (fresh ? undefined : await run(true));
    if (result === undefined) throw noSuchChat(id);
    return result.found;
  }

  /** How many messages the own log has. */
  async countOf(view: View, chat: OwnChat): Promise<number> {
    const known = this.counts.get(chat.log.cid.key);
    if (known !== undefined) return known;
    const log = await openLog(view, chat, { count: chat.state.hostMember.mergedUpTo });
    // What is added behind a damaged place nobody could read.
    if (log.problem !== undefined) throw log.problem;
    this.remember(chat.log, log.length);
    return log.length;
  }

  /**
   * Changes the own copy of a chat: `work` does that on what is stored now, and does it again when another device was faster, so it must not do
   * anything that the world notices. All of it is one commit: messages, states, who may read the copy, and new keys when somebody may no longer. Nothing is
   * committed when nothing has changed. Resolves to the result of `work`.
   */
  async update<T>(id: string, signal: AbortSignal | undefined, work: (change: ChatChange) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.change(id, signal, work);
      } catch (error) {
        if (!(error instanceof LogIsDue)) throw error;
        await this.cleanLog(id, signal);
      }
    }
  }

  private async change<T>(id: string, signal: AbortSignal | undefined, work: (change: ChatChange) => Promise<T>): Promise<T> {
    let stored: { readonly log: Item; readonly count: number } | undefined;
    const result = await this.space.change(
      signal,
      async (view, home) => {
        const prepared = await this.prepare(view, home, await requireOwnChat(view, home, id), work);
        const { chat, rotation } = prepared;
        return { writers: [chat.root.writer, chat.shared.writer, ...(rotation?.writers ?? [])], prepared };
      },
      async (operation, home, { prepared }) => {
        stored = await this.write(operation, home, prepared);
        return prepared.result;
      },
    );
    if (stored !== undefined) this.remember(stored.log, stored.count);
    return result;
  }

  /** Who may read the own copy. */
  async readersOf(view: View, home: Item, id: string): Promise<ReadonlySet<string>> {
    return (await readRecord(view, home, this.namesOf(id).slice(0, -1))).get(SHARED).readers;
  }

  /** The names of what the members of a chat may read of the own copy, from the root down. */
  namesOf(id: string): readonly string[] {
    return [this.space.username, MESSAGING, id, SHARED];
  }

  /** A working copy of a chat whose log has so many messages. */
  async replicaOf(
    view: CommittedView,
    chat: Pick<OwnChat, 'state' | 'privateState'> & Partial<LogFiles>,
    logLength: number,
  ): Promise<ChatReplica> {
    const { crypto } = this.space.account;
    const { state, privateState, log, index } = chat;
    // What another program has written between its log and its state is not among the newest messages of the state.
    const newest = logLength <= state.hostMember.mergedUpTo ? state.recent.at(-1) : undefined;
    const last =
      newest?.ref(crypto) ?? (log === undefined || logLength === 0 ? undefined : await this.lastOf(view, { log, index }, logLength));
    const readLog = log === undefined ? undefined : (): AsyncIterable<SignedMessage | undefined> => this.messagesOf(view, { log, index });
    return new ChatReplica({ ...this.identityOf(view), crypto, state, privateState, logLength, last, readLog });
  }

  /** Whose copies they are, how keys are found, and whose names are whose. */
  identityOf(view: View): Pick<ChatReplicaParts, 'identity' | 'now' | 'findKey' | 'isIdentityOf' | 'isPresentIdentityOf'> {
    const { username, account } = this.space;
    const { crypto, clock, identity } = account;
    return {
      identity: {
        username,
        key: identity.publicKeyHash,
        sign: async (bytes) => signDetached(crypto, identity.secretKey, bytes),
      },
      now: () => clock.now(),
      // An identity owns itself.
      findKey: async (hash) => signingKeyOf(account, view, hash, hash),
      isIdentityOf: async (name, key) => this.identities.has(name, key, view.signal),
      isPresentIdentityOf: async (name, key) => this.identities.isPresent(name, key, view.signal),
    };
  }

  private async lastOf(view: View, files: LogFiles, logLength: number): Promise<MessageRef | undefined> {
    for await (const { message } of readMessages(await openLog(view, files), logLength - 1, view.signal)) {
      return message?.ref(this.space.account.crypto);
    }
    return undefined;
  }

  private async *messagesOf(view: View, files: LogFiles): AsyncGenerator<SignedMessage | undefined, void, undefined> {
    for await (const { message } of readMessages(await openLog(view, files), 0, view.signal)) yield message;
  }

  /** What the own log has and the state does not know. FormatError when it is not understood. */
  private async missingOf(view: View, files: LogFiles, from: number): Promise<readonly SignedMessage[]> {
    const messages: SignedMessage[] = [];
    for await (const { message, problem } of readMessages(await openLog(view, files), from, view.signal)) {
      if (message === undefined) throw problem ?? new FormatError('format.chat', 'log', 'cannot be read');
      messages.push(message);
    }
    return messages;
  }

  private async prepare<T>(view: CommittedView, home: Item, chat: OwnChat, work: (change: ChatChange) => Promise<T>): Promise<Prepared<T>> {
    if (isLogDue(chat)) throw new LogIsDue();
    const logLength = await this.countOf(view, chat);
    const replica = await this.replicaOf(view, chat, logLength);
    // Another program was cut off between its log and its state.
    const missing = replica.unrecovered;
    if (missing !== undefined) await replica.recover(await this.missingOf(view, chat, missing.from));
    const shared = new Set<string>();
    const result = await work({
      chat,
      replica,
      view,
      home,
      share: (username) => void shared.add(username),
    });
    const { appended, state, privateState, stateChanged, privateChanged, toMirror } = replica.changes;
    // Without anybody who was removed nobody can have to go.
    const mayChange = shared.size > 0 || [...state.members.values()].some(({ isRemoved }) => isRemoved);
    const readers = mayChange ? await this.readersOf(view, home, chat.id) : new Set<string>();
    const given = [...shared].filter((name) => !readers.has(name));
    for (const name of given) if (!(await hasRecipient(view, home, name))) throw unknownRecipient(name);
    const revoked = new Set([...readers].filter((name) => isOut(state, name)));
    const rotation = revoked.size === 0 ? undefined : await reserveRotation(this.space, view, home, this.namesOf(chat.id));
    const encodings = appended.map((message) => message.encode());
    const plan = planAppend({ logSize: chat.log.properties.size, messageCount: logLength, encodings });
    const media = toMirror.length === 0 ? undefined : (await PendingMedia.read(view, chat.mediaFile)).with(toMirror);
    return {
      chat,
      result,
      appended,
      bytes: plan.bytes,
      indexEntry: plan.indexEntry,
      messageCount: logLength + appended.length,
      state: stateChanged ? state : undefined,
      privateState: privateChanged ? privateState : undefined,
      media,
      given,
      revoked,
      rotation,
    };
  }

  private async write(
    operation: OperationView,
    home: Item,
    prepared: Prepared<unknown>,
  ): Promise<{ readonly log: Item; readonly count: number } | undefined> {
    const { space } = this;
    const { chat, bytes, state, revoked, rotation, messageCount } = prepared;
    const names = this.namesOf(chat.id);
    const above = names.slice(0, -1);
    if (rotation !== undefined) await relyOnNotes(operation, space, above, [SHARED]);
    const files = { state: state?.encode(), privateState: prepared.privateState?.encode(), media: prepared.media?.encode() };
    const isSmall = [bytes, ...Object.values(files)].every((content) => (content?.length ?? 0) <= BUFFERED_SIZE);
    let log = chat.log;
    const store = async (): Promise<void> => {
      log = await this.append(operation, prepared);
      await this.writeStates(operation, prepared, files);
      await this.give(operation, home, prepared);
    };
    await (isSmall ? operation.committer.withoutFlush(store) : store());
    if (rotation === undefined) return bytes.length === 0 ? undefined : { log, count: messageCount };
    // A damaged file in the copy must not keep somebody in who has to go.
    await rotateItem(operation, space, names, rotation, { rotateSigner: false, leaveOutDamaged: true }, async (rotated) => {
      await changeRecord(operation, space, home, above, (shares) => shares.unshare(SHARED, 'read', revoked));
      await resend(operation, space, home, names, rotated);
    });
    return undefined;
  }

  private async append(operation: OperationView, { chat, bytes, indexEntry }: Prepared<unknown>): Promise<Item> {
    const { ports } = this.space;
    if (bytes.length === 0) return chat.log;
    const expectedSize = chat.log.properties.size;
    const log = await appendContent(operation, ports, chat.log, bytes, { expectedSize });
    if (indexEntry === undefined) return log;
    if (chat.index !== undefined) await appendContent(operation, ports, chat.index, indexEntry);
    // An index that is gone begins anew, with the beginning of the log.
    else await writeFileIn(operation, this.space, chat.shared, ChatFile.index, concatBytes(new Uint8Array(16), indexEntry));
    return log;
  }

  private async writeStates(
    operation: OperationView,
    { chat }: Prepared<unknown>,
    { state, privateState, media }: Partial<Record<'state' | 'privateState' | 'media', Uint8Array | undefined>>,
  ): Promise<void> {
    const { ports } = this.space;
    const write = async (file: Item, content: Uint8Array): Promise<void> => {
      await setContent(operation, ports, file, content, { trustsHash: false, mimeType: file.properties.mimeType });
    };
    if (privateState !== undefined) await write(chat.privateFile, privateState);
    if (media !== undefined) await writeFileIn(operation, this.space, chat.root, ChatFile.media, media);
    if (state !== undefined) await write(chat.stateFile, state);
  }

  private async give(operation: OperationView, home: Item, { chat, given }: Prepared<unknown>): Promise<void> {
    if (given.length === 0) return;
    for (const name of given) await giveCapabilities(operation, this.space, home, name, 'read', [chat.shared.capability]);
    await changeRecord(operation, this.space, home, this.namesOf(chat.id).slice(0, -1), (shares) => shares.share(SHARED, 'read', given));
  }

  /** After a revocation the next change of the log has to encrypt all of it anew: a long one in a commit of its own, so that the change itself stays one. */
  private async cleanLog(id: string, signal: AbortSignal | undefined): Promise<void> {
    await this.space.changeHome(signal, async (operation, home) => {
      const chat = await findOwnChat(operation, home, id);
      if (chat !== undefined && isLogDue(chat)) await cleanFile(operation, this.space.ports, chat.log);
    });
  }

  private remember(log: Item, count: number): void {
    if (this.counts.size >= MAX_COUNTS) this.counts.clear();
    this.counts.set(log.cid.key, count);
  }
}

/** Ends a change whose log has to be encrypted anew before. */
class LogIsDue extends Error {}

function isLogDue({ log }: OwnChat): boolean {
  return log.opened.isDirty && log.properties.size > BUFFERED_SIZE;
}

/** Whether somebody was in a chat and is no more. */
function isOut(state: ChatState, username: string): boolean {
  const member = state.memberOf(username);
  return member !== undefined && member.isRemoved;
}
