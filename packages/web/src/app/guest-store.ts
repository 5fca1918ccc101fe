import { useSyncExternalStore } from 'react';
import type { OpenedLink } from '../engine/sharing-calls.js';

/** Somebody who has followed a link, with or without an account: what the screens for files show is what the link leads to. */
export interface Guest extends OpenedLink {
  /** See `TreeId`. */
  readonly tree: string;
  /** Where the way begins that can be gone: the folder of the link, or that of its file. */
  readonly rootPath: string;
  /** How folders are shown, once the guest has chosen. */
  readonly view?: 'list' | 'grid';
}

let current: Guest | undefined;
const listeners = new Set<() => void>();

/** Tells every component whose files are shown from now on; undefined: those of whoever is logged in. */
export function setGuest(next: Guest | undefined): void {
  current = next;
  for (const listener of listeners) listener();
}

/** The guest, if there is one. */
export function guestNow(): Guest | undefined {
  return current;
}

/** The guest, in a component. */
export function useGuest(): Guest | undefined {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );
}
