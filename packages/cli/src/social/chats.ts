import type { ChatInvitation, ChatRefresh, ChatSummary } from '@pyrgos/client';
import { MAX_CHAT_UNREAD } from '@pyrgos/core/limits';
import { commandName } from '../command-name.js';
import { timeText } from '../files/entry-text.js';
import { explainError } from '../files/explain-error.js';
import type { FilesContext } from '../files/files-context.js';
import { formatTable, printableMessage, printableName } from '../terminal.js';
import { chatJson, problemJson, refreshProblems } from './chat-json.js';
import { shortNumbers } from './chat-name.js';
import { chatTitle, cut, excerptOf } from './chat-text.js';

/** Whether others are asked for what is new first. */
export interface RefreshOption {
  readonly refresh?: boolean;
}

export interface ListChatsOptions extends RefreshOption {
  /** Those of other programs, too. */
  readonly all?: true;
}

/** Prints the chats of the account, the newest first, and to which it is invited. A damaged one is reported, and the others are listed. */
export async function listChats(context: FilesContext, { all, refresh = true }: ListChatsOptions): Promise<void> {
  const { output, session, signal } = context;
  const refreshed = refresh ? await session.chats.refresh({ signal }) : [];
  const found = await session.chats.list({ signal });
  const chats = found.chats.filter(({ app }) => all === true || app === undefined);
  const { damaged, invitations } = found;
  if (output.isJson) {
    output.result('', {
      chats: chats.map(chatJson),
      invitations: invitations.map(({ id, inviter, isKnown, title }) => ({ id, inviter, title, isKnown })),
      damaged: damaged.map(({ error, id }) => ({ id, ...problemJson(error) })),
      problems: refreshed.flatMap(refreshProblems),
    });
  } else {
    for (const line of chatLines(chats, invitations, session.username)) output.result(line, {});
    if (chats.length + invitations.length + damaged.length === 0)
      output.done(`No chats: ${commandName} chat create FRIEND begins one.`, {});
  }
  noteProblems(context, refreshed);
  for (const { error, id } of damaged) output.told(id, error);
}

/** Tells people whose messages could not be read: once for each of them, however many chats they are in. */
export function noteProblems({ output }: FilesContext, refreshed: readonly ChatRefresh[]): void {
  const people = new Map(refreshed.flatMap(({ problems }) => problems.map(({ error, username }) => [username, error] as const)));
  for (const [username, error] of people)
    output.note(`What '${printableName(username)}' has written may be missing: ${printableMessage(explainError(error).text)}`);
}

function chatLines(chats: readonly ChatSummary[], invitations: readonly ChatInvitation[], username: string): string[] {
  const numbers = shortNumbers([...chats, ...invitations]);
  const rows = chats.map((summary) => [
    numbers.get(summary.id) ?? summary.id,
    unreadText(summary.unread),
    summary.updated === undefined ? '' : timeText(summary.updated),
    `${chatTitle(summary, username, { isShort: true })}${stateText(summary)}`,
    summary.last === undefined ? '' : excerptOf(summary.last),
  ]);
  const invited = invitations.map(({ id, inviter, title }) => {
    const what = title === '' ? 'to a chat' : `to '${cut(printableName(title))}'`;
    const number = numbers.get(id) ?? id;
    return `${number}  '${printableName(inviter)}' invites you ${what}: ${commandName} chat join ${number}`;
  });
  return [...invited, ...formatTable(rows).map((row) => row.trimEnd())];
}

function unreadText(unread: number): string {
  if (unread === 0) return '';
  return `${unread}${unread < MAX_CHAT_UNREAD ? '' : ' or more'} new`;
}

function stateText({ app, writable }: ChatSummary): string {
  const made = app === undefined ? '' : ` [of the app ${printableName(app)}]`;
  switch (writable) {
    case 'removed':
      return `${made} [you were removed]`;
    case 'left':
      return `${made} [you have left]`;
    case 'keys-lost':
      return `${made} [to read only]`;
    default:
      return made;
  }
}
