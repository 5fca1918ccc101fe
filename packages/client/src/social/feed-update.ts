import { MAX_FEED_ITEMS_OF_FRIEND, MAX_FEED_SIZE, MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { type FeedState, ProcessedCaps, SharedItem } from '@pyrgos/core/social';
import type { CommittedView, Item } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { mergeComments, preparePosts, readComments, type ReceivedComment } from './feed-comments.js';
import { appendToFeed, readStoredFeed } from './feed-files.js';
import { FeedLog } from './feed-log.js';
import { type FriendSpaces, isOfOthers } from './friend-spaces.js';
import type { OwnSpace } from './own-space.js';
import { readShares } from './read-shares.js';
import { resolveCapabilities } from './received-items.js';
import { warmMirror } from './world-mirror.js';

/** Friends who are looked at at the same time. */
const FRIENDS_IN_FLIGHT = 24;
/** Milliseconds for which the server of a friend may take to say how old what it has is (chapter 06 section 16.2). */
const PATIENCE = 2000;
/** Rounds of one update; what is more than they bring comes with the next one. */
const MAX_ROUNDS = 8;

/** What an update has brought. */
export interface FeedUpdate {
  /** Items that were added, those included that are no news. */
  readonly added: number;
  /** Friends who could not be asked now. */
  readonly unreachable: readonly string[];
}

/** Something that a friend shares. */
interface NewItem {
  readonly item: SharedItem;
  readonly modified: number;
  /** In which of the files of the friend it was. */
  readonly stream: number;
}

/** What is new of one friend. */
interface News {
  readonly friend: string;
  /** The position in the feed from which it was read. */
  readonly base: ProcessedCaps;
  readonly position: ProcessedCaps;
  readonly items: readonly NewItem[];
  readonly comments: readonly ReceivedComment[];
  /** The tree in which there was nothing more; undefined when there is. */
  readonly seen: string | undefined;
}

/** Brings a feed up to date (chapter 06 sections 16.2 to 16.4). One for each session. */
export class FeedUpdates {
  /** The tree of each friend that was looked at to its end. */
  private readonly seen = new Map<string, string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly space: OwnSpace,
    private readonly friends: FriendSpaces,
  ) {}

  /** `only`: friends who are asked; default all. One after the other: what the first one brings the second one need not look for. */
  async run(signal: AbortSignal | undefined, only?: ReadonlySet<string>): Promise<FeedUpdate> {
    const turn = this.last.then(async () => this.update(signal, only));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async update(signal: AbortSignal | undefined, only: ReadonlySet<string> | undefined): Promise<FeedUpdate> {
    let added = 0;
    const unreachable = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const view = this.space.tree.view(signal, round === 0);
      const news = await this.gather(view, unreachable, only);
      const isStale = await this.store(news, signal, (count) => (added += count));
      if (!isStale && news.every(({ seen }) => seen !== undefined)) break;
    }
    return { added, unreachable: [...unreachable].sort() };
  }

  /** What is new of all friends. One who cannot be reached, or does what nobody should, keeps the others from nothing. */
  private async gather(view: CommittedView, unreachable: Set<string>, only: ReadonlySet<string> | undefined): Promise<readonly News[]> {
    const { space, friends } = this;
    const home = await space.home(view);
    const [names, stored] = await Promise.all([friends.followed.names(view), readStoredFeed(view, home)]);
    const { state } = stored;
    // At hand when something is to be added to them.
    const items = stored.items();
    items.catch(() => undefined);
    const news: News[] = [];
    await forEachAtOnce(names, FRIENDS_IN_FLIGHT, async (name) => {
      if (unreachable.has(name) || only?.has(name) === false) return;
      try {
        if (!(await this.answersInTime(view, name))) {
          unreachable.add(name);
          return;
        }
        const found = await this.newsOf(view, home, name, state);
        if (found !== undefined) news.push(found);
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        unreachable.add(name);
      }
    });
    await items;
    // In an order that does not depend on whose server was the fastest.
    return news.sort((one, other) => (one.friend < other.friend ? -1 : 1));
  }

  private async newsOf(view: CommittedView, home: Item, name: string, state: FeedState): Promise<News | undefined> {
    const { space, friends } = this;
    const { incoming, owners } = friends;
    const mount = await friends.followed.mount(view, name, false);
    if (mount === undefined) return undefined;
    const tree = `${(await view.treeOf(mount.owner, mount.entry.writer))?.key ?? ''}${mount.owner.key}`;
    if (this.seen.get(name) === tree) return undefined;
    await incoming.gather(mount, view);
    const base = state.positions.get(name) ?? ProcessedCaps.empty;
    const shares = await readShares(view, mount.entry, await incoming.groupsOf(name, view, home), base);
    if (!shares.hasNew && !incoming.isPending(name)) {
      if (shares.isComplete) this.seen.set(name, tree);
      return undefined;
    }
    const found = await resolveCapabilities(view, shares.capabilities, { owners, username: space.username, friend: name });
    const comments = await readComments(view, found, space.username);
    // What the commit needs of the own files is asked for now, of all friends at the same time.
    await Promise.all([warmMirror(view, home, found), preparePosts(view, home, comments, space.username)]);
    const position = shares.positionAfter(new Set(found.map(({ capability }) => capability)));
    const streamOf = new Map(shares.streams.flatMap((stream, i) => stream.map((capability) => [capability, i])));
    const items = found.flatMap(({ names, capability, modified }): readonly NewItem[] => {
      const path = `/${names.join('/')}`;
      if (path.length > MAX_PATH_LENGTH) return [];
      const item = SharedItem.of({ capability, owner: names[0] ?? '', sharer: name, path });
      return [{ item, modified, stream: streamOf.get(capability) ?? 0 }];
    });
    return { friend: name, base, position, items, comments, seen: shares.isComplete ? tree : undefined };
  }

  /** Whether the server of a friend says in time how old what it has is. */
  private async answersInTime(view: CommittedView, name: string): Promise<boolean> {
    const entry = (await this.friends.followed.entry(view, name))?.capability;
    if (entry === undefined) return true;
    const timer = new AbortController();
    const late = this.space.account.clock.sleep(PATIENCE, timer.signal).then(
      () => false,
      () => false,
    );
    const answer = view.treeOf(entry.owner, entry.writer).then(() => true);
    // It may fail when nobody waits for it any more.
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.abort();
    }
  }

  /** Stores what is new together with the mirror, in one commit; resolves to whether another device was faster with some of it. */
  private async store(news: readonly News[], signal: AbortSignal | undefined, onAdded: (count: number) => void): Promise<boolean> {
    if (news.length === 0) return false;
    const { space } = this;
    const result = await this.friends.incoming.storeAlongside(
      news.map(({ friend }) => friend),
      async (storeMirror) =>
        space.changeHome(signal, async (operation, home) =>
          operation.committer.withoutFlush(async () => {
            await storeMirror(operation, home);
            const stored = await readStoredFeed(operation, home);
            const { positions } = stored.state;
            const fresh = news.filter(({ friend, base }) => (positions.get(friend) ?? ProcessedCaps.empty).equals(base));
            await mergeComments(
              operation,
              space,
              home,
              fresh.flatMap(({ comments }) => comments),
            );
            const log = await FeedLog.read(stored);
            const items = fitting(inOrder(fresh.map((one) => newItems(one, log))), stored.state);
            await appendToFeed(operation, space, home, items, (state) => {
              let next = state;
              for (const { friend, position } of fresh) next = next.withPosition(friend, position);
              return next;
            });
            return { added: items.length, fresh };
          }),
        ),
    );
    onAdded(result.added);
    for (const { friend, seen } of result.fresh) if (seen !== undefined) this.seen.set(friend, seen);
    return result.fresh.length < news.length;
  }
}

