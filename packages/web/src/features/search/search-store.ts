import { useSyncExternalStore } from 'react';
import type { Row, SearchQuery, SearchSummary } from '../../engine/calls.js';
import type { EngineClient } from '../../engine/engine-client.js';
import { engine } from '../../engine/start-engine.js';
import { NO_FIELDS } from './search-query.js';

/** A search as far as it is. */
export interface SearchState {
  /** What was looked for; undefined before the first search. */
  readonly query: SearchQuery | undefined;
  /** Below which directory. */
  readonly directory: string;
  readonly rows: readonly Row[];
  /** Things that were looked at. */
  readonly looked: number;
  readonly state: 'idle' | 'running' | 'done' | 'stopped' | 'failed';
  readonly error: unknown;
  readonly summary: SearchSummary | undefined;
}

const NOTHING: SearchState = {
  query: undefined,
  directory: '',
  rows: [],
  looked: 0,
  state: 'idle',
  error: undefined,
  summary: undefined,
};

/** The search of this page: it stays when a file that it has found is looked at. */
export class SearchStore {
  /** What was typed last; it stays while a result is looked at. */
  fields = NO_FIELDS;
  private state = NOTHING;
  private running = new AbortController();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly client: EngineClient) {}

  readonly snapshot = (): SearchState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Begins a search; the one before is given up. */
  async run(directory: string, query: SearchQuery): Promise<void> {
    this.running.abort();
    const running = new AbortController();
    this.running = running;
    const { signal } = running;
    this.set({ ...NOTHING, directory, query, state: 'running' });
    try {
      const summary = await this.client.call(
        'search.run',
        { directory, query },
        {
          signal,
          onEvent: ({ looked, found }) => {
            if (!signal.aborted)
              this.set({ ...this.state, looked, rows: found.length === 0 ? this.state.rows : [...this.state.rows, ...found] });
          },
        },
      );
      if (!signal.aborted) this.set({ ...this.state, looked: summary.looked, state: 'done', summary });
    } catch (error) {
      if (!signal.aborted) this.set({ ...this.state, state: 'failed', error });
    }
  }

  /** Ends a search; what it has found stays. */
  stop(): void {
    if (this.state.state !== 'running') return;
    this.running.abort();
    this.set({ ...this.state, state: 'stopped' });
  }

  /** Takes things that are gone off the list. */
  forget(paths: Iterable<string>): void {
    const gone = new Set(paths);
    this.set({ ...this.state, rows: this.state.rows.filter(({ path }) => !gone.has(path)) });
  }

  /** Ends a search and forgets it. */
  clear(): void {
    this.running.abort();
    this.fields = NO_FIELDS;
    this.set(NOTHING);
  }

  private set(state: SearchState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

let store: SearchStore | undefined;

/** The search of this page. */
export function search(): SearchStore {
  store ??= new SearchStore(engine());
  return store;
}

/** Forgets what was looked for and found: somebody else may use this page next. */
export function forgetSearch(): void {
  store?.clear();
}

/** The search, in a component. */
export function useSearch(): SearchState {
  const { subscribe, snapshot } = search();
  return useSyncExternalStore(subscribe, snapshot);
}
