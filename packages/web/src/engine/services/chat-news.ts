import type { ChatRefresh } from '@pyrgos/client';
import type { ChatNews } from '../chat-calls.js';

/** What the page is told of a look for new messages. */
export function newsOf({ id, added, problems }: ChatRefresh): ChatNews {
  const names = (reason: string | undefined): readonly string[] =>
    problems.filter(({ error }) => waitsFor(error) === reason).map(({ username }) => username);
  return { id, added, unreachable: names(undefined), waiting: { forRoom: names('reserve'), forTime: names('member') } };
}

function waitsFor({ code, data }: ChatRefresh['problems'][number]['error']): string | undefined {
  const { reason } = data;
  const isWaiting = (code === 'quota' && reason === 'reserve') || (code === 'rate' && reason === 'member');
  return isWaiting ? reason : undefined;
}
