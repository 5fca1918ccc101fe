import type { FilesContext } from '../files/files-context.js';
import { shortNumbers } from './chat-name.js';
import { peopleOf } from './chat-text.js';

/** What of chats can be completed in the shell. */
export type ChatCompletion = 'chat' | 'invitation';

/** Whether a kind of completion is one of chats. */
export function isAboutChats(kind: string): kind is ChatCompletion {
  return kind === 'chat' || kind === 'invitation';
}

/** How chats are named that begin with what is typed: by title or the only other member where that means one of them, otherwise by number. Errors of the client. */
export async function completeChats({ session, signal }: FilesContext, kind: ChatCompletion, text: string): Promise<string[]> {
  const start = text.toLowerCase();
  const named =
    kind === 'invitation'
      ? (await session.chats.invitations({ signal })).map(({ id, inviter, title }) => ({ id, names: [title, inviter] }))
      : (await session.chats.list({ signal })).chats
          .filter(({ app }) => app === undefined)
          .map((summary) => {
            const people = peopleOf(summary, session.username);
            return { id: summary.id, names: [summary.title, ...(people.length === 1 ? people : [])] };
          });
  const numbers = shortNumbers(named);
  const found = named.flatMap(({ id, names }) => {
    const given = names.filter((name) => name !== '');
    const isClear = (name: string): boolean =>
      named.filter((other) => other.names.some((one) => one.toLowerCase() === name.toLowerCase())).length === 1;
    const clear = given.filter(isClear);
    return clear.length === 0 || /^[0-9a-f]/u.test(start) ? [...clear, numbers.get(id) ?? id] : clear;
  });
  return [...new Set(found)].filter((name) => name.toLowerCase().startsWith(start)).sort();
}
