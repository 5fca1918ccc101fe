/** How the account stands to a chat. */
export interface ChatStanding {
  readonly isAdmin: boolean;
  /** Who is an admin, people who are not in the chat any more included. */
  readonly admins: readonly string[];
  readonly writable: 'yes' | 'removed' | 'left' | 'alone' | 'keys-lost';
}

/** Somebody in a chat, as far as it decides what can be done. */
export interface StandingMember {
  readonly username: string;
  readonly isAdmin: boolean;
  readonly state: 'joined' | 'pending' | 'removed' | 'unreachable';
  readonly isSelf: boolean;
}

/** What can be done about somebody. */
export interface MemberRights {
  readonly canMakeAdmin: boolean;
  readonly canEndAdmin: boolean;
  readonly canRemove: boolean;
  readonly canInviteAgain: boolean;
}

/** Whether the account can change anything in a chat: invite, name, picture (chapter 07 sections 6.3 to 6.7). */
export function canChange({ writable }: Pick<ChatStanding, 'writable'>): boolean {
  return writable === 'yes' || writable === 'alone';
}

/** What the account can do about somebody in a chat, as other members will accept it (chapter 07 section 6.6). */
export function rightsOver(chat: ChatStanding, member: StandingMember, members: readonly StandingMember[]): MemberRights {
  const isHere = member.state !== 'removed';
  const mayChange = canChange(chat);
  const decides = mayChange && (chat.isAdmin || chat.admins.length === 0);
  return {
    canMakeAdmin: decides && member.state === 'joined' && !member.isAdmin,
    // Somebody has to be left who can remove people, and is in the chat.
    canEndAdmin: mayChange && chat.isAdmin && isHere && member.isAdmin && hasOtherAdmin(members, member.username),
    canRemove: mayChange && chat.isAdmin && isHere && !member.isSelf,
    canInviteAgain: mayChange && !isHere && !member.isSelf,
  };
}

/** Whether somebody else than `username` is an admin and in the chat. */
export function hasOtherAdmin(members: readonly StandingMember[], username: string): boolean {
  return members.some((other) => other.username !== username && other.isAdmin && other.state === 'joined');
}

const ORDER = ['joined', 'pending', 'unreachable', 'removed'] as const;

/** Everybody once, as they stand now: who was invited again has several places in the chat. In the order in which they are shown: the account itself, who is in the chat, who is not. */
export function everybodyOnce<Member extends StandingMember>(members: readonly Member[]): readonly Member[] {
  const byName = new Map<string, Member>();
  for (const member of members) {
    const known = byName.get(member.username);
    if (known === undefined || rank(member) < rank(known)) byName.set(member.username, member);
  }
  return [...byName.values()].toSorted(
    (a, b) => Number(b.isSelf) - Number(a.isSelf) || rank(a) - rank(b) || (a.username < b.username ? -1 : 1),
  );
}

function rank({ state }: StandingMember): number {
  return ORDER.indexOf(state);
}
