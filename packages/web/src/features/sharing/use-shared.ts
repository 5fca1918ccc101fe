import { useCallback, useEffect, useState } from 'react';
import { EngineError, type EngineFault } from '../../engine/engine-fault.js';
import type { ReceivedItem, SharedItem } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { onConnectionBack } from '../../engine/connection-store.js';

/** A list that is being looked at, as far as it is known. */
export interface Found<T> {
  readonly items: readonly T[];
  readonly isLoading: boolean;
  readonly error: unknown;
  /** What could not be looked at, while the rest could. */
  readonly faults: readonly EngineFault[];
  readonly reload: () => void;
}

/** Looks for things that have a path each; those of before stay to be seen until all are there again. */
function useFound<T extends { readonly path: string }>(
  look: (signal: AbortSignal, onFound: (items: readonly T[]) => void) => Promise<readonly EngineFault[]>,
): Found<T> {
  const [state, setState] = useState<Omit<Found<T>, 'reload'>>({ items: [], isLoading: true, error: undefined, faults: [] });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const found = new Map<string, T>();
    setState((before) => ({ ...before, isLoading: true, error: undefined }));
    look(signal, (items) => {
      for (const item of items) found.set(item.path, item);
      if (!signal.aborted) setState((before) => (before.items.length > found.size ? before : { ...before, items: [...found.values()] }));
    }).then(
      (faults) => {
        if (!signal.aborted) setState({ items: [...found.values()], isLoading: false, error: undefined, faults });
      },
      (error: unknown) => {
        if (!signal.aborted) setState((before) => ({ ...before, isLoading: false, error }));
      },
    );
    return () => {
      stop.abort();
    };
  }, [look, round]);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  const isAway = state.error instanceof EngineError && state.error.code === 'network';
  useEffect(() => (isAway ? onConnectionBack(reload) : undefined), [isAway, reload]);
  return { ...state, reload };
}

/** Everything that the account shares. */
export function useShared(): Found<SharedItem> {
  return useFound(lookAtShared);
}

/** Everything that others share with the account. */
export function useReceived(): Found<ReceivedItem> {
  return useFound(lookAtReceived);
}

async function lookAtShared(signal: AbortSignal, onFound: (items: readonly SharedItem[]) => void): Promise<readonly EngineFault[]> {
  return (await engine().call('share.list', undefined, { signal, onEvent: onFound })).faults;
}

async function lookAtReceived(signal: AbortSignal, onFound: (items: readonly ReceivedItem[]) => void): Promise<readonly EngineFault[]> {
  await engine().call('share.received', undefined, { signal, onEvent: onFound });
  return [];
}
