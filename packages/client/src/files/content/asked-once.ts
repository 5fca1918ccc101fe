import type { Item } from '../view/index.js';

/** Asks what to do about a file that is there already. */
export type Ask = (existing: Item) => Promise<'replace' | 'skip'> | 'replace' | 'skip';

/** Remembers what was answered about each version of a file: a change that is repeated does not ask again. */
export function askedOnce(ask: Ask): (existing: Item) => Promise<'replace' | 'skip'> {
  const answers = new Map<string, 'replace' | 'skip'>();
  return async (existing) => {
    const { key } = existing.cid;
    const answer = answers.get(key) ?? (await ask(existing));
    answers.set(key, answer);
    return answer;
  };
}
