import { useCallback, useEffect, useRef, useState } from 'react';
import { newsWatch } from '../../app/news-watch.js';
import type { NewsItem } from '../../engine/feed-calls.js';
import { engine } from '../../engine/start-engine.js';

/** Pixels up to which a page counts as being at its beginning. */
const TOP = 100;

/** The news as far as they have been looked at. */
export interface News {
  readonly items: readonly NewsItem[];
  readonly hasMore: boolean;
  /** `updating`: what is stored is shown, and friends are being asked. */
  readonly state: 'loading' | 'updating' | 'more' | 'idle';
  readonly error: unknown;
  /** Friends who could not be asked. */
  readonly unreachable: readonly string[];
  /** Asks friends, and shows the newest page. */
  readonly refresh: () => void;
  readonly loadMore: () => void;
  /** Shows the newest page again, as it is stored. */
  readonly reload: () => Promise<void>;
}

/** The news, in a component: what is stored at once, then what friends have shared meanwhile. */
export function useNews(): News {
  const [items, setItems] = useState<readonly NewsItem[]>([]);
  const [next, setNext] = useState<number | undefined>(undefined);
  const [state, setState] = useState<News['state']>('loading');
  const [error, setError] = useState<unknown>(undefined);
  const [unreachable, setUnreachable] = useState<readonly string[]>([]);
  const stop = useRef<AbortController | undefined>(undefined);
  /** What was new when it was shown first stays so as long as the screen is there. */
  const fresh = useRef(new Set<number>());

  const reload = useCallback(async (): Promise<void> => {
    const page = await engine().call('feed.page', { before: undefined });
    for (const { number, isNew } of page.items) if (isNew) fresh.current.add(number);
    setItems(page.items.map((item) => ({ ...item, isNew: fresh.current.has(item.number) })));
    setNext(page.next);
    const [newest] = page.items;
    // Seen on this screen: new no more the next time.
    if (newest !== undefined && page.items.some(({ isNew }) => isNew)) await engine().call('feed.markSeen', { number: newest.number });
    newsWatch().note('feed', await engine().call('feed.unread', undefined));
  }, []);

  const refresh = useCallback(() => {
    stop.current?.abort();
    const turn = new AbortController();
    stop.current = turn;
    const run = async (): Promise<void> => {
      setError(undefined);
      setState((before) => (before === 'loading' ? before : 'updating'));
      try {
        await reload();
        if (turn.signal.aborted) return;
        setState('updating');
        setUnreachable(await engine().call('feed.update', undefined, { signal: turn.signal }));
        if (!turn.signal.aborted) await reload();
      } catch (caught) {
        if (!turn.signal.aborted) setError(caught);
      }
      if (!turn.signal.aborted) setState('idle');
    };
    void run();
  }, [reload]);

  useEffect(() => {
    refresh();
    return () => {
      stop.current?.abort();
    };
  }, [refresh]);

  useEffect(
    () =>
      newsWatch().onLooked((kind) => {
        // Whoever is reading further down, or is being asked, sees the number at the place only.
        const isAtTop = globalThis.scrollY < TOP && state === 'idle';
        if (kind === 'feed' && newsWatch().counts().feed > 0 && isAtTop) void reload().catch(() => undefined);
      }),
    [reload, state],
  );

  const loadMore = (): void => {
    if (next === undefined || state !== 'idle') return;
    setState('more');
    engine()
      .call('feed.page', { before: next })
      .then(
        (page) => {
          setItems((before) => [...before, ...page.items.filter(({ number }) => !before.some((item) => item.number === number))]);
          setNext(page.next);
        },
        (caught: unknown) => {
          setError(caught);
        },
      )
      .finally(() => {
        setState('idle');
      });
  };

  return { items, hasMore: next !== undefined, state, error, unreachable, refresh, loadMore, reload };
}
