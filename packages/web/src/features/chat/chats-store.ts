import { useSyncExternalStore } from 'react';
import { refreshChats } from '../../app/chat-news.js';
import { onLeave } from '../../app/leaving.js';
import { newsWatch } from '../../app/news-watch.js';
import type { ChatLine, ChatListing, ChatRow } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';

/** What the page knows of the chats of an account. */
export interface ChatsState {
  /** Undefined until they were listed. */
  readonly listing: ChatListing | undefined;
  /** Whether others are being asked what they have written. */
  readonly isUpdating: boolean;
  /** Why there is no list, or an old one. */
  readonly error: unknown;
}

const NOTHING: ChatsState = { listing: undefined, isUpdating: false, error: undefined };

/** The chats of whoever is logged in: what is stored, and what others have written since. */
class ChatsStore {
  private current = NOTHING;
  private username: string | undefined;
  private readonly listeners = new Set<() => void>();
  private updating: Promise<void> | undefined;

  readonly state = (): ChatsState => this.current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** The account whose chats these are; what is known of another one is forgotten. */
  enter(username: string): void {
    if (this.username === username) return;
    this.username = username;
    this.updating = undefined;
    this.set(NOTHING);
  }

  /** Nobody is logged in any more. */
  leave(): void {
    this.username = undefined;
    this.updating = undefined;
    this.set(NOTHING);
  }

  /** Lists the chats as they are stored. */
  async reload(): Promise<void> {
    const { username } = this;
    try {
      const listing = await engine().call('chat.list', undefined);
      if (this.username !== username) return;
      this.set({ ...this.current, listing, error: undefined });
      this.count();
    } catch (error) {
      if (this.username === username) this.set({ ...this.current, error });
    }
  }

  /** Asks others what they have written, in one chat or in all, and lists the chats again. One such look at a time. */
  async update(id?: string): Promise<void> {
    if (this.updating !== undefined) return this.updating;
    const { username } = this;
    const updating = this.ask(id, username);
    this.updating = updating;
    await updating;
    if (this.updating === updating) this.updating = undefined;
  }

  /** Takes note of the newest message of a chat, which was sent here. */
  noteLine(id: string, line: ChatLine): void {
    this.change(id, (row) => (row.last === undefined || row.last.index <= line.index ? { ...row, last: line, updated: line.time } : row));
  }

  /** Takes note that everything in a chat was seen. */
  noteSeen(id: string): void {
    this.change(id, (row) => ({ ...row, unread: 0 }));
    this.count();
  }

  /** Takes note of a chat as it is now. */
  noteRow(row: ChatRow): void {
    const { listing } = this.current;
    if (listing === undefined) return;
    const chats = listing.chats.some(({ id }) => id === row.id)
      ? listing.chats.map((other) => (other.id === row.id ? row : other))
      : [row, ...listing.chats];
    this.set({ ...this.current, listing: { ...listing, chats, invitations: listing.invitations.filter(({ id }) => id !== row.id) } });
    this.count();
  }

  private async ask(id: string | undefined, username: string | undefined): Promise<void> {
    this.set({ ...this.current, isUpdating: true });
    try {
      const news = await refreshChats(id === undefined ? 'all' : { ids: [id], friends: [] });
      if (this.username !== username) return;
      // One chat that has nothing new changes nothing in the list.
      if (id === undefined || news.some(({ added }) => added > 0)) await this.reload();
    } catch (error) {
      if (this.username === username) this.set({ ...this.current, error });
    }
    if (this.username === username) this.set({ ...this.current, isUpdating: false });
  }

  private change(id: string, work: (row: ChatRow) => ChatRow): void {
    const { listing } = this.current;
    if (listing === undefined) return;
    const chats = listing.chats.map((row) => (row.id === id ? work(row) : row)).toSorted((a, b) => b.updated - a.updated);
    this.set({ ...this.current, listing: { ...listing, chats } });
  }

  private count(): void {
    const { listing } = this.current;
    if (listing === undefined) return;
    newsWatch().note(
      'chats',
      listing.chats.reduce((sum, { unread }) => sum + unread, listing.invitations.length),
    );
  }

  private set(state: ChatsState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

const store = new ChatsStore();
onLeave(() => {
  store.leave();
});

/** The chats of this page. */
export function chats(): ChatsStore {
  return store;
}

/** The chats, in a component. */
export function useChats(): ChatsState {
  return useSyncExternalStore(store.subscribe, store.state);
}
