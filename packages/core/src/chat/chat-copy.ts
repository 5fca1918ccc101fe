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
import { type LookedAtLog, provenPosition } from './proven-position.js';
import { SignedMessage } from './signed-message.js';

/** Logs of others that are looked at at a time. */
const LOGS_AT_A_TIME = 8;

/** What {@link copyChat} works with: all of one snapshot of the inviter's copy (chapter 07 section 6.5). */
export interface CopyChatParts {
  readonly crypto: CryptoProvider;
  readonly chatId: string;
  readonly identity: ChatIdentity;
  /** Whose copy it is. */
  readonly inviter: string;
  /** Its state, of which only positions in the logs of others are used, where `logOf` proves them; undefined when it cannot be read. */
  readonly state: ChatState | undefined;
  /** The log of another member, when it can be read now; undefined otherwise: then all of it is to be read later. Default: nobody's. */
  readonly logOf?: ((username: string) => Promise<LookedAtLog | undefined>) | undefined;
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
  const { isIdentityOf, isPresentIdentityOf, logOf = async () => undefined } = parts;
  if (isIdentityOf !== undefined) assertFunction('isIdentityOf', isIdentityOf);
  if (isPresentIdentityOf !== undefined) assertFunction('isPresentIdentityOf', isPresentIdentityOf);
  assertFunction('logOf', logOf);
  const names = nameChecks(identity, { isIdentityOf, isPresentIdentityOf });
  assertFriendName('inviter', inviter);
  assertObject('log', log);
  assertFunction('now', now);
  let copy: ChatWorkingCopy | undefined;
  let last: SignedMessage | undefined;
  const fill = new CopyFill();
  const whole = new WholeLogs();
  let length = 0;
  for await (const message of log) {
    if (message !== undefined) assertInstance('log', message, SignedMessage);
    if (copy === undefined) {
      const beginning = beginningOf(chatId, creator, message?.envelope);
      if (!(await names.isIdentityOf(creator, beginning.hostMember.identity))) throw notACreator();
      const memory = { contenders: new Map(), removals: new Map() };
      copy = new ChatWorkingCopy(crypto, chatId, beginning, memory, findKey, names, new OwnHistory(crypto, true, undefined, []));
    }
    if (message !== undefined && (await replay(copy, message, whole))) {
      fill.keep(message);
      last = message;
    } else last = fill.replace(length);
    length++;
  }
  if (copy === undefined) throw notACreator();
  const host = invitationOf(copy, identity, inviter);
  const members = [...copy.members.values()];
  for (let i = 0; i < members.length; i += LOGS_AT_A_TIME) {
    const some = members.slice(i, i + LOGS_AT_A_TIME).map(async (member) => {
      const mergedUpTo =
        member.username === inviter ? (member.isRemoved ? 0 : length) : await positionIn(copy, member, { state, whole, logOf });
      return member.with({ mergedUpTo });
    });
    for (const member of await Promise.all(some)) copy.update(member);
  }
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
async function replay(copy: ChatWorkingCopy, message: SignedMessage, whole: WholeLogs): Promise<boolean> {
  const verdict = await copy.judge(message, false, true);
  // What is missing was missing at the inviter as well.
  if (verdict !== 'new' && verdict !== 'gap') return false;
  if (verdict === 'new') whole.add(message.envelope);
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

/** Up to which message of each member all are in the copy, none of them before something that its author had seen. */
class WholeLogs {
  private readonly counters = new Map<string, number>();

  add({ author, counter = 0 }: MessageEnvelope): void {
    if (counter === this.upTo(author) + 1) this.counters.set(author.toString(), counter);
  }

  upTo(author: MemberId): number {
    return this.counters.get(author.toString()) ?? 0;
  }
}

/**
 * From where on the log of a member is to be read: as the inviter says, as far as that log proves it, for whoever claims too much hides what others have said. The messages of removed members are taken
 * no longer, and count for nothing here.
 */
async function positionIn(
  copy: ChatWorkingCopy,
  { id, username, isRemoved }: ChatMember,
  { state, whole, logOf }: { readonly state: ChatState | undefined; readonly whole: WholeLogs } & Required<Pick<CopyChatParts, 'logOf'>>,
): Promise<number> {
  const said = state?.member(id);
  const claimed = said?.username === username ? said.mergedUpTo : 0;
  if (claimed === 0 || isRemoved) return 0;
  const log = await logOf?.(username);
  if (log === undefined) return 0;
  return provenPosition(log, { id, claimed }, ({ timestamp, counter = 0 }) => {
    if (counter > whole.upTo(id) + 1) return false;
    return [...timestamp.values()].every(([other, seen]) => {
      const member = copy.member(other);
      return member === undefined || member.isRemoved || member.id.equals(id) || seen <= whole.upTo(other);
    });
  });
}

function notACreator(): FormatError {
  return new FormatError('format.chat', 'log', 'must begin with the creator of the chat joining it');
}
