import { useSyncExternalStore } from 'react';
import type { ConnectionState } from './calls.js';

let current: ConnectionState = 'there';
const listeners = new Set<() => void>();
const backListeners = new Set<() => void>();

/** Takes note of what the engine has noticed. */
export function setConnection(state: ConnectionState): void {
  if (state === current) return;
  current = state;
  for (const listener of listeners) listener();
  if (state === 'there') for (const listener of backListeners) listener();
}

/** Has `listener` called each time when the server can be reached again; returns the way to stop it. */
export function onConnectionBack(listener: () => void): () => void {
  backListeners.add(listener);
  return () => {
    backListeners.delete(listener);
  };
}

/** Whether the server can be reached, as far as anybody has noticed. */
export function connectionNow(): ConnectionState {
  return current;
}

/** Whether the server can be reached, in a component. */
export function useConnection(): ConnectionState {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => current,
  );
}
