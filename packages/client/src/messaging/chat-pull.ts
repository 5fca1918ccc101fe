import {
  type ChatLogSource,
  type ChatMember,
  type ChatReplica,
  type ChatState,
  type LogItem,
  type PrivateChatState,
  type PulledLog,
  pullChat,
} from '@pyrgos/core/chat';
import type { PyrgosError } from '@pyrgos/core/errors';
import { type CommittedView, isDamage, type Item, type View } from '../files/view/index.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { hasRecipient } from '../social/groups.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { BoundedLog, type WaitingLog } from './bounded-log.js';
import { findOwnChat, type OwnChat } from './chat-files.js';
import { readMessages } from './chat-log.js';
import { activeMembers } from './chat-summaries.js';
import type { ChatMirrors, LogNews } from './chat-mirrors.js';
import type { ChatChange, ChatStore } from './chat-store.js';
import type { ChatProblem, ChatRefresh } from './chat-types.js';
import type { SpaceReserve } from './space-reserve.js';
import { isKnown, TakenMessages } from './taken-messages.js';

/** Members whose logs are read at a time. */
const MEMBERS_IN_FLIGHT = 8;
/** Rounds of one refresh; what is more than they bring comes with the next one. */
const MAX_ROUNDS = 200;
/** Messages that are known already and are counted by the next change of the chat: more of them are counted at once. */
const MAX_UNCOUNTED = 256;

/** Bytes of new messages that one change takes, unless one of them alone has more: so that it is one commit. */
const MAX_BYTES = 4_194_304;
/** Milliseconds after which messages of others are taken without those of somebody whose log could not be read all the time, and after which theirs are. */
const PATIENCE = { others: 3_600_000, own: 86_400_000 };

/** How messages are pulled. */
export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
  /** Only from this member, whoever it is and whatever is known of their copy. */
  readonly from?: string | undefined;
  /** The first look at others; default a fresh one. */
  readonly view?: CommittedView | undefined;
}

/** What one round has found. */
interface Round {
  readonly news: ReadonlyMap<string, LogNews>;
  /** Whose copies were not there at several looks. */
  readonly gone: readonly string[];
  /** Whose copies are there again. */
  readonly back: readonly string[];
  /** Who cannot be reached, and why. */
  readonly failing: ReadonlyMap<string, PyrgosError>;
  readonly problems: readonly ChatProblem[];
}

/** What a change has brought. */
interface Merged {
  readonly added: number;
  readonly logs: readonly (PulledLog & { readonly username: string })[];
  /** Whether there is more in any of them, or behind what waits. */
  readonly hasMore: boolean;
  /** The logs of which something waits for room, by the names of their owners. */
  readonly waits: ReadonlyMap<string, WaitingLog>;
  /** Bytes that were taken of each author. */
  readonly taken: ReadonlyMap<string, number>;
  readonly state: ChatState;
  /** Members whose logs were read from the beginning in this refresh. */
  readonly reread: Set<string>;
}

/** Brings chats up to date from the copies of their members (chapter 07 section 7.1). */
export class ChatPull {
  /** Chats of which it was looked in this session whether all friends in them may read the copy. */
  private readonly shared = new Set<string>();
  /** Since when the logs of somebody could not be read, in this session: by the name and the chat. */
  private readonly failingSince = new Map<string, number>();
  /** Logs of which something waits for room, by the name of the owner and the chat. */
  private readonly waiting = new Map<string, WaitingLog>();

  constructor(
    private readonly store: ChatStore,
    private readonly mirrors: ChatMirrors,
    private readonly reserve: SpaceReserve,
  ) {}

