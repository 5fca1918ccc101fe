import type { ChatMessage, ChatRefresh, ChatSummary } from '@pyrgos/client';
import { codeOf, explainError } from '../files/explain-error.js';

/** What programs are told of a chat. */
export function chatJson(summary: ChatSummary): object {
  const { admins, app, icon, id, isAdmin, last, members, messageCount, pending, title, unread, updated, writable } = summary;
  return {
    id,
    title,
    members,
    pending,
    admins,
    isAdmin,
    writable,
    app,
    hasIcon: icon !== undefined,
    messageCount,
    unread,
    updated: updated?.toISOString(),
    last: last === undefined ? undefined : messageJson(last),
  };
}

/** What programs are told of a message. What opens its attachments is a secret, and no part of it. */
export function messageJson(message: ChatMessage): object {
  const { about, attachments, author, deleted, edited, index, isNew, isOwn, kind, ref, replyTo, text, time } = message;
  return {
    number: index,
    ref,
    kind,
    author,
    isOwn,
    isNew,
    time: time.toISOString(),
    text,
    attachments: attachments.map(({ name }) => ({ name })),
    edited,
    deleted,
    replyTo:
      replyTo === undefined
        ? undefined
        : { ref: replyTo.ref, number: replyTo.index, author: replyTo.author, text: replyTo.text, deleted: replyTo.deleted },
    about,
  };
}

/** What programs are told of something that went wrong beside the rest. */
export function problemJson(error: unknown): { readonly code: string; readonly message: string } {
  return { code: codeOf(error), message: explainError(error).text };
}

/** The same for members of a chat whose messages could not be read. */
export function refreshProblems({ id, problems }: ChatRefresh): object[] {
  return problems.map(({ error, username }) => ({ id, username, ...problemJson(error) }));
}
