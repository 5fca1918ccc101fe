import { useCallback, useEffect, useRef, useState } from 'react';
import type { ChatLine } from '../../engine/chat-calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';

/** Messages that are looked for at a time. */
const LIMIT = 50;

interface Search {
  readonly query: string;
  /** Newest first. */
  readonly found: readonly ChatLine[];
  readonly state: 'idle' | 'running' | 'done' | 'stopped' | 'failed';
  /** Where the search goes on; undefined when it has come to the beginning of the chat. */
  readonly next: number | undefined;
  readonly error: unknown;
}

const NOTHING: Search = { query: '', found: [], state: 'idle', next: undefined, error: undefined };

/** A search through the messages of a chat, which shows what it finds as it finds it. Ends with the component. */
export function useChatSearch(id: string): Search & {
  readonly run: (query: string) => void;
  /** Goes on where it has ended. */
  readonly more: () => void;
  readonly stop: () => void;
} {
  const [search, setSearch] = useState(NOTHING);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(
    () => () => {
      running.current?.abort();
    },
    [],
  );
  const begin = useCallback(
    async (query: string, before: number | undefined, known: readonly ChatLine[]): Promise<void> => {
      running.current?.abort();
      const stop = new AbortController();
      running.current = stop;
      const { signal } = stop;
      const change = (changes: Partial<Search>): void => {
        if (running.current === stop) setSearch((now) => ({ ...now, ...changes }));
      };
      let found = known;
      setSearch({ query, found, state: 'running', next: undefined, error: undefined });
      try {
        const next = await engine().call(
          'chat.search',
          { id, query, before, limit: LIMIT },
          {
            signal,
            onEvent: (line) => {
              found = [...found, line];
              change({ found });
            },
          },
        );
        change({ state: 'done', next });
      } catch (error) {
        if (error instanceof EngineError && error.isCancelled) change({ state: 'stopped', next: found.at(-1)?.index ?? before });
        else change({ state: 'failed', error });
      }
    },
    [id],
  );
  const { query, next, found } = search;
  return {
    ...search,
    run: (wanted) => void begin(wanted, undefined, []),
    more: () => void begin(query, next, found),
    stop: () => {
      running.current?.abort();
    },
  };
}
