import { assertFunction, assertInstance, assertMethods, assertObject } from '../arguments.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { DeniedError, FormatError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { MAX_CHAT_COPY_FILL } from '../limits.js';
import { assertFriendName } from '../social/social-fields.js';
import { parseChatId } from './chat-id.js';
import type { ChatMember } from './chat-member.js';
import { type ChatIdentity, ChatReplica } from './chat-replica.js';
import { ChatState } from './chat-state.js';
import { ChatWorkingCopy, type IdentityCheck, type KeyFinder, nameChecks } from './chat-working-copy.js';
import { MemberId } from './member-id.js';
import type { MessageEnvelope } from './message-envelope.js';
import { OwnHistory } from './own-history.js';
import { PrivateChatState } from './private-chat-state.js';
import { SignedMessage } from './signed-message.js';

/** What {@link copyChat} works with: all of one snapshot of the inviter's copy (chapter 07 section 6.5). */
export interface CopyChatParts {
  readonly crypto: CryptoProvider;
  readonly chatId: string;
  readonly identity: ChatIdentity;
  /** Whose copy it is. */
  readonly inviter: string;
  /** Its state, of which only positions in the logs of others are believed; undefined when it cannot be read. */
  readonly state: ChatState | undefined;
  /** Its log, which is read once from its beginning on; undefined in the places where no message is that is understood. */
  readonly log: Iterable<SignedMessage | undefined> | AsyncIterable<SignedMessage | undefined>;
  readonly now: () => number;
  readonly findKey?: KeyFinder | undefined;
  /** As in {@link ChatReplicaParts}; its errors end the copying. */
  readonly isIdentityOf?: IdentityCheck | undefined;
  /** As in {@link ChatReplicaParts}; its errors end the copying. */
  readonly isPresentIdentityOf?: IdentityCheck | undefined;
}

/** A copy that was made. */
export interface CopiedChat {
  /** Call {@link ChatReplica.join} next. */
  readonly replica: ChatReplica;
  /** Messages of the own log, to which the changes of the replica are appended. It is that of the inviter but for what `replaced` names. */
  readonly length: number;
  /** What stands in the own log in the places of messages that are forged, malformed or there twice. Together they have MAX_CHAT_COPY_FILL bytes at most. */
  readonly replaced: ReadonlyMap<number, SignedMessage>;
}

/**
 * Makes the own copy of a chat from that of an inviter (chapter 07 section 6.5), with fresh chat keys. The log is verified from the first message on, and the state is what the log
 * says, whatever the inviter's state claims. In the place of a message that is refused stands the smallest one before it: everybody passes over what is known, and the messages keep
 * their numbers, on which the positions of others rest (section 9.3). Nothing of the log is kept in memory. DeniedError `denied.chat` when the user is not invited in this log, or has
 * joined before under this invitation; FormatError when it does not begin with the creator, whose name is in the id of the chat, or so much of it is refused that what stands in its place has more than
 * MAX_CHAT_COPY_FILL bytes.
 */
export async function copyChat(parts: CopyChatParts): Promise<CopiedChat> {
  assertObject('parts', parts);
  const { crypto, chatId, identity, inviter, state, log, now, findKey } = parts;
  assertMethods('crypto', crypto, 'ed25519Sign', 'ed25519Verify', 'ed25519KeyPair', 'sha256', 'randomBytes');
  const { creator } = parseChatId(chatId);
  assertObject('identity', identity);
  assertFriendName('identity.username', identity.username);
  assertInstance('identity.key', identity.key, PublicKeyHash);
  const { isIdentityOf, isPresentIdentityOf } = parts;
  if (isIdentityOf !== undefined) assertFunction('isIdentityOf', isIdentityOf);
  if (isPresentIdentityOf !== undefined) assertFunction('isPresentIdentityOf', isPresentIdentityOf);
  const names = nameChecks(identity, { isIdentityOf, isPresentIdentityOf });
  assertFriendName('inviter', inviter);
  assertObject('log', log);
  assertFunction('now', now);
  let copy: ChatWorkingCopy | undefined;
  let last: SignedMessage | undefined;
  const fill = new CopyFill();
  let length = 0;
  for await (const message of log) {
    if (message !== undefined) assertInstance('log', message, SignedMessage);
    if (copy === undefined) {
      const beginning = beginningOf(chatId, creator, message?.envelope);
      if (!(await names.isIdentityOf(creator, beginning.hostMember.identity))) throw notACreator();
      const memory = { contenders: new Map(), removals: new Map() };
      copy = new ChatWorkingCopy(crypto, chatId, beginning, memory, findKey, names, new OwnHistory(crypto, true, undefined, []));
    }
    if (message !== undefined && (await replay(copy, message))) {
      fill.keep(message);
      last = message;
    } else last = fill.replace(length);
    length++;
  }
  if (copy === undefined) throw notACreator();
  const host = invitationOf(copy, identity, inviter);
  for (const member of copy.members.values()) copy.update(member.with({ mergedUpTo: positionIn(member, state, inviter, length) }));
  copy.update(host.with({ invited: 0, mergedUpTo: length }));
  const replica = new ChatReplica({
    crypto,
    state: copy.state(host.id),
    privateState: PrivateChatState.of(SigningKeyPair.generate(crypto), [], copy.contenders, copy.removals),
    identity,
    now,
    logLength: length,
    last: last?.ref(crypto),
    findKey,
    isIdentityOf,
    isPresentIdentityOf,
  });
  return { replica, length, replaced: fill.replaced };
}

