import { type Chat, PyrgosError } from '@pyrgos/client';
import { commandName } from '../command-name.js';
import type { FilesContext } from '../files/files-context.js';

/**
 * Whether any other member lets the account read their copy of a chat: where nobody does, the account was perhaps removed by somebody, and nobody reads what it writes. Undefined where that
 * is not known, or where nobody else has joined or the account is out of the chat, which is told elsewhere. Errors of the own copy.
 */
async function isHeard({ session, signal }: FilesContext, chat: Chat): Promise<boolean | undefined> {
  const [members, { writable }] = [await chat.members({ signal }), await chat.summary({ signal })];
  const others = members.filter(({ isSelf, state }) => !isSelf && (state === 'joined' || state === 'unreachable'));
  if (others.length === 0 || writable === 'removed' || writable === 'left') return undefined;
  let isKnown = true;
  for (const { username } of others) {
    try {
      if ((await session.files.find(`/${username}/.messaging/${chat.id}/shared`, { signal })) !== undefined) return true;
    } catch (error) {
      if (!(error instanceof PyrgosError) || error.code === 'aborted') throw error;
      isKnown = false;
    }
  }
  return isKnown ? false : undefined;
}

/** Tells people when nobody hears them in a chat: see {@link isHeard}, which this returns. */
export async function noteUnheard(context: FilesContext, chat: Chat): Promise<boolean | undefined> {
  const heard = await isHeard(context, chat);
  if (heard === false) {
    context.output.note(
      `No other member whom you can read has this chat (any more): perhaps you were removed, and nobody reads what you write. ${commandName} chat members shows who is in it; ask one of them.`,
    );
  }
  return heard;
}
