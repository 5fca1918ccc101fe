import type { SessionInfo } from '../engine/calls.js';

const KEY = 'pyrgos-unkept-session';

/** Notes for the next time that this tab loads the page who is logged in without being kept; undefined: nobody any more. No secret. */
export function noteSession(session: SessionInfo | undefined): void {
  try {
    if (session === undefined || session.isKept) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, session.username);
  } catch {
    // The browser stores nothing: then nobody is told why they are at the door again.
  }
}

/** Whose session ended because this tab has loaded the page anew; undefined when none has. */
export function endedByReload(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
