import { AbortedError, throwIfAborted } from './errors.js';

/** Who waits for a signal, and the one function that listens to it for all of them. */
interface Waiting {
  readonly listeners: Set<() => void>;
  readonly onEvent: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `listener` once when the signal fires, never for one that has fired; returns how to stop listening. However many listen to a signal,
 * it gets one listener of ours: a signal that cancels hundreds of requests at a time is no leak, but Node warns of more than ten.
 */
export function whenAborted(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined;
  const { listeners, onEvent } = waiting.get(signal) ?? listenTo(signal);
  // An entry of its own, also for a function that listens twice.
  const entry = (): void => listener();
  listeners.add(entry);
  return () => {
    listeners.delete(entry);
    if (listeners.size > 0 || waiting.get(signal)?.listeners !== listeners) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', onEvent);
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>();
  const onEvent = (): void => {
    waiting.delete(signal);
    for (const listener of listeners) listener();
  };
  const entry = { listeners, onEvent };
  waiting.set(signal, entry);
  signal.addEventListener('abort', onEvent, { once: true });
  return entry;
}

/** Calls `reject` with an AbortedError when the signal fires; returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, operation: string, reject: (error: Error) => void): () => void {
  return whenAborted(signal, () => reject(new AbortedError(operation, signal)));
}

/**
 * What `work` gives, or an AbortedError as soon as the signal fires, whether the work notices or not; then it is left to itself and its
 * outcome is ignored.
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined, operation: string): Promise<T> {
  throwIfAborted(signal, operation);
  let stopListening: () => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      stopListening = onAbort(signal, operation, reject);
      work().then(resolve, reject);
    });
  } finally {
    stopListening();
  }
}