  /**
   * Adds what members have written to the own copy, unless the account is out of the chat and nobody is named by whose invitation it comes back. What is wrong with one of them keeps the others from nothing. Errors: those of the own copy, and of storing
   * it.
   */
  async run(id: string, { signal, from, view }: PullOptions = {}): Promise<ChatRefresh> {
    let added = 0;
    let refused = 0;
    const problems = new Map<string, PyrgosError>();
    let reread = new Set<string>();
    let more = false;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const look = round === 0 && view !== undefined ? view : this.store.space.tree.view(signal, true);
      const chat = await this.chatIn(look, id, signal);
      // Nobody is asked once more into a chat that they have left, or is made to read on: who is out of it hears of an invitation where invitations are, and accepts it or not.
      if (chat.state.hostMember.isRemoved && from === undefined) break;
      const found = await this.look(look, chat, from);
      for (const { username, error } of found.problems) problems.set(username, error);
      more = false;
      if (await this.isNothing(look, chat, found)) {
        for (const [username, { problem }] of found.news)
          if (problem === undefined || isDamage(problem)) this.noteRead(chat.state, username, id);
        break;
      }
      const merged = await this.store.update(id, signal, async (change) =>
        this.merge(change, found, { reread: new Set(reread), isAlone: from !== undefined, signal }),
      );
      const { added: some, logs, state, waits } = merged;
      for (const [username, bytes] of merged.taken) this.reserve.noteTaken(username, bytes);
      ({ reread } = merged);
      this.shared.add(id);
      added += some;
      for (const { username, outcome, error, refused: bad } of logs) {
        refused += bad;
        if (found.news.has(username)) this.noteOutcome(`${username}/${id}`, waits.has(username) ? 'end' : outcome);
        if (error !== undefined && !waits.has(username)) problems.set(username, error);
        // What a message waits for may come with the next look.
        if (found.news.has(username) && (outcome === 'end' || outcome === 'damaged')) this.noteRead(state, username, id);
      }
      for (const username of found.news.keys()) this.waiting.delete(`${username}/${id}`);
      for (const [username, wait] of waits) {
        this.waiting.set(`${username}/${id}`, wait);
        problems.set(wait.author, wait.error);
        if (wait.isRead) this.noteRead(state, username, id);
      }
      more = merged.hasMore;
      // A round that has brought nothing is not made again.
      if (!more || state.equals(chat.state)) break;
    }
    const failed = [...problems].map(([username, error]) => ({ username, error }));
    return { id, added, refused, more, problems: failed.sort((a, b) => (a.username < b.username ? -1 : 1)) };
  }

  /** Forgets what waits in a chat of which there is no copy any more. */
  forget(id: string): void {
    for (const key of this.waiting.keys()) if (key.endsWith(`/${id}`)) this.waiting.delete(key);
  }

  private async chatIn(view: CommittedView, id: string, signal: AbortSignal | undefined): Promise<OwnChat> {
    const found = await findOwnChat(view, await this.store.space.home(view), id);
    // The view of a refresh of many chats may have met the own files before one was made.
    return found ?? this.store.look(id, signal, async (_, chat) => chat, true);
  }

  private async look(view: CommittedView, { id, state, privateState }: OwnChat, from: string | undefined): Promise<Round> {
    const news = new Map<string, LogNews>();
    const gone: string[] = [];
    const back: string[] = [];
    const failing = new Map<string, PyrgosError>();
    const problems: ChatProblem[] = [];
    const names = from === undefined ? this.sources(state, privateState) : [from];
    await forEachAtOnce(names, MEMBERS_IN_FLIGHT, async (username) => {
      const member = state.memberOf(username);
      // Whoever invites the account once more may have come into the chat after it was removed.
      if ((member === undefined && username !== from) || !(await this.mirrors.isFollowed(view, username))) return;
      const isMarked = privateState.deleted.includes(username);
      try {
        const isMissed = member !== undefined && from === undefined && (isMarked || this.isExpected(state, member));
        const position = member?.mergedUpTo ?? 0;
        const wait = await this.waitOf(username, id, from !== undefined, view.signal);
        let look = await this.mirrors.look(view, username, id, position);
        // It may be under way to another place: other programs share anew some time after they have moved it.
        if (look.kind === 'gone' && isMissed && !isMarked) look = await this.mirrors.look(view.fresh(), username, id, position);
        if (look.kind !== 'news') this.failingSince.delete(`${username}/${id}`);
        if (look.kind === 'news') news.set(username, look.news);
        if (look.kind === 'gone' && isMissed && this.mirrors.noteMissing(username, id) && !isMarked) gone.push(username);
        if (look.kind === 'news' || look.kind === 'unchanged') {
          this.mirrors.noteThere(username, id);
          if (isMarked) back.push(username);
        }
        const problem = look.kind === 'news' ? look.news.problem : look.kind === 'unchanged' ? look.problem : undefined;
        if (problem !== undefined) problems.push({ username, error: problem });
        if (look.kind === 'unchanged' && wait !== undefined) problems.push({ username: wait.author, error: wait.error });
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        problems.push({ username, error });
        // Whoever was away for long is not awaited.
        if (isMarked) this.mirrors.noteMissing(username, id);
        else failing.set(username, error);
      }
    });
    return { news, gone: gone.sort(), back: back.sort(), failing, problems };
  }

  /**
   * Whether somebody's copy was readable before, or must be: of whom the account has invited, and who has invited it. That messages of a log are counted does not say so: whoever is invited
   * begins with the count of the inviter (section 7.3).
   */
  private isExpected({ chatId, host }: ChatState, { id, username, isPending }: ChatMember): boolean {
    if (isPending) return false;
    return id.parent?.equals(host) === true || host.parent?.equals(id) === true || this.mirrors.hasMet(username, chatId);
  }

  /** Whose logs are read: of all others in the chat, but now and then only of those whose copies are gone, unless nobody else is left. */
  private sources(state: ChatState, { deleted }: PrivateChatState): readonly string[] {
    const { username } = this.store.space;
    const others = activeMembers(state).filter((member) => member.username !== username);
    const reachable = others.filter((member) => !deleted.includes(member.username) || this.mirrors.isDue(member.username, state.chatId));
    return [...new Set((reachable.length > 0 ? reachable : others).map((member) => member.username))];
  }

  /** Whether a change would bring nothing that has to be stored now. */
  private async isNothing(view: CommittedView, chat: OwnChat, { news, gone, back }: Round): Promise<boolean> {
    const logs = [...news.values()];
    if (gone.length > 0 || back.length > 0 || !logs.every(({ isEnd, from, log }) => isEnd && log.length >= from)) return false;
    const messages = logs.flatMap(({ items }) => items);
    const isAllKnown = messages.every(({ message }) => message !== undefined && isKnown(chat.state, message.envelope));
    return isAllKnown && messages.length < MAX_UNCOUNTED && (await this.isShared(view, chat));
  }

  /** Whether all friends in a chat may read the own copy; looked for once in a session. */
  private async isShared(view: CommittedView, { id, state }: OwnChat): Promise<boolean> {
    if (this.shared.has(id)) return true;
    const home = await this.store.space.home(view);
    const readers = await this.store.readersOf(view, home, id);
    const friends = await this.friendsIn(view, home, state);
    if (!friends.every((name) => readers.has(name))) return false;
    this.shared.add(id);
    return true;
  }

  private async merge(
    change: ChatChange,
    { news, gone, back, failing }: Round,
    { reread, isAlone, signal }: { readonly reread: Set<string>; readonly isAlone: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<Merged> {
    const { replica, view, home, share } = change;
    const sources: ChatLogSource[] = [];
    const names: string[] = [];
    const add = (username: string, source: Pick<ChatLogSource, 'holds' | 'read'>): void => {
      const member = replica.state.memberOf(username)?.id;
      if (member?.equals(replica.state.host) === true) return;
      names.push(username);
      sources.push({ member, ...source });
    };
    const { chatId } = replica.state;
    const bounded = new Map<string, BoundedLog>();
    const taken = new TakenMessages(replica, this.reserve, signal);
    for (const [username, one] of [...news].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const read = (from: number): AsyncGenerator<LogItem, number, undefined> => readOn(one, from, signal);
      const key = `${username}/${chatId}`;
      const member = replica.state.memberOf(username)?.id;
      if (member?.equals(replica.state.host) === true) continue;
      // Whoever wants to be in a chat takes all of it, as when it is joined.
      if (isAlone) {
        add(username, { holds: this.holdsOf(key), read });
        continue;
      }
      const log = new BoundedLog(read, taken, { holds: this.holdsOf(key), passed: this.waiting.get(key)?.passed ?? 0 });
      bounded.set(username, log);
      sources.push(...log.sources(member));
      names.push(username, '');
    }
    for (const [username, error] of failing) {
      this.noteOutcome(`${username}/${chatId}`, 'failed');
      add(username, { holds: this.holdsOf(`${username}/${chatId}`), read: () => readNothing(error) });
    }
    for (const username of back) replica.setDeleted(username, false);
    // What the log of one leaves out of somebody who is not known yet is in that one's own, which comes next.
    const followed = await this.mirrors.followed(view);
    const isAskedNext = (username: string): boolean => !isAlone && followed.has(username);
    const logs = await pullChat(replica, sources, { signal, maxBytes: MAX_BYTES, reread, isAskedNext, isDamage });
    for (const username of gone) giveUp(replica, username);
    for (const username of await this.friendsIn(view, home, replica.state)) share(username);
    const { appended, state } = replica.changes;
    const waits = new Map<string, WaitingLog>();
    for (const [username, log] of bounded) {
      const wait = log.waiting(logs[names.indexOf(username) + 1]?.outcome);
      if (wait !== undefined) waits.set(username, wait);
    }
    const read = logs.flatMap((log, i) => (names[i] === '' ? [] : [{ ...log, username: names[i] ?? '' }]));
    return {
      added: appended.length,
      logs: read,
      hasMore: logs.some(({ outcome }) => outcome === 'more'),
      waits,
      taken: taken.ofAuthors(),
      state,
      reread,
    };
  }

  /** What waits for room in a log; once there is some, or when all of it is wanted, it is read anew. */
  private async waitOf(username: string, id: string, isWanted: boolean, signal: AbortSignal | undefined): Promise<WaitingLog | undefined> {
    const wait = this.waiting.get(`${username}/${id}`);
    if (wait === undefined) return undefined;
    if (!isWanted && (await this.reserve.refusal({ ...wait, ofAuthor: 0, ofAll: 0 }, signal)) !== undefined) return wait;
    this.mirrors.forgetRead(username, id);
    return undefined;
  }

  /** Notes whether a log could be read. */
  private noteOutcome(key: string, outcome: PulledLog['outcome']): void {
    if (outcome !== 'failed') this.failingSince.delete(key);
    else if (!this.failingSince.has(key)) this.failingSince.set(key, this.store.space.account.clock.now());
  }

  /** What waits for a log that cannot be read; the longer, the less. */
  private holdsOf(key: string): ChatLogSource['holds'] {
    const now = this.store.space.account.clock.now();
    const since = this.failingSince.get(key) ?? now;
    if (now - since < PATIENCE.others) return 'all';
    return now - since < PATIENCE.own ? 'own' : 'none';
  }

  /** Section 6.5: whoever has joined and is a friend may read the copy, too. */
  private async friendsIn(view: View, home: Item, state: ChatState): Promise<readonly string[]> {
    if (state.hostMember.isRemoved) return [];
    const names: string[] = [];
    for (const { username, isPending } of activeMembers(state)) {
      if (isPending || !(await this.mirrors.isFollowed(view, username))) continue;
      if (await hasRecipient(view, home, username)) names.push(username);
    }
    return names;
  }

  /** Notes that a log was used to its end. */
  private noteRead(state: ChatState, username: string, id: string): void {
    const member = state.memberOf(username);
    if (member !== undefined) this.mirrors.noteRead(username, id, member.mergedUpTo);
  }
}

/** The messages of a log from some place on: those that were read already, and the rest as it is wanted. */
async function* readOn(news: LogNews, from: number, signal: AbortSignal | undefined): AsyncGenerator<LogItem, number, undefined> {
  const { from: first, items, isEnd, problem, log } = news;
  const end = first + items.length;
  const isAtHand = from >= first && from <= end;
  if (isAtHand) yield* items.slice(from - first);
  if (isAtHand && problem !== undefined) throw problem;
  if (!isAtHand || !isEnd) yield* readMessages(log, isAtHand ? end : from, signal);
  return log.length;
}

/** The log of somebody who cannot be reached. */
// eslint-disable-next-line require-yield -- there is nothing to give
async function* readNothing(error: PyrgosError): AsyncGenerator<LogItem, number, undefined> {
  throw error;
}

/** Section 7.1 step 5: whose copy is gone is marked. Nobody is removed for that: only people do. */
function giveUp(replica: ChatReplica, username: string): void {
  const member = replica.state.memberOf(username);
  if (member !== undefined && !member.isRemoved && !member.isPending) replica.setDeleted(username, true);
}
