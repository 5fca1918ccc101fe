import type { FriendsState } from '@pyrgos/client';
import type { People, SomePerson, Verification } from '../social-calls.js';

/** Everybody whom the account has to do with. */
export function everybodyIn({ followers, following, changed, blocked, outgoing, incoming }: FriendsState): ReadonlySet<string> {
  return new Set([...followers, ...following, ...changed, ...blocked, ...outgoing, ...incoming.map(({ username }) => username)]);
}

/** The requests of people whom the account wants to hear of. */
export function heard(incoming: FriendsState['incoming'], blocked: ReadonlySet<string>): FriendsState['incoming'] {
  return incoming.filter(({ username }) => !blocked.has(username));
}

/** Everybody, each in the one list where the page shows them. `verificationOf`: what is known of somebody's keys. */
export function listPeople(friends: FriendsState, verificationOf: (username: string) => Verification): People {
  const { incoming, outgoing } = friends;
  const blocked = new Set(friends.blocked);
  const followers = new Set(friends.followers);
  const following = new Set(friends.following);
  const unreachable = new Set(friends.unreachable);
  const removing = new Set(friends.removing);
  const replaced = friends.changed.filter((name) => !blocked.has(name));
  const elsewhere = new Set([...blocked, ...replaced]);
  const known = [...new Set([...following, ...friends.followers.filter((name) => !elsewhere.has(name))])].sort();
  const person = (username: string): SomePerson => ({ username, verification: verificationOf(username) });
  return {
    requests: heard(incoming, blocked).map(({ username, isChecked }) => ({ ...person(username), isChecked })),
    sent: outgoing.map(person),
    replaced: replaced.map((username) => ({ ...person(username), isFollower: followers.has(username) })),
    known: known.map((username) => ({
      ...person(username),
      isFollower: followers.has(username),
      isFollowed: following.has(username),
      isReachable: !unreachable.has(username),
      isBeingRemoved: removing.has(username),
    })),
    blocked: friends.blocked.map((username) => ({
      ...person(username),
      isFollower: followers.has(username),
      hasAsked: incoming.some((request) => request.username === username),
    })),
  };
}
