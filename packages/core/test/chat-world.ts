import { loadCrypto } from '../src/crypto/index.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import { SigningKeyPair } from '../src/keys/signing-key.js';
import { signDetached } from '../src/keys/signing-key.js';
import { copyChat } from '../src/chat/chat-copy.js';
import { type ChatChanges, type ChatIdentity, ChatReplica } from '../src/chat/chat-replica.js';
import { ChatState } from '../src/chat/chat-state.js';
import type { IdentityCheck } from '../src/chat/chat-working-copy.js';
import type { LogItem } from '../src/chat/message-log.js';
import { PrivateChatState } from '../src/chat/private-chat-state.js';
import { type ChatLogSource, pullChat, type PulledLog } from '../src/chat/pull-chat.js';
import type { SignedMessage } from '../src/chat/signed-message.js';

const crypto = await loadCrypto();

/** One place of a log in memory: a message, one that is not understood (undefined), or damage. */
export type Place = SignedMessage | undefined | Error;

/** What a member of a chat has stored, in memory. */
export class MemoryChat {
  log: Place[] = [];
  /** What the user knows of the names of others. */
  isIdentityOf: IdentityCheck | undefined;
  /** And of which identities they have now. */
  isPresentIdentityOf: IdentityCheck | undefined;
  state: ChatState;
  privateState: PrivateChatState;

  constructor(
    readonly user: MemoryUser,
    state: ChatState,
    privateState: PrivateChatState,
  ) {
    this.state = state;
    this.privateState = privateState;
  }

  get messages(): readonly SignedMessage[] {
    return this.log.flatMap((place) => (place === undefined || place instanceof Error ? [] : [place]));
  }

  /** A working copy of what is stored. */
  open(): ChatReplica {
    const { state, privateState, user } = this;
    const last = this.messages.at(-1)?.ref(user.crypto);
    return new ChatReplica({
      crypto: user.crypto,
      state,
      privateState,
      identity: user.identity,
      now: user.now,
      logLength: this.log.length,
      last,
      readLog: () => this.messages,
      isIdentityOf: this.isIdentityOf,
      isPresentIdentityOf: this.isPresentIdentityOf,
    });
  }

  /** One update: what `work` has done is stored. */
  async update<T>(work: (replica: ChatReplica) => Promise<T>): Promise<{ readonly result: T; readonly changes: ChatChanges }> {
    const replica = this.open();
    const result = await work(replica);
    const { changes } = replica;
    this.store(changes);
    return { result, changes };
  }

  store({ appended, state, privateState }: Pick<ChatChanges, 'appended' | 'state' | 'privateState'>): void {
    this.privateState = PrivateChatState.decode(this.user.crypto, privateState.encode());
    this.log.push(...appended);
    this.state = ChatState.decode(state.encode());
  }

  /** Takes what is new from the logs of others. */
  async pull(...others: readonly MemoryChat[]): Promise<readonly PulledLog[]> {
    const { result } = await this.update(async (replica) =>
      pullChat(
        replica,
        others.map((other) => this.sourceOf(replica, other)),
      ),
    );
    return result;
  }

  /** The log of another member, as this one knows it. */
  sourceOf(replica: ChatReplica, other: MemoryChat): ChatLogSource {
    const member = replica.state.memberOf(other.user.username)?.id;
    return { member, read: (from) => readPlaces(other.log, from) };
  }

  /** What a new member makes of this copy, who can look at those of others. */
  async copyTo(user: MemoryUser, isIdentityOf?: IdentityCheck, others: readonly MemoryChat[] = []): Promise<MemoryChat> {
    const log = this.log.map((place) => (place instanceof Error ? undefined : place));
    const { replica, replaced } = await copyChat({
      crypto: user.crypto,
      chatId: this.state.chatId,
      identity: user.identity,
      inviter: this.user.username,
      state: this.state,
      logOf: async (username) => {
        const other = others.find((chat) => chat.user.username === username)?.log;
        return other === undefined ? undefined : { length: other.length, read: (from, to) => readPlaces(other.slice(0, to), from) };
      },
      log,
      now: user.now,
      isIdentityOf,
    });
    await replica.join();
    const chat = new MemoryChat(user, replica.state, replica.privateState);
    chat.isIdentityOf = isIdentityOf;
    chat.log = log.map((message, place) => replaced.get(place) ?? (message as SignedMessage));
    chat.store(replica.changes);
    return chat;
  }
}

/** Somebody with an identity key. */
export class MemoryUser {
  readonly keys: SigningKeyPair;
  readonly identity: ChatIdentity;

  constructor(
    readonly username: string,
    seed: number,
    readonly now: () => number,
    readonly crypto: CryptoProvider,
  ) {
    this.keys = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(seed));
    const sign = async (bytes: Uint8Array): Promise<Uint8Array> => signDetached(crypto, this.keys.secretKey, bytes);
    this.identity = { username, key: this.keys.publicKey.hash, sign };
  }

  get invitee(): { readonly username: string; readonly identity: ChatIdentity['key'] } {
    return { username: this.username, identity: this.identity.key };
  }

  /** A new chat that the user has joined, as its admin unless told otherwise. */
  async create(isAdmin = true): Promise<MemoryChat> {
    const { username, identity } = this;
    const chatId = `chat$${username}$00000000-0000-4000-8000-000000000000`;
    const state = ChatState.initial({ chatId, username, identity: identity.key });
    const chat = new MemoryChat(this, state, PrivateChatState.of(SigningKeyPair.generate(this.crypto)));
    await chat.update(async (replica) => {
      await replica.join();
      if (isAdmin) await replica.addAdmin(username);
    });
    return chat;
  }
}

/** Users with these names, and a clock that goes on by a millisecond each time. */
export function memoryUsers(names: readonly string[], engine: CryptoProvider = crypto): readonly MemoryUser[] {
  let time = 1_700_000_000_000;
  return names.map((name, i) => new MemoryUser(name, i + 1, () => time++, engine));
}

async function* readPlaces(log: readonly Place[], from: number): AsyncGenerator<LogItem, number, undefined> {
  for (let i = from; i < log.length; i++) {
    const place = log[i];
    if (place instanceof Error) throw place;
    yield { message: place, problem: undefined, start: i, end: i + 1 };
  }
  return log.length;
}
