import { useCallback, useEffect, useState } from 'react';
import type { TrashedRow } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';

/** The trash as far as it has been looked at. */
export interface TrashState {
  readonly rows: readonly TrashedRow[];
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly reload: () => void;
}

/** What is in the trash, in a component. While it is looked at again the rows of before stay. */
export function useTrash(): TrashState {
  const [rows, setRows] = useState<readonly TrashedRow[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(undefined);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      setLoading(true);
      setError(undefined);
      try {
        const found = await engine().call('trash.list', undefined, { signal: stop.signal });
        if (stop.signal.aborted) return;
        setRows(found);
      } catch (caught) {
        if (stop.signal.aborted) return;
        setError(caught);
      }
      setLoading(false);
    };
    void load();
    return () => {
      stop.abort();
    };
  }, [turn]);
  const reload = useCallback(() => {
    setTurn((before) => before + 1);
  }, []);
  return { rows, isLoading, error, reload };
}
