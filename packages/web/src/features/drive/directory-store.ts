import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Row } from '../../engine/calls.js';
import { onConnectionBack } from '../../engine/connection-store.js';
import type { EngineClient } from '../../engine/engine-client.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';

/** A directory as far as it has been looked at. */
export interface DirectoryState {
  /** In no particular order. */
  readonly rows: readonly Row[];
  readonly isLoading: boolean;
  /** Whether something can be put into it; undefined while nobody knows. */
  readonly isWritable: boolean | undefined;
  /** What kept it from being looked at, or only from being looked at to the end. */
  readonly error: unknown;
}

/** Milliseconds. */
const WHILE = 5000;

const EMPTY: DirectoryState = { rows: [], isLoading: true, isWritable: undefined, error: undefined };

/** One directory that is shown: loads it, and loads it again while the rows of before stay to be seen. */
class DirectoryStore {
  private state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private loading = new AbortController();
  private loaded = 0;

  constructor(
    private readonly client: EngineClient,
    readonly path: string,
  ) {}

  readonly snapshot = (): DirectoryState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Looks at it again when somebody comes back to the page after a while: other devices may have changed it. */
  readonly comeBack = (): void => {
    if (document.visibilityState === 'visible' && performance.now() - this.loaded > WHILE) void this.load();
  };

  /** Looks at it again when the server is back that was away when it was looked at. */
  readonly connectionBack = (): void => {
    if (this.state.error instanceof EngineError && this.state.error.code === 'network') void this.load();
  };

  /** Looks at the directory now; what was under way is given up. */
  async load(): Promise<void> {
    this.loading.abort();
    const loading = new AbortController();
    this.loading = loading;
    this.loaded = performance.now();
    const { signal } = loading;
    const isFirst = this.state.rows.length === 0;
    const rows: Row[] = [];
    this.set({ ...this.state, isLoading: true, error: undefined });
    try {
      const { isWritable } = await this.client.call(
        'drive.list',
        { path: this.path },
        {
          signal,
          onEvent: (part) => {
            rows.push(...part);
            // The first time rows are shown as they come; later the old ones stay until the new ones are there.
            if (isFirst && !signal.aborted) this.set({ ...this.state, rows: [...rows], isLoading: true, error: undefined });
          },
        },
      );
      if (!signal.aborted) this.set({ rows, isLoading: false, isWritable, error: undefined });
    } catch (error) {
      if (signal.aborted || (error instanceof EngineError && error.isCancelled)) return;
      this.set({ ...this.state, rows: rows.length > 0 ? rows : this.state.rows, isLoading: false, error });
    }
  }

  /** Gives up. */
  close(): void {
    this.loading.abort();
  }

  private set(state: DirectoryState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

const shown = new Set<DirectoryStore>();

const changeListeners = new Set<() => void>();

/** Has `listener` called after every change that this page makes of what is stored; returns the way to stop it. */
export function onDirectoriesChanged(listener: () => void): () => void {
  changeListeners.add(listener);
  return () => {
    changeListeners.delete(listener);
  };
}

/** Looks again at the directories that are on the screen and among `paths`: something was changed there. */
export function refreshDirectories(paths: Iterable<string>): void {
  const changed = new Set(paths);
  for (const store of shown) if (changed.has(store.path)) void store.load();
  for (const listener of changeListeners) listener();
}

/** A directory, in a component: loaded when it is shown first. */
export function useDirectory(path: string): DirectoryState & { readonly reload: () => void } {
  const [store, setStore] = useState(() => new DirectoryStore(engine(), path));
  if (store.path !== path) setStore(new DirectoryStore(engine(), path));
  useEffect(() => {
    shown.add(store);
    void store.load();
    document.addEventListener('visibilitychange', store.comeBack);
    const stopListening = onConnectionBack(store.connectionBack);
    return () => {
      document.removeEventListener('visibilitychange', store.comeBack);
      stopListening();
      shown.delete(store);
      store.close();
    };
  }, [store]);
  const state = useSyncExternalStore(store.subscribe, store.snapshot);
  return { ...state, reload: () => void store.load() };
}
