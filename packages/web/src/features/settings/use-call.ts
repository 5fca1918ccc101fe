import { useCallback, useEffect, useState } from 'react';
import type { EngineCallName, EngineCalls } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';

/** What a call of the engine without arguments gives, as far as it is known. */
export interface Asked<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

/** The calls that take nothing. */
type Plain = { readonly [Name in EngineCallName]: undefined extends EngineCalls[Name]['args'] ? Name : never }[EngineCallName];

/** Makes a call when the component is shown, and again when it is asked to. */
export function useCall<Name extends Plain>(name: Name): Asked<EngineCalls[Name]['result']> {
  const [state, setState] = useState<{ readonly value?: EngineCalls[Name]['result']; readonly error?: unknown }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    engine()
      .call(name, undefined as EngineCalls[Name]['args'], { signal: stop.signal })
      .then(
        (value) => {
          if (!stop.signal.aborted) setState({ value });
        },
        (error: unknown) => {
          if (!stop.signal.aborted) setState((before) => ({ ...before, error }));
        },
      );
    return () => {
      stop.abort();
    };
  }, [name, round]);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return { value: state.value, error: state.error, reload };
}
