import { forgetLogin } from './login-cache.js';
import type { LocalStore } from './local-store.js';

const turns = new WeakMap<LocalStore, Promise<unknown>>();
const forgettings = new WeakMap<LocalStore, Map<string, number>>();

/** What keeps and what deletes a session or login data in one store: one after the other. Not to be called by `work`. */
export async function inTurn(store: LocalStore | undefined, work: () => Promise<void>): Promise<void> {
  if (store === undefined) return work();
  const turn = (turns.get(store) ?? Promise.resolve()).then(work);
  turns.set(
    store,
    turn.catch(() => undefined),
  );
  return turn;
}

/**
 * Forgets what opens the account of a user on this device (chapter 05 section 15.8), after whatever is being written, and what log-ins keep
 * that the server let in before: see {@link keepUnlessForgotten}.
 */
export async function forgetInTurn(store: LocalStore | undefined, username: string): Promise<void> {
  if (store !== undefined) {
    const counts = forgettings.get(store) ?? new Map<string, number>();
    forgettings.set(store, counts);
    counts.set(username, timesForgotten(store, username) + 1);
  }
  await inTurn(store, async () => forgetLogin(store, username));
}

/** How often {@link forgetInTurn} was called for a user in this process. */
export function timesForgotten(store: LocalStore | undefined, username: string): number {
  return store === undefined ? 0 : (forgettings.get(store)?.get(username) ?? 0);
}

/** Keeps something in its turn, unless it was known before the user was forgotten: `since` is {@link timesForgotten} of when it was asked for. */
export async function keepUnlessForgotten(
  store: LocalStore | undefined,
  username: string,
  since: number,
  keep: () => Promise<void>,
): Promise<void> {
  await inTurn(store, async () => {
    if (timesForgotten(store, username) === since) await keep();
  });
}
