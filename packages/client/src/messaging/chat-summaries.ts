import { type ChatMember, type ChatState, parseChatId, type PrivateChatState } from '@pyrgos/core/chat';
import type { View } from '../files/view/index.js';
import type { OwnChat } from './chat-files.js';
import { parseIcon } from './chat-icon.js';
import type { ChatMirrors } from './chat-mirrors.js';
import type { ChatReadings } from './chat-readings.js';
import type { ChatMemberInfo, ChatMessage, ChatSummary, ChatWritable } from './chat-types.js';

/** Summaries that are kept. */
const MAX_KEPT = 500;

/** Summaries of chats: each is made once for every version of the own copy. */
export class ChatSummaries {
  private readonly kept = new Map<string, { readonly version: string; readonly summary: ChatSummary }>();

  constructor(
    private readonly readings: ChatReadings,
    private readonly mirrors: Pick<ChatMirrors, 'missingOf'>,
  ) {}

  /** The summary of a version of the own copy. Errors of reading its log. */
  async of(view: View, chat: OwnChat): Promise<ChatSummary> {
    const { id } = chat;
    const missing = this.mirrors.missingOf(id);
    const version = [versionOf(chat), ...missing].join(' ');
    const known = this.kept.get(id);
    if (known?.version === version) return known.summary;
    const timeline = await this.readings.at(view, chat);
    const [last, unread] = [await timeline.last(view.signal), await timeline.unread(view.signal)];
    const summary: ChatSummary = { ...describe(chat, missing), unread, last, updated: last && arrivalOf(last, chat) };
    if (this.kept.size >= MAX_KEPT) this.kept.clear();
    this.kept.set(id, { version, summary });
    return summary;
  }

  /** Forgets a chat. */
  forget(id: string): void {
    this.kept.delete(id);
  }
}

/** When a message was sent, as its author says, but not after it has come: nobody stays on top of all others by a time of the future. */
function arrivalOf({ time }: ChatMessage, { log }: OwnChat): Date {
  return new Date(Math.min(time.getTime(), Math.max(0, log.properties.modified.toMilliseconds())));
}

function versionOf({ log, stateFile, privateFile, seenFile }: OwnChat): string {
  return [log, stateFile, privateFile, seenFile].map((file) => file?.cid.key ?? '').join(' ');
}

function describe({ id, state, privateState }: OwnChat, missing: ReadonlySet<string>): Omit<ChatSummary, 'unread' | 'last' | 'updated'> {
  const { hostMember, title, admins } = state;
  const active = activeMembers(state);
  const names = (some: readonly ChatMember[]): readonly string[] => [...new Set(some.map(({ username }) => username))].sort();
  const present = new Set(names(active));
  return {
    id,
    title,
    icon: parseIcon(state.icon),
    members: names(active.filter(({ isPending }) => !isPending)),
    pending: names(active.filter(({ isPending }) => isPending)),
    admins: [...new Set(admins)].filter((name) => present.has(name)).sort(),
    isAdmin: admins.includes(hostMember.username) && !hostMember.isRemoved,
    writable: writableOf(state, privateState, missing),
    app: parseChatId(id).app,
    messageCount: hostMember.mergedUpTo,
  };
}

/** Everybody who is, or was, in a chat: one entry for each name. By name, those who are in it first. The copies of those in `missing` were not there when they were looked for last. */
export function describeMembers({ state, privateState }: OwnChat, missing: ReadonlySet<string>): readonly ChatMemberInfo[] {
  const { admins, hostMember } = state;
  const names = [...new Set([...state.members.values()].map(({ username }) => username))];
  const found = names.flatMap((username): readonly ChatMemberInfo[] => {
    const isSelf = username === hostMember.username;
    const member = isSelf ? hostMember : state.memberOf(username);
    if (member === undefined) return [];
    const isAdmin = !member.isRemoved && admins.includes(username);
    const isMissing = missing.has(username) || privateState.deleted.includes(username);
    return [{ username, id: member.id.toString(), isAdmin, state: stateOf(member, isMissing), isSelf }];
  });
  const keyOf = ({ username, state: kind }: ChatMemberInfo): string => `${kind === 'removed' ? 1 : 0}${username}`;
  return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function stateOf({ isRemoved, isPending }: ChatMember, isMissing: boolean): ChatMemberInfo['state'] {
  if (isRemoved) return 'removed';
  if (isPending) return 'pending';
  return isMissing ? 'unreachable' : 'joined';
}

/** Who is in a chat. */
export function activeMembers(state: ChatState): readonly ChatMember[] {
  return [...state.members.values()].filter((member) => !member.isRemoved);
}

/** Whether the account can send messages in a chat (chapter 07 sections 7.4 and 10.2). The copies of those in `missing` were not there when they were looked for last. */
export function writableOf(
  state: ChatState,
  { chatKeys, deleted }: PrivateChatState,
  missing: ReadonlySet<string> = new Set(),
): ChatWritable {
  const { hostMember, admins } = state;
  const { username, isRemoved, chatKey } = hostMember;
  if (isRemoved) {
    const hasLeft = state.recent.some(
      ({ author, payload }) => payload.kind === 'remove-member' && author.equals(hostMember.id) && payload.member.equals(hostMember.id),
    );
    return hasLeft ? 'left' : 'removed';
  }
  if (chatKey === undefined || !chatKey.equals(chatKeys.publicKey)) return 'keys-lost';
  const isThere = (name: string): boolean => name !== username && !deleted.includes(name) && !missing.has(name);
  const others = activeMembers(state).filter((member) => isThere(member.username));
  return others.length === 0 && !admins.includes(username) ? 'alone' : 'yes';
}
