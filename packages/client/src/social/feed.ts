import { assertList, assertObject, assertString } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_FEED_PAGE } from '@pyrgos/core/limits';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import type { SocialPost } from '@pyrgos/core/social';
import { type Item, splitPath, type View } from '../files/view/index.js';
import type { CallOptions } from '../session/call-options.js';
import { appendToFeed, readStoredFeed } from './feed-files.js';
import { type FeedContent, FeedItems, type PostItem, postItem, type UnavailableItem } from './feed-items.js';
import { FeedLog, type FeedPlace } from './feed-log.js';
import { FeedUpdates, type FeedUpdate } from './feed-update.js';
import type { FriendSpaces } from './friend-spaces.js';
import type { OwnSpace } from './own-space.js';
import type { FoundPost } from './posts.js';

/** Items of a page, unless somebody says how many. */
const PAGE = 20;

/** Which part of a list is wanted. */
export interface PageOptions extends CallOptions {
  /** Only items before this number, which the page before has given as `next`; default the newest ones. */
  readonly before?: number | undefined;
  /** Items of the page, 1 to MAX_FEED_PAGE; default 20. */
  readonly limit?: number | undefined;
}

/** See {@link Feed.update}. */
export interface UpdateFeedOptions extends CallOptions {
  /** Only these friends are asked, for instance those whom `UserSession.watch` has named; default all. */
  readonly friends?: readonly string[] | undefined;
}

/** An item of the feed: what somebody has shared or posted. */
export type FeedItem = FeedContent & {
  /** Its place in the order in which things came in; the same for ever. */
  readonly number: number;
  /** Whether it came after what was marked as seen. */
  readonly isNew: boolean;
};

/** A part of a list. */
export interface Page<T> {
  /** Newest first. */
  readonly items: readonly T[];
  /** What the next page takes as `before`; undefined when there are no older ones. */
  readonly next: number | undefined;
}

/**
 * The newsfeed: what friends share and post, in the order in which it came in, and the posts of the account itself (chapter 06 section 16). It is kept in the account and is
 * the same on all devices; {@link Feed.update} brings it up to date.
 *
 * Errors of all calls: those of {@link FileSystem}. What is wrong with one item, or one friend, is none.
 */
export class Feed {
  private readonly updates: FeedUpdates;
  private readonly opener: FeedItems;
  private log: FeedLog | undefined;

  constructor(
    private readonly space: OwnSpace,
    private readonly friends: FriendSpaces,
  ) {
    this.updates = new FeedUpdates(space, friends);
    this.opener = new FeedItems(space, friends);
  }

  /**
   * Takes in what friends have shared since the last time, and adds their comments to the posts of the account. What it says is added is durable; after an interruption the next
   * call goes on. Friends who cannot be asked are named, and asked the next time.
   */
  async update(options: UpdateFeedOptions = {}): Promise<FeedUpdate> {
    const { signal, friends } = this.space.check(options);
    if (friends === undefined) return this.updates.run(signal);
    assertList('options.friends', friends);
    for (const [i, friend] of friends.entries()) assertString(`options.friends[${i}]`, friend);
    return this.updates.run(signal, new Set(friends));
  }

  /** A page of the feed, as it is stored: without what friends have shared since the last update. */
  async page(options: PageOptions = {}): Promise<Page<FeedItem>> {
    const { signal, before, limit } = this.paging(options);
    const view = this.space.tree.view(signal, true);
    const log = await this.read(view, await this.space.home(view));
    const places: FeedPlace[] = [];
    let hasMore = false;
    for (const place of log.newestFirst(before)) {
      if (!(await this.isShown(view, place.item.sharer)) || !(await this.isShown(view, place.item.owner))) continue;
      hasMore = places.length === limit;
      if (hasMore) break;
      places.push(place);
    }
    const contents = await this.opener.open(view, places);
    const items = contents.map((content, i): FeedItem => {
      const number = places[i]?.number ?? 0;
      return { ...content, number, isNew: number >= log.state.seenItems && content.sharer !== this.space.username };
    });
    return { items, next: hasMore ? places.at(-1)?.number : undefined };
  }

  /** All items, newest first, page by page. */
  async *items(options: PageOptions = {}): AsyncGenerator<FeedItem, void, undefined> {
    let { before } = this.paging(options);
    for (;;) {
      const { items, next } = await this.page({ ...options, before });
      yield* items;
      if (next === undefined) return;
      before = next;
    }
  }

