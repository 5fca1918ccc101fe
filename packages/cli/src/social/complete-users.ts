import type { FilesContext } from '../files/files-context.js';
import { requestActions } from './friends.js';

/** What of people can be completed in the shell. */
export type PeopleCompletion = 'user' | 'follower' | 'friend' | 'blocked' | 'requester' | 'action';

/** Most names that are offered at a time: a server may have a million. */
const MOST = 100;

/** The names of all users, for as long as a shell runs: the list may be long. */
const allNames = new WeakMap<FilesContext, Promise<readonly string[]>>();

/** Whether a kind of completion is one of people. */
export function isAboutPeople(kind: string): kind is PeopleCompletion {
  return ['user', 'follower', 'friend', 'blocked', 'requester', 'action'].includes(kind);
}

/** The names that begin with what is typed. Errors of the client. */
export async function completePeople(context: FilesContext, kind: PeopleCompletion, text: string): Promise<string[]> {
  const start = text.toLowerCase();
  return [...(await namesOf(context, kind, start))]
    .filter((name) => name.startsWith(start))
    .sort()
    .slice(0, MOST);
}

async function namesOf(context: FilesContext, kind: PeopleCompletion, start: string): Promise<readonly string[]> {
  const { session, signal } = context;
  switch (kind) {
    case 'action':
      return requestActions;
    case 'requester':
      return (await session.friends.requests({ signal })).map(({ username }) => username);
    case 'follower':
      return (await session.friends.state({ signal })).followers;
    case 'friend':
      return (await session.friends.state({ signal })).following;
    case 'blocked':
      return (await session.friends.state({ signal })).blocked;
    default:
      // Nobody means all of them.
      return start === '' ? [] : usersOf(context);
  }
}

async function usersOf(context: FilesContext): Promise<readonly string[]> {
  const known = allNames.get(context);
  if (known !== undefined) return known;
  const { account } = context.session;
  const names = account.network.core.usernames(context.signal);
  allNames.set(context, names);
  names.catch(() => allNames.delete(context));
  return names;
}
