import { fromHex } from '@pyrgos/core/bytes';
import {
  buildLog,
  type ChatContent,
  ChatMember,
  ChatState,
  formatChatId,
  GroupProperty,
  MemberId,
  MessageEnvelope,
  type MessagePayload,
  type MessageRef,
  SignedMessage,
  TreeClock,
} from '@pyrgos/core/chat';
import { Multihash } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { OwnerProof, SigningKeyPair, SigningPrivateKeyAndPublicHash } from '@pyrgos/core/keys';
import { AbsoluteCapability } from '@pyrgos/core/model';
import { FileRef } from '@pyrgos/core/social';
import posts from '../../../vectors/06/posts.json' with { type: 'json' };
import type { ChatView } from '../src/messaging/reading/chat-view.js';
import type { LogFile } from '../src/messaging/reading/log-file.js';
import { OwnLog } from '../src/messaging/reading/own-log.js';
import { Timeline, type TimelineView } from '../src/messaging/reading/timeline.js';

/** Some bytes as the file of a log, and how much of them was read. */
export class MemoryLogFile implements LogFile {
  readonly reads: { readonly start: number; readonly end: number }[] = [];

  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  async read(start: number, end: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    this.reads.push({ start, end });
    return Promise.resolve(this.bytes.slice(start, end));
  }
}

/**
 * The log of a chat of alice with bob and carol, written without the rules of sending: whatever is said is there, with signatures that nobody checks any more, because only
 * what was checked gets into a log.
 */
export class ChatLogWorld {
  static readonly chatId: string = formatChatId({ creator: 'alice', uuid: '00000000-0000-4000-8000-000000000000' });
  readonly messages: SignedMessage[] = [];
  readonly members = new Map<string, ChatMember>();
  readonly properties = new Map<string, GroupProperty>();
  private clock = TreeClock.empty;

  constructor(readonly crypto: CryptoProvider) {
    this.join('alice', MemberId.creator);
    this.write(MemberId.creator, { kind: 'group-state', key: 'admins', value: 'alice' });
    for (const [i, name] of ['bob', 'carol'].entries()) {
      const member = MemberId.creator.child(i);
      this.write(MemberId.creator, { kind: 'invite', username: name, identity: this.identity(name).publicKeyHash, member });
      this.join(name, member);
    }
  }

  /** The id of somebody who is there from the beginning. */
  id(name: string): MemberId {
    const found = [...this.members.values()].find(({ username }) => username === name);
    if (found === undefined) throw new Error(`nobody is ${name}`);
    return found.id;
  }

  identity(name: string): SigningPrivateKeyAndPublicHash {
    const pair = this.keys(name);
    return SigningPrivateKeyAndPublicHash.of(pair.publicKey.hash, pair.secretKey);
  }

  /** Somebody is there from now on. */
  join(username: string, id: MemberId): MessageRef {
    const signer = this.identity(username);
    const chatKey = this.keys(`${username} ${id.toString()}`).publicKey;
    const proof = OwnerProof.create(this.crypto, signer, chatKey.hash);
    const identity = signer.publicKeyHash;
    this.members.set(id.toString(), ChatMember.of({ username, id, identity, invited: 0, mergedUpTo: 0, isRemoved: false, proof }));
    this.clock = this.clock.withMember(id);
    return this.write(id, { kind: 'join', username, identity, chatKey, proof });
  }

  /** A message at the end of the log. */
  write(author: MemberId, payload: MessagePayload): MessageRef {
    this.clock = this.clock.increment(author);
    const previous = this.messages.at(-1)?.ref(this.crypto);
    const envelope = MessageEnvelope.of({
      author,
      payload,
      previous: previous === undefined ? [] : [previous],
      timestamp: this.clock,
      time: 1_700_000_000_000 + 1000 * this.messages.length,
    });
    if (payload.kind === 'group-state') {
      this.properties.set(payload.key, GroupProperty.of({ author, timestamp: this.clock, value: payload.value }));
    }
    this.messages.push(SignedMessage.of(new Uint8Array(64).fill(7), envelope));
    return envelope.ref(this.crypto);
  }

  say(name: string, ...body: readonly ChatContent[]): MessageRef {
    return this.write(this.id(name), { kind: 'application', body });
  }

  reply(name: string, parent: MessageRef, ...body: readonly ChatContent[]): MessageRef {
    return this.write(this.id(name), { kind: 'reply', parent, body });
  }

  edit(name: string, target: MessageRef, ...body: readonly ChatContent[]): MessageRef {
    return this.write(this.id(name), { kind: 'edit', target, body });
  }

  delete(name: string, target: MessageRef): MessageRef {
    return this.write(this.id(name), { kind: 'delete', target });
  }

  remove(name: string, member: MemberId, isInForce = true): MessageRef {
    const known = this.members.get(member.toString());
    if (known !== undefined && isInForce) this.members.set(member.toString(), known.with({ isRemoved: true }));
    return this.write(this.id(name), { kind: 'remove-member', chatId: ChatLogWorld.chatId, member });
  }

  /** A file in the media of the chat. */
  file(path = `alice/.messaging/${ChatLogWorld.chatId}/shared/media/2024/5/11111111-2222-4333-8444-555555555555.png`): FileRef {
    return FileRef.of(path, AbsoluteCapability.decode(fromHex(posts.readOnly)), Multihash.sha256(new Uint8Array(32).fill(6)));
  }

  /** A reference to a message that nobody has written. */
  nowhere(text: string): MessageRef {
    return MessageEnvelope.of({
      author: MemberId.creator,
      payload: { kind: 'application', body: [text] },
      previous: [],
      timestamp: TreeClock.empty,
      time: 0,
    }).ref(this.crypto);
  }

  /** The chat as somebody has it who has seen the first `seen` messages. */
  view(host = 'alice', seen = 0): ChatView {
    const { chatId } = ChatLogWorld;
    const { members, properties, clock } = this;
    return { state: ChatState.of({ chatId, clock, host: this.id(host), members, properties, recent: [] }), seen };
  }

  build(): { readonly log: Uint8Array; readonly index: Uint8Array } {
    return buildLog(this.messages.map((message) => message.encode()));
  }

  async open(): Promise<OwnLog> {
    const { log, index } = this.build();
    return OwnLog.open({ file: new MemoryLogFile(log), index, count: this.messages.length });
  }

  timeline(): Timeline {
    return new Timeline({ hasher: this.crypto, chatId: ChatLogWorld.chatId });
  }

  /** What is shown now. */
  async shown(host = 'alice', seen = 0): Promise<TimelineView> {
    return this.timeline().at(await this.open(), this.view(host, seen));
  }

  private keys(name: string): SigningKeyPair {
    return SigningKeyPair.fromSeed(this.crypto, this.crypto.sha256(new TextEncoder().encode(name)));
  }
}
