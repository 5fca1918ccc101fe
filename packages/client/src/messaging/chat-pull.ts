import {
  type ChatLogSource,
  type ChatMember,
  type ChatReplica,
  type ChatState,
  type LogItem,
  type MessageEnvelope,
  type PrivateChatState,
  type PulledLog,
  pullChat,
} from '@pyrgos/core/chat';
import { PyrgosError } from '@pyrgos/core/errors';
import type { CommittedView, Item, View } from '../files/view/index.js';
import { isOfOthers } from '../social/friend-spaces.js';
import { hasRecipient } from '../social/groups.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { findOwnChat, type OwnChat } from './chat-files.js';
import { readMessages } from './chat-log.js';
import { activeMembers } from './chat-summaries.js';
import type { ChatMirrors, LogNews } from './chat-mirrors.js';
import type { ChatChange, ChatStore } from './chat-store.js';
import type { ChatProblem, ChatRefresh } from './chat-types.js';

/** Members whose logs are read at a time. */
const MEMBERS_IN_FLIGHT = 8;
/** Rounds of one refresh; what is more than they bring comes with the next one. */
const MAX_ROUNDS = 200;
/** Messages that are known already and are counted by the next change of the chat: more of them are counted at once. */
const MAX_UNCOUNTED = 256;

/** Bytes of messages that one change takes, unless one of them alone has more: so that it is one commit. */
const MAX_BYTES = 4_194_304;

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
  /** Whose copies are certainly not there (any more). */
  readonly gone: readonly string[];
  readonly problems: readonly ChatProblem[];
}

/** How much one change may take. */
interface Budget {
  bytes: number;
  /** Of which logs there is more. */
  readonly cut: Set<LogNews | undefined>;
}

/** What a change has brought. */
interface Merged {
  readonly added: number;
  readonly logs: readonly (PulledLog & { readonly username: string })[];
  readonly state: ChatState;
}

/** Brings chats up to date from the copies of their members (chapter 07 section 7.1). */
export class ChatPull {
  /** Chats of which it was looked in this session whether all friends in them may read the copy. */
  private readonly shared = new Set<string>();

  constructor(
    private readonly store: ChatStore,
    private readonly mirrors: ChatMirrors,
  ) {}

