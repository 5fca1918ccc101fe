import { useCallback, useEffect, useRef, useState } from 'react';
import { onConnectionBack } from '../../engine/connection-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import type { OpenedLink } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';

/** How far the opening of a link is. */
export type LinkState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'password'; readonly isWrong: boolean; readonly isWorking: boolean }
  | { readonly kind: 'open'; readonly opened: OpenedLink }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Opens a link when it is shown; each time counts as one use of it. */
export function useLink(link: string): {
  readonly state: LinkState;
  readonly answer: (password: string) => void;
  readonly retry: () => void;
} {
  const [state, setState] = useState<LinkState>({ kind: 'opening' });
  const [round, setRound] = useState(0);
  /** Answers the question that waits; without one the engine has given up asking, and is begun with anew. */
  const waiting = useRef<((password: string) => void) | undefined>(undefined);
  const given = useRef<string | undefined>(undefined);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const open = async (): Promise<void> => {
      try {
        const opened = await engine().call(
          'link.open',
          { link },
          {
            signal,
            onQuestion: async ({ attempt }) => {
              const { current } = given;
              given.current = undefined;
              if (current !== undefined && attempt === 1) return current;
              setState({ kind: 'password', isWrong: attempt > 1 || current !== undefined, isWorking: false });
              return new Promise<string>((resolve) => {
                waiting.current = resolve;
              });
            },
          },
        );
        if (!signal.aborted) setState({ kind: 'open', opened });
      } catch (error) {
        if (signal.aborted) return;
        waiting.current = undefined;
        if (isWrongLinkPassword(error)) setState({ kind: 'password', isWrong: true, isWorking: false });
        else setState({ kind: 'failed', error });
      }
    };
    void open();
    return () => {
      stop.abort();
      waiting.current = undefined;
    };
  }, [link, round]);

  const retry = useCallback(() => {
    setState({ kind: 'opening' });
    setRound((before) => before + 1);
  }, []);
  const answer = useCallback((password: string) => {
    setState({ kind: 'password', isWrong: false, isWorking: true });
    const { current } = waiting;
    waiting.current = undefined;
    if (current !== undefined) {
      current(password);
      return;
    }
    given.current = password;
    setRound((before) => before + 1);
  }, []);
  const isAway = state.kind === 'failed' && state.error instanceof EngineError && state.error.code === 'network';
  useEffect(() => (isAway ? onConnectionBack(retry) : undefined), [isAway, retry]);
  return { state, answer, retry };
}

function isWrongLinkPassword(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'denied.link' && error.data['reason'] === 'password';
}
