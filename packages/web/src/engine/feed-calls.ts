import type { EngineFault } from './engine-fault.js';

/** A call of the feed; see `Call` of calls.ts, which imports this file. */
interface FeedCall<Arguments, Result, Event = never> {
  readonly args: Arguments;
  readonly result: Result;
  readonly event: Event;
  readonly question: never;
  readonly answer: never;
}

/** What the page asks about news and posts. Posts are named by their paths; what opens them stays in the engine. */
export interface FeedCalls {
  /** Takes in what friends have shared; of some of them when they are named. Gives the names of those who could not be asked. */
  'feed.update': FeedCall<{ readonly friends: readonly string[] } | undefined, readonly string[]>;
  /** A page of the feed, newest first. */
  'feed.page': FeedCall<{ readonly before: number | undefined }, NewsPage<NewsItem>>;
  /** How many items the user has not seen. Asks no friend. */
  'feed.unread': FeedCall<undefined, number>;
  'feed.markSeen': FeedCall<{ readonly number: number }, undefined>;
  /** Comments on a post that was shown before, newest first. */
  'feed.comments': FeedCall<{ readonly path: string; readonly before: number | undefined }, NewsPage<NewsContent>>;
  /** Makes a post, or a comment on something that was shown before. */
  'feed.post': FeedCall<NewPostArguments, NewsPost, { readonly done: number; readonly total: number }>;
  'feed.edit': FeedCall<{ readonly path: string; readonly text: string }, NewsPost>;
  'feed.delete': FeedCall<{ readonly path: string }, undefined>;
  /** What a post shows, by its place among that; beyond 32 MB without its bytes: a stream gives them. */
  'feed.media': FeedCall<{ readonly path: string; readonly index: number }, NewsMedia>;
}

/** A part of a list. */
export interface NewsPage<T> {
  readonly items: readonly T[];
  /** What the next page takes as `before`; undefined when there is none. */
  readonly next: number | undefined;
}

/** A post or a comment. Texts come from others. */
export interface NewsPost {
  readonly kind: 'post';
  readonly path: string;
  readonly author: string;
  readonly text: string;
  /** Files that it shows. */
  readonly mediaCount: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly isEdited: boolean;
  readonly audience: 'author' | 'friends' | 'followers' | 'public';
  /** The path of what it answers to, and whose that is. */
  readonly parent: { readonly path: string; readonly owner: string } | undefined;
  readonly commentCount: number;
  readonly isOwn: boolean;
}

/** A file or directory that somebody shares. */
export interface NewsShare {
  readonly kind: 'share';
  readonly path: string;
  readonly owner: string;
  readonly sharer: string;
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isWritable: boolean;
  /** Milliseconds since 1970 at which the thing itself was last changed. Nothing records when it was shared: items of the feed have no time (chapter 06 section 16.1). */
  readonly modified: number;
}

/** Something that cannot be opened. */
export interface NewsProblem {
  readonly kind: 'unavailable';
  readonly path: string;
  readonly sharer: string;
  readonly isGone: boolean;
  readonly fault: EngineFault;
}

/** What an item is. */
export type NewsContent = NewsPost | NewsShare | NewsProblem;

/** An item of the feed. */
export type NewsItem = NewsContent & { readonly number: number; readonly isNew: boolean };

/** See `feed.post`. */
export interface NewPostArguments {
  readonly text: string;
  readonly files: readonly File[];
  /** Of a comment, what it answers to decides. */
  readonly audience: 'friends' | 'followers' | 'author' | undefined;
  /** The path of what it answers to. */
  readonly parent: string | undefined;
}

/** A file that a post shows. */
export interface NewsMedia {
  /** As whoever posted it says. */
  readonly mimeType: string;
  readonly size: number;
  /** Undefined for a file that was put there for the post: those are named by random numbers (chapter 06 section 15.2). */
  readonly name: string | undefined;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}