  /** How many items of others the user has not seen yet, among those that are stored. Asks no friend; costs one request when nothing has changed, or none. */
  async unread(options: CallOptions = {}): Promise<number> {
    const { signal } = this.space.check(options);
    const view = this.space.tree.view(signal);
    const log = await this.read(view, await this.space.home(view));
    let count = 0;
    for (const sharer of log.unseenSharers()) {
      if (sharer !== this.space.username && (await this.isShown(view, sharer))) count++;
    }
    return count;
  }

  /** Marks items as seen, on all devices: those up to an item's `number`, by default all that are stored. What was seen stays so. */
  async markSeen(number?: number, options: CallOptions = {}): Promise<void> {
    const { signal } = this.space.check(options);
    if (number !== undefined) assertInteger('number', number, 0, Number.MAX_SAFE_INTEGER);
    const seenOf = ({ feedItems, seenItems }: { readonly feedItems: number; readonly seenItems: number }): number =>
      Math.max(seenItems, Math.min(feedItems, number === undefined ? feedItems : number + 1));
    const { state } = await this.space.look(signal, readStoredFeed, true);
    if (seenOf(state) === state.seenItems) return;
    await this.space.changeHome(signal, async (operation, home) =>
      operation.committer.withoutFlush(async () =>
        appendToFeed(operation, this.space, home, [], (stored) => stored.withSeen(seenOf(stored))),
      ),
    );
  }

  /**
   * The comments on a post, as it is now: newest first. Those that were deleted, or were written by somebody else than they say, are marked. NotFoundError `not-found.file`
   * when the post is gone.
   */
  async comments(post: FoundPost | PostItem, options: PageOptions = {}): Promise<Page<PostItem | UnavailableItem>> {
    const { signal, before, limit } = this.paging(options);
    assertObject('post', post);
    const view = this.space.tree.view(signal, true);
    const { post: now } = await this.openPost(view, post);
    const latest = latestOf(now);
    const end = Math.min(before ?? latest.length, latest.length);
    const start = Math.max(0, end - limit);
    const found = await this.opener.openPosts(view, latest.slice(start, end), { mayBeElsewhere: false });
    return { items: [...found].reverse(), next: start > 0 ? start : undefined };
  }

  /** A post as it is now. Errors of {@link Posts.open}. */
  async post(post: FoundPost | PostItem, options: CallOptions = {}): Promise<PostItem> {
    const { signal } = this.space.check(options);
    assertObject('post', post);
    const sharer = 'sharer' in post ? post.sharer : undefined;
    const found = postItem(await this.openPost(this.space.tree.view(signal, true), post), this.space.username);
    return sharer === undefined ? found : { ...found, sharer };
  }

  private async openPost(view: View, { path, capability }: Pick<FoundPost, 'path' | 'capability'>): Promise<FoundPost> {
    const [content] = await this.opener.openPosts(view, [{ names: splitPath(path), capability }], { mayBeElsewhere: true });
    if (content?.kind === 'post') return { path: content.path, capability: content.capability, post: content.post };
    throw content?.error ?? new ArgumentError('post', 'must be a post');
  }

  /** The feed at one version, read once. */
  private async read(view: View, home: Item): Promise<FeedLog> {
    const stored = await readStoredFeed(view, home);
    this.log = this.log?.version === stored.version ? this.log.withState(stored.state) : await FeedLog.read(stored);
    return this.log;
  }

  private async isShown(view: View, name: string): Promise<boolean> {
    return name === this.space.username || (await this.friends.followed.relation(view, name)) !== 'blocked';
  }

  private paging(options: PageOptions): {
    readonly signal: AbortSignal | undefined;
    readonly before: number | undefined;
    readonly limit: number;
  } {
    const { signal, before, limit = PAGE } = this.space.check(options);
    if (before !== undefined) assertInteger('options.before', before, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('options.limit', limit, 1, MAX_FEED_PAGE);
    return { signal, before, limit };
  }
}

/** The comments of a post by their places, in the order in which they came first; of each of them the last reference. */
function latestOf({ comments }: SocialPost): readonly { readonly names: readonly string[]; readonly capability: AbsoluteCapability }[] {
  const found = new Map<string, { readonly names: readonly string[]; readonly capability: AbsoluteCapability }>();
  for (const { path, capability } of comments) {
    try {
      const names = splitPath(path);
      found.set(names.join('/'), { names, capability });
    } catch (error) {
      // What has no legal path is no comment.
      if (!(error instanceof PyrgosError)) throw error;
    }
  }
  return [...found.values()];
}
