import type { FriendsState, UserSession } from '@pyrgos/client';

/** Asks somebody to become a friend. Returns what to tell the user. */
export async function askToBeFriends({ friends }: UserSession, username: string): Promise<string> {
  // `following`: the account had only stopped to follow them, and does again.
  return (await friends.follow(username)) === 'requested' ? `${username} will be asked.` : `You follow ${username} again.`;
}

/** Answers everybody who wants to follow the account, and returns how it stands to others then. */
export async function answerRequests({ friends }: UserSession, ask: (question: string) => Promise<boolean>): Promise<FriendsState> {
  for (const request of await friends.requests()) {
    if (await ask(`Become a friend of ${request.username}?`)) await friends.accept(request);
    else await friends.deny(request);
  }
  // Also does what others have answered meanwhile: call it when somebody looks.
  return friends.state();
}

/** Ends a friendship on both sides: nothing is shared with them any more, and what they share is not shown. */
export async function endFriendship({ friends }: UserSession, username: string): Promise<void> {
  await friends.removeFollower(username);
  await friends.unfollow(username);
}
