/** The directory of all chats, below a home directory (chapter 07 section 3.2). */
export const MESSAGING = '.messaging';
/** The directory of a chat that its members may read. */
export const SHARED = 'shared';

/** Whether a path is what somebody shares of a chat: an invitation, or the copy of a member. `names`: from the root down. */
export function isSharedChat(names: readonly string[]): boolean {
  return names.length === 4 && names[1] === MESSAGING && names[3] === SHARED;
}
