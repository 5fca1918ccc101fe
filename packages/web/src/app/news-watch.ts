import type { LiveChanges } from '@pyrgos/client';
import { useSyncExternalStore } from 'react';
import { engine } from '../engine/start-engine.js';
import { refreshChats } from './chat-news.js';
import { attendChanges } from './live-attention.js';

/** What the watch counts. */
export type NewsKind = 'requests' | 'feed' | 'chats';

/** How much there is of each kind that nobody has dealt with; 0 while nobody knows. */
export type NewsCounts = Readonly<Record<NewsKind, number>>;

/** Friends who have to be asked what they have shared before it is counted. */
const changedFriends = new Set<string>();
/** Friends who have to be asked what they have written in chats before that is counted, and chats by their ids. */
const changedWriters = new Set<string>();
const changedChats = new Set<string>();

/** How each kind is counted: with {@link kindsOf} the one place where another one is added. */
const SOURCES: Readonly<Record<NewsKind, () => Promise<number>>> = {
  requests: async () => engine().call('social.requestCount', undefined),
  feed: async () => {
    const friends = [...changedFriends];
    changedFriends.clear();
    try {
      if (friends.length > 0) await engine().call('feed.update', { friends });
    } catch (error) {
      for (const friend of friends) changedFriends.add(friend);
      throw error;
    }
    return engine().call('feed.unread', undefined);
  },
  chats: async () => {
    const [friends, ids] = [[...changedWriters], [...changedChats]];
    changedWriters.clear();
    changedChats.clear();
    try {
      if (friends.length + ids.length > 0) await refreshChats({ friends, ids });
    } catch (error) {
      for (const friend of friends) changedWriters.add(friend);
      for (const id of ids) changedChats.add(id);
      throw error;
    }
    return engine().call('chat.unread', undefined);
  },
};

/** Of what there may be more or less now. */
function kindsOf({ account, requests, friends, chats }: LiveChanges): readonly NewsKind[] {
  const kinds: NewsKind[] = [];
  if (requests) kinds.push('requests');
  // The spaces of friends hold their copies of chats.
  if (account || friends.length > 0 || chats.length > 0) kinds.push('chats');
  if (account || friends.length > 0) kinds.push('feed');
  return kinds;
}

/** Milliseconds until a screen is a reason to look; changes are told apart from that. */
const PAUSE = 60_000;
const NOTHING: NewsCounts = { requests: 0, feed: 0, chats: 0 };

/** Looks whether there is something new for whoever is logged in, when something has changed by which there may be, and tells how much. */
export class NewsWatch {
  private current = NOTHING;
  private username: string | undefined;
  private lookedAt = -Infinity;
  private looking: Promise<void> | undefined;
  /** What has changed since the look that is under way has begun. */
  private readonly waiting = new Set<NewsKind>();
  private readonly listeners = new Set<() => void>();
  private readonly lookListeners = new Set<(kind: NewsKind) => void>();
  private readonly changeListeners = new Set<(changes: LiveChanges) => void>();

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

  /** Has `listener` called after each look at a kind, whatever it has found. */
  onLooked(listener: (kind: NewsKind) => void): () => void {
    this.lookListeners.add(listener);
    return () => {
      this.lookListeners.delete(listener);
    };
  }

  /** Has `listener` called whenever something may have changed, before anything is counted; for screens that show it. */
  onChange(listener: (changes: LiveChanges) => void): () => void {
    this.changeListeners.add(listener);
    return () => {
      this.changeListeners.delete(listener);
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
    this.waiting.clear();
    for (const changed of [changedFriends, changedWriters, changedChats]) changed.clear();
    this.set(NOTHING);
  }

  /** Looks at everything, unless that was done less than `pause` milliseconds ago. */
  async look(pause = 0): Promise<void> {
    const { username } = this;
    if (username === undefined || this.now() - this.lookedAt < pause) return;
    if (this.looking !== undefined) return this.looking;
    this.lookedAt = this.now();
    return this.start(username, Object.keys(this.sources) as NewsKind[]);
  }

  /** Something may have changed: what that concerns is counted, now, or when the look that is under way has ended. */
  async hear(changes: LiveChanges): Promise<void> {
    const { username } = this;
    if (username === undefined) return;
    for (const listener of this.changeListeners) listener(changes);
    for (const kind of kindsOf(changes)) this.waiting.add(kind);
    if (this.looking !== undefined) return this.looking;
    if (this.waiting.size > 0) return this.start(username, []);
  }

  /** Takes note of a number that somebody has just seen. */
  note(kind: NewsKind, count: number): void {
    if (this.username !== undefined && this.current[kind] !== count) this.set({ ...this.current, [kind]: count });
  }

  private async start(username: string, kinds: readonly NewsKind[]): Promise<void> {
    const looking = this.countAll(username, kinds);
    this.looking = looking;
    await looking;
    if (this.looking === looking) this.looking = undefined;
  }

  /** Counts these kinds, and those for which there is a reason meanwhile. */
  private async countAll(username: string, kinds: readonly NewsKind[]): Promise<void> {
    for (const kind of kinds) this.waiting.add(kind);
    while (this.waiting.size > 0 && this.username === username) {
      const now = [...this.waiting];
      this.waiting.clear();
      await this.count(username, now);
    }
  }

  private async count(username: string, kinds: readonly NewsKind[]): Promise<void> {
    for (const kind of kinds) {
      try {
        const count = await this.sources[kind]();
        if (this.username !== username) return;
        this.note(kind, count);
      } catch {
        // The next look may find it; what is away says so elsewhere.
      }
      if (this.username === username) for (const listener of this.lookListeners) listener(kind);
    }
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
  return attendChanges(username, (changes) => {
    for (const friend of changes.friends) {
      changedFriends.add(friend);
      changedWriters.add(friend);
    }
    for (const id of changes.chats) changedChats.add(id);
    void watch.hear(changes);
  });
}

/** The numbers, in a component. */
export function useNews(): NewsCounts {
  return useSyncExternalStore(watch.subscribe, watch.counts);
}