  /**
   * Adds what members have written to the own copy. What is wrong with one of them keeps the others from nothing. Errors: those of the own copy, and of storing
   * it.
   */
  async run(id: string, { signal, from, view }: PullOptions = {}): Promise<ChatRefresh> {
    let added = 0;
    let refused = 0;
    const problems = new Map<string, PyrgosError>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const look = round === 0 && view !== undefined ? view : this.store.space.tree.view(signal, true);
      const chat = await this.chatIn(look, id, signal);
      const found = await this.look(look, chat, from);
      for (const { username, error } of found.problems) problems.set(username, error);
      if (await this.isNothing(look, chat, found)) {
        for (const username of found.news.keys()) this.noteRead(chat.state, username, id);
        break;
      }
      const { added: some, logs, state } = await this.store.update(id, signal, async (change) => this.merge(change, found, signal));
      this.shared.add(id);
      added += some;
      for (const { username, outcome, error, refused: bad } of logs) {
        refused += bad;
        if (error instanceof PyrgosError) problems.set(username, error);
        // What a message waits for may come with the next look.
        if (outcome === 'end' || outcome === 'damaged') this.noteRead(state, username, id);
      }
      if (!logs.some(({ outcome }) => outcome === 'more')) break;
    }
    const failed = [...problems].map(([username, error]) => ({ username, error }));
    return { id, added, refused, problems: failed.sort((a, b) => (a.username < b.username ? -1 : 1)) };
  }

  private async chatIn(view: CommittedView, id: string, signal: AbortSignal | undefined): Promise<OwnChat> {
    const found = await findOwnChat(view, await this.store.space.home(view), id);
    // The view of a refresh of many chats may have met the own files before one was made.
    return found ?? this.store.look(id, signal, async (_, chat) => chat, true);
  }

  private async look(view: CommittedView, { id, state, privateState }: OwnChat, from: string | undefined): Promise<Round> {
    const news = new Map<string, LogNews>();
    const gone: string[] = [];
    const problems: ChatProblem[] = [];
    const names = from === undefined ? this.sources(state, privateState) : [from];
    await forEachAtOnce(names, MEMBERS_IN_FLIGHT, async (username) => {
      const member = state.memberOf(username);
      // Whoever invites the account once more may have come into the chat after it was removed.
      if ((member === undefined && username !== from) || !(await this.mirrors.isFollowed(view, username))) return;
      try {
        const isMissed = member !== undefined && this.isExpected(state, member) && !privateState.deleted.includes(username);
        const position = member?.mergedUpTo ?? 0;
        let look = await this.mirrors.look(view, username, id, position);
        // It may be under way to another place: other programs share anew some time after they have moved it.
        if (look.kind === 'gone' && isMissed) look = await this.mirrors.look(view.fresh(), username, id, position);
        if (look.kind === 'news') news.set(username, look.news);
        if (look.kind === 'gone' && isMissed && from === undefined) gone.push(username);
        const problem = look.kind === 'news' ? look.news.problem : look.kind === 'unchanged' ? look.problem : undefined;
        if (problem !== undefined) problems.push({ username, error: problem });
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        problems.push({ username, error });
      }
    });
    return { news, gone: gone.sort(), problems };
  }

  /**
   * Whether somebody's copy was readable before, or must be: of whom the account has invited, and who has invited it. That messages of a log are counted does not say so: whoever is invited
   * begins with the count of the inviter (section 7.3).
   */
  private isExpected({ chatId, host }: ChatState, { id, username, isPending }: ChatMember): boolean {
    if (isPending) return false;
    return id.parent?.equals(host) === true || host.parent?.equals(id) === true || this.mirrors.hasMet(username, chatId);
  }

  /** Whose logs are read: of all others in the chat, but of those whose copies are gone, unless nobody else is left. */
  private sources(state: ChatState, { deleted }: PrivateChatState): readonly string[] {
    const { username } = this.store.space;
    const others = activeMembers(state).filter((member) => member.username !== username);
    const reachable = others.filter((member) => !deleted.includes(member.username));
    return [...new Set((reachable.length > 0 ? reachable : others).map((member) => member.username))];
  }

  /** Whether a change would bring nothing that has to be stored now. */
  private async isNothing(view: CommittedView, chat: OwnChat, { news, gone }: Round): Promise<boolean> {
    const logs = [...news.values()];
    if (gone.length > 0 || !logs.every(({ isEnd, from, log }) => isEnd && log.length >= from)) return false;
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

  private async merge(change: ChatChange, { news, gone }: Round, signal: AbortSignal | undefined): Promise<Merged> {
    const { replica, chat, view, home, share } = change;
    const sources: ChatLogSource[] = [];
    const names: string[] = [];
    const budget: Budget = { bytes: MAX_BYTES, cut: new Set() };
    for (const [username, one] of [...news].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const member = replica.state.memberOf(username)?.id;
      if (member?.equals(replica.state.host) === true) continue;
      names.push(username);
      sources.push({ member, read: (from) => readOn(one, from, budget, signal) });
      if (chat.privateState.deleted.includes(username)) replica.setDeleted(username, false);
    }
    const logs = await pullChat(replica, sources, { signal });
    for (const username of gone) await giveUp(replica, username);
    for (const username of await this.friendsIn(view, home, replica.state)) share(username);
    const { appended, state } = replica.changes;
    const pulled = logs.map((log, i) => {
      const username = names[i] ?? '';
      return { ...log, username, outcome: budget.cut.has(news.get(username)) ? ('more' as const) : log.outcome };
    });
    return { added: appended.length, logs: pulled, state };
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
async function* readOn(
  news: LogNews,
  from: number,
  budget: Budget,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogItem, number, undefined> {
  const { from: first, items, isEnd, problem, log } = news;
  const end = first + items.length;
  const isAtHand = from >= first && from <= end;
  for (const item of isAtHand ? items.slice(from - first) : []) {
    if (isSpent(budget, news, item)) return log.length;
    yield item;
  }
  if (isAtHand && problem !== undefined) throw problem;
  if (isAtHand && isEnd) return log.length;
  for await (const item of readMessages(log, isAtHand ? end : from, signal)) {
    if (isSpent(budget, news, item)) return log.length;
    yield item;
  }
  return log.length;
}

/** Whether a message has to wait for the next change; at least one does not. */
function isSpent(budget: Budget, news: LogNews, { start, end }: LogItem): boolean {
  if (budget.bytes <= 0) budget.cut.add(news);
  budget.bytes -= end - start;
  return budget.cut.has(news);
}

/** Section 7.1 step 5: an admin removes whoever has given up their copy, and everybody else does not ask them any more. */
async function giveUp(replica: ChatReplica, username: string): Promise<void> {
  const { state } = replica;
  const member = state.memberOf(username);
  if (member === undefined || member.isRemoved || member.isPending) return;
  if (replica.readOnlyReason === undefined && state.admins.includes(state.hostMember.username)) await replica.removeMember(username);
  else replica.setDeleted(username, true);
}

/** Whether the own copy has a message already. */
function isKnown({ clock }: ChatState, { author, counter }: MessageEnvelope): boolean {
  return counter !== undefined && (clock.get(author) ?? -1) >= counter;
}
