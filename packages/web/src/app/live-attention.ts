import type { LiveChanges } from '@pyrgos/client';
import { onConnectionBack } from '../engine/connection-store.js';
import { engine } from '../engine/start-engine.js';

/** Milliseconds after which it is begun anew when the engine has ended it: with another session of the account, or for a reason that may be over. */
const AGAIN = 3000;
/** Milliseconds for which nothing is ended that may go on: each screen ends what it has begun, and the next one begins it. */
const BETWEEN_SCREENS = 1000;

let turn: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let attended: string | undefined;
let heard: ((changes: LiveChanges) => void) | undefined;

function begin(): void {
  clearTimeout(timer);
  if (turn !== undefined || heard === undefined || document.visibilityState !== 'visible') return;
  const own = new AbortController();
  turn = own;
  const over = (): void => {
    if (turn !== own) return;
    turn = undefined;
    timer = setTimeout(begin, AGAIN);
  };
  engine()
    .call('live.watch', undefined, { signal: own.signal, onEvent: (changes) => heard?.(changes) })
    .then(over, over);
}

function end(): void {
  clearTimeout(timer);
  turn?.abort();
  turn = undefined;
}

/**
 * Has `listener` told what may have changed for an account, as long as somebody looks at the page; returns the way to stop, which has to be called. While the page is hidden
 * nothing is asked; what has changed meanwhile is told when it is shown. One listener at a time: that of the screen.
 */
export function attendChanges(username: string, listener: (changes: LiveChanges) => void): () => void {
  if (username !== attended) end();
  attended = username;
  heard = listener;
  const onVisibility = (): void => {
    if (document.visibilityState === 'visible') begin();
    else end();
  };
  const again = (): void => {
    end();
    begin();
  };
  document.addEventListener('visibilitychange', onVisibility);
  const stopListening = onConnectionBack(again);
  addEventListener('online', again);
  begin();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('online', again);
    stopListening();
    if (heard !== listener) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      heard = undefined;
      end();
    }, BETWEEN_SCREENS);
  };
}
