import { useSyncExternalStore } from 'react';
import type { SessionInfo } from '../engine/calls.js';

/** Who is logged in, as far as the page knows. `unknown`: it has not looked yet whether this device keeps a session. */
export type SessionState =
  | { readonly state: 'unknown' }
  | { readonly state: 'out' }
  /** A session is kept here and being opened. */
  | { readonly state: 'restoring'; readonly username: string }
  /** A session is kept here, but could not be opened: the server is away, or the password was changed. */
  | { readonly state: 'kept'; readonly username: string; readonly error: unknown }
  | { readonly state: 'in'; readonly session: SessionInfo };

let current: SessionState = { state: 'unknown' };
const listeners = new Set<() => void>();

/** Tells every component who is logged in from now on. */
export function setSession(next: SessionState): void {
  current = next;
  for (const listener of listeners) listener();
}

/** Who is logged in. */
export function sessionNow(): SessionState {
  return current;
}

/** Who is logged in, in a component. */
export function useSession(): SessionState {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );
}
