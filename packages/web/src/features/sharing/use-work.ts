import { useCallback, useEffect, useRef, useState } from 'react';
import { EngineError } from '../../engine/engine-fault.js';
import type { ShareProgress } from '../../engine/sharing-calls.js';

/** Something that is being done about who can see what. */
export interface Work {
  readonly isWorking: boolean;
  readonly progress: ShareProgress | undefined;
  /** What kept the last one from being done. */
  readonly error: unknown;
  /** Whether it was done: it was neither cancelled nor did it fail. */
  readonly run: (work: (watch: WorkWatch) => Promise<unknown>) => Promise<boolean>;
  readonly cancel: () => void;
}

/** How a call is watched and cancelled. */
export interface WorkWatch {
  readonly signal: AbortSignal;
  readonly onEvent: (progress: ShareProgress) => void;
}

/** Does one thing at a time, and shows how far it is. Ends it when the component goes. */
export function useWork(): Work {
  const [state, setState] = useState<Pick<Work, 'isWorking' | 'progress' | 'error'>>({
    isWorking: false,
    progress: undefined,
    error: undefined,
  });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(
    () => () => {
      running.current?.abort();
    },
    [],
  );
  const run = useCallback(async (work: (watch: WorkWatch) => Promise<unknown>): Promise<boolean> => {
    if (running.current !== undefined) return false;
    const stop = new AbortController();
    running.current = stop;
    setState({ isWorking: true, progress: undefined, error: undefined });
    let error: unknown;
    let isDone = false;
    try {
      await work({
        signal: stop.signal,
        onEvent: (progress) => {
          setState((before) => ({ ...before, progress }));
        },
      });
      isDone = true;
    } catch (caught) {
      if (!(caught instanceof EngineError && caught.isCancelled)) error = caught;
    }
    running.current = undefined;
    setState({ isWorking: false, progress: undefined, error });
    return isDone;
  }, []);
  const cancel = useCallback(() => {
    running.current?.abort();
  }, []);
  return { ...state, run, cancel };
}