/** What stands in the places of refused messages: a log of which most is refused must not grow by being copied. */
class CopyFill {
  readonly replaced = new Map<number, SignedMessage>();
  private smallest: { readonly message: SignedMessage; readonly size: number } | undefined;
  private size = 0;

  /** Notes a message that is kept. */
  keep(message: SignedMessage): void {
    const size = message.encode().length;
    if (this.smallest === undefined || size < this.smallest.size) this.smallest = { message, size };
  }

  /** What stands in a place from now on. */
  replace(place: number): SignedMessage {
    if (this.smallest === undefined) throw notACreator();
    const { message, size } = this.smallest;
    this.size += size;
    if (this.size > MAX_CHAT_COPY_FILL) {
      throw new FormatError('format.chat', 'log', 'has too many messages that are forged, malformed or there twice: it is not copied', {
        data: { refused: this.replaced.size + 1 },
      });
    }
    this.replaced.set(place, message);
    return message;
  }
}

/** The state before the first message, which names the creator. */
function beginningOf(chatId: string, creator: string, first: MessageEnvelope | undefined): ChatState {
  const payload = first?.payload;
  if (payload?.kind !== 'join' || payload.username !== creator || first?.author.equals(MemberId.creator) !== true) throw notACreator();
  return ChatState.initial({ chatId, username: creator, identity: payload.identity });
}

/** Applies a message of the inviter's log. False for one that is not to be kept. */
async function replay(copy: ChatWorkingCopy, message: SignedMessage): Promise<boolean> {
  const verdict = await copy.judge(message, false, true);
  // What is missing was missing at the inviter as well.
  if (verdict !== 'new' && verdict !== 'gap') return false;
  return (await copy.apply(message.envelope)) !== undefined;
}

/** The entry under which the user joins: that of the inviter, if there are several. */
function invitationOf(copy: ChatWorkingCopy, { username, key }: ChatIdentity, inviter: string): ChatMember {
  const entries = [...copy.members.values()].filter((member) => member.username === username && member.identity.equals(key));
  const pending = entries.filter((member) => member.isPending);
  const byInviter = pending.filter(({ id }) => id.parent !== undefined && copy.member(id.parent)?.username === inviter);
  const found = byInviter.at(-1) ?? pending.at(-1);
  if (found !== undefined) return found;
  const reason = entries.some((member) => !member.isRemoved) ? 'keys-lost' : entries.length > 0 ? 'removed' : 'not-member';
  const messages = {
    'keys-lost': 'you have joined this chat before, and the copy is gone; somebody has to remove and invite you again',
    removed: 'you were removed from this chat',
    'not-member': 'you are not invited to this chat',
  } as const;
  throw new DeniedError('denied.chat', messages[reason], { reason });
}

/** How much of the log of a member is in the copy: as the inviter says, for nobody else knows. Where it claims too much, the gap shows. */
function positionIn(member: ChatMember, state: ChatState | undefined, inviter: string, length: number): number {
  if (member.username === inviter) return member.isRemoved ? 0 : length;
  const claimed = state?.member(member.id);
  return claimed?.username === member.username ? claimed.mergedUpTo : 0;
}

function notACreator(): FormatError {
  return new FormatError('format.chat', 'log', 'must begin with the creator of the chat joining it');
}