/** What of the news of a friend goes into the feed: what is there already may come once more, when what it is read from has become shorter. */
function newItems({ friend, items }: News, log: FeedLog): readonly NewItem[] {
  const fresh = log.news(items.map(({ item }) => item));
  return items.filter(({ item }) => fresh.has(item)).slice(0, Math.max(0, MAX_FEED_ITEMS_OF_FRIEND - log.countOf(friend)));
}

/**
 * The items of all friends by the time that they claim, as far as they keep the order in which each file has them: else somebody who was away for long would find the
 * friends one after the other.
 */
function inOrder(byFriend: readonly (readonly NewItem[])[]): readonly SharedItem[] {
  const queues: { readonly queue: readonly NewItem[]; next: number }[] = [];
  for (const items of byFriend) {
    for (const stream of new Set(items.map((item) => item.stream))) {
      queues.push({ queue: items.filter((item) => item.stream === stream), next: 0 });
    }
  }
  const ordered: SharedItem[] = [];
  for (;;) {
    let first: { readonly queue: readonly NewItem[]; next: number } | undefined;
    for (const one of queues) {
      const time = one.queue[one.next]?.modified;
      if (time !== undefined && time < (first?.queue[first.next]?.modified ?? Number.POSITIVE_INFINITY)) first = one;
    }
    const item = first?.queue[first.next++]?.item;
    if (item === undefined) return ordered;
    ordered.push(item);
  }
}

/** As many items as the feed has room for. */
function fitting(items: readonly SharedItem[], { feedBytes }: FeedState): readonly SharedItem[] {
  let size = feedBytes;
  return items.filter((item) => {
    size += item.encode().length;
    return size <= MAX_FEED_SIZE;
  });
}
