import { useSyncExternalStore } from 'react';
import { onConnectionBack } from '../engine/connection-store.js';
import { engine } from '../engine/start-engine.js';

/** What the watch counts. */
export type NewsKind = 'requests' | 'feed';

/** How much there is of each kind that nobody has dealt with; 0 while nobody knows. */
export type NewsCounts = Readonly<Record<NewsKind, number>>;

/** How each kind is counted: the one place where another one is added. */
const SOURCES: Readonly<Record<NewsKind, () => Promise<number>>> = {
  requests: async () => engine().call('social.requestCount', undefined),
  feed: async () => {
    if (performance.now() - askedFriends > FRIENDS_PAUSE) {
      askedFriends = performance.now();
      await engine().call('feed.update', undefined);
    }
    return engine().call('feed.unread', undefined);
  },
};

/** Milliseconds until friends are asked again what they have shared: that takes some requests for each of them. */
const FRIENDS_PAUSE = 300_000;
let askedFriends = -Infinity;
const NOTHING: NewsCounts = { requests: 0, feed: 0 };

/** Milliseconds between two looks while somebody looks at the page. */
const PAUSE = 60_000;
/** Milliseconds after which coming back to the page is a reason to look. */
const SHORT_PAUSE = 3000;

/** Looks now and then whether there is something new for whoever is logged in, and tells how much. */
export class NewsWatch {
  private current = NOTHING;
  private username: string | undefined;
  private lookedAt = -Infinity;
  private looking: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly lookListeners = new Set<() => void>();

  constructor(
    private readonly sources: Readonly<Record<NewsKind, () => Promise<number>>>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  readonly counts = (): NewsCounts => this.current;

  /** Has `listener` called whenever a number has changed; returns the way to stop it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** Has `listener` called after each look, whatever it has found. */
  onLooked(listener: () => void): () => void {
    this.lookListeners.add(listener);
    return () => {
      this.lookListeners.delete(listener);
    };
  }

  /** The account that is looked after from now on; what was counted for another one is forgotten. */
  enter(username: string): void {
    if (username === this.username) return;
    this.leave();
    this.username = username;
  }

  /** Nobody is logged in any more. */
  leave(): void {
    this.username = undefined;
    this.lookedAt = -Infinity;
    this.looking = undefined;
    askedFriends = -Infinity;
    this.set(NOTHING);
  }

  /** Looks, unless that was done less than `pause` milliseconds ago. */
  async look(pause = 0): Promise<void> {
    const { username } = this;
    if (username === undefined || this.now() - this.lookedAt < pause) return;
    if (this.looking !== undefined) return this.looking;
    this.lookedAt = this.now();
    const looking = this.count(username);
    this.looking = looking;
    await looking;
    if (this.looking === looking) this.looking = undefined;
  }

  /** Takes note of a number that somebody has just seen. */
  note(kind: NewsKind, count: number): void {
    if (this.username !== undefined && this.current[kind] !== count) this.set({ ...this.current, [kind]: count });
  }

  private async count(username: string): Promise<void> {
    for (const kind of Object.keys(this.sources) as NewsKind[]) {
      try {
        const count = await this.sources[kind]();
        if (this.username !== username) return;
        this.note(kind, count);
      } catch {
        // The next look may find it; what is away says so elsewhere.
      }
    }
    if (this.username === username) for (const listener of this.lookListeners) listener();
  }

  private set(counts: NewsCounts): void {
    this.current = counts;
    for (const listener of this.listeners) listener();
  }
}

const watch = new NewsWatch(SOURCES);

/** The watch of this page. */
export function newsWatch(): NewsWatch {
  return watch;
}

/** Keeps the numbers of an account up to date as long as somebody looks at the page; returns the way to stop. */
export function attendNews(username: string): () => void {
  watch.enter(username);
  void watch.look(PAUSE);
  const isSeen = (): boolean => document.visibilityState === 'visible';
  const timer = setInterval(() => {
    if (isSeen()) void watch.look();
  }, PAUSE);
  const comeBack = (): void => {
    if (isSeen()) void watch.look(SHORT_PAUSE);
  };
  document.addEventListener('visibilitychange', comeBack);
  addEventListener('focus', comeBack);
  const stopListening = onConnectionBack(comeBack);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', comeBack);
    removeEventListener('focus', comeBack);
    stopListening();
  };
}

/** The numbers, in a component. */
export function useNews(): NewsCounts {
  return useSyncExternalStore(watch.subscribe, watch.counts);
}
