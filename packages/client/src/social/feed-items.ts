import { FormatError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { type FileRef, PostAudience, type SharedAccess, type SocialPost } from '@pyrgos/core/social';
import { FileEntry } from '../files/file-entry.js';
import { formatPath } from '../files/file-tree.js';
import type { Item, View } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import type { FeedPlace } from './feed-log.js';
import { type FriendSpaces, isOfOthers } from './friend-spaces.js';
import type { OwnSpace } from './own-space.js';
import { isPost, readPost } from './post-file.js';
import type { FoundPost } from './posts.js';
import { openCapabilities } from './received-items.js';
import { dateOfSeconds } from './seconds.js';

/** Writing spaces, and items, that are opened at the same time. */
const SPACES_IN_FLIGHT = 16;
const ITEMS_IN_FLIGHT = 16;

/** Where an item of the feed, or a comment, is from. */
export interface FeedOrigin {
  /** `/<owner>/…` */
  readonly path: string;
  /** Whose file it is. */
  readonly owner: string;
  /** Who has shared it; of a comment, who has written it. */
  readonly sharer: string;
  /** What opens the file as long as it is shared; a secret. With `path` and `sharer` it is what an answer names as its `parent`. */
  readonly capability: AbsoluteCapability;
}

/** A post, or a comment. Its texts come from others: show them as text, never as markup. */
export interface PostItem extends FeedOrigin {
  readonly kind: 'post';
  /** Verified: who owns the file. */
  readonly author: string;
  /** The parts of its text, joined. */
  readonly text: string;
  /** Files that it shows; {@link Posts.openMedia} reads them. */
  readonly media: readonly FileRef[];
  /** When it was written, as its author says. */
  readonly time: Date;
  /** When it was edited the last time; undefined when it never was. */
  readonly edited: Date | undefined;
  readonly audience: 'author' | 'friends' | 'followers' | 'public';
  /** The path of what it answers to; undefined for a post that answers to nothing. */
  readonly parentPath: string | undefined;
  /** Comments that its author has taken in. */
  readonly commentCount: number;
  /** Whether the account has written it, and so can edit and delete it. */
  readonly isOwn: boolean;
  /** All that it says. */
  readonly post: SocialPost;
}

/** A file or directory that somebody shares. */
export interface ShareItem extends FeedOrigin {
  readonly kind: 'share';
  readonly access: SharedAccess;
  readonly entry: FileEntry;
}

/** Something that cannot be opened. */
export interface UnavailableItem extends FeedOrigin {
  readonly kind: 'unavailable';
  /** Whether it was deleted, or is not shared any more; else it is damaged, no post of whom it says, or its server is away. */
  readonly isGone: boolean;
  readonly error: PyrgosError;
}

/** What an item of the feed is. */
export type FeedContent = PostItem | ShareItem | UnavailableItem;

/** Opens items of the feed, and comments. */
export class FeedItems {
  constructor(
    private readonly space: OwnSpace,
    private readonly friends: FriendSpaces,
  ) {}

  /** What places of the feed are now, in order. Errors of the call; what is wrong with one of them is its own answer. */
  async open(view: View, places: readonly FeedPlace[]): Promise<readonly FeedContent[]> {
    const origins = places.map(({ names, item }) => ({
      names,
      origin: { path: formatPath(names), owner: item.owner, sharer: item.sharer, capability: item.capability },
    }));
    return this.openAll(view, origins, true);
  }

  /** What posts and comments are now, in order: posts of those who own them. `mayBeElsewhere`: whether they are looked for by their paths, too. */
  async openPosts(
    view: View,
    posts: readonly { readonly names: readonly string[]; readonly capability: AbsoluteCapability }[],
    { mayBeElsewhere }: { readonly mayBeElsewhere: boolean },
  ): Promise<readonly (PostItem | UnavailableItem)[]> {
    const origins = posts.map(({ names, capability }) => {
      const owner = names[0] ?? '';
      return { names, origin: { path: formatPath(names), owner, sharer: owner, capability } };
    });
    const found = await this.openAll(view, origins, mayBeElsewhere);
    return found.map((content) => {
      if (content.kind !== 'share') return content;
      const { path, owner, sharer, capability } = content;
      return unavailable({ path, owner, sharer, capability }, new FormatError('format.social', 'SocialPost', 'is a file of another kind'));
    });
  }

  private async openAll(
    view: View,
    places: readonly { readonly names: readonly string[]; readonly origin: FeedOrigin }[],
    mayBeElsewhere: boolean,
  ): Promise<readonly FeedContent[]> {
    const found = new Map<number, Item | PyrgosError>();
    const bySpace = new Map<string, number[]>();
    await forEachAtOnce(places.entries(), ITEMS_IN_FLIGHT, async ([index, { origin }]) => {
      const problem = await this.problemOf(view, origin);
      if (problem !== undefined) {
        found.set(index, problem);
        return;
      }
      const key = origin.capability.writer.key;
      const some = bySpace.get(key) ?? [];
      bySpace.set(key, some);
      some.push(index);
    });
    await forEachAtOnce(bySpace.values(), SPACES_IN_FLIGHT, async (some) => {
      const capabilities = some.flatMap((index) => places[index]?.origin.capability ?? []);
      let next = 0;
      try {
        for await (const { item, error } of openCapabilities(view, capabilities)) found.set(some[next++] ?? -1, item ?? error);
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        for (const index of some.slice(next)) found.set(index, error);
      }
    });
    const contents: FeedContent[] = [];
    await forEachAtOnce(places.entries(), ITEMS_IN_FLIGHT, async ([index, { names, origin }]) => {
      const item = found.get(index) ?? notFound();
      contents[index] = await this.contentOf(view, names, origin, item, mayBeElsewhere);
    });
    return contents;
  }

  /** What is wrong with who has what; undefined when that is right. */
  private async problemOf(view: View, { owner, sharer, capability }: FeedOrigin): Promise<PyrgosError | undefined> {
    const { owners } = this.friends;
    const { username, account } = this.space;
    try {
      // What is from an identity that the account has given up is found by its path.
      if (owner === username) return capability.owner.equals(account.identity.publicKeyHash) ? undefined : notFound();
      if ((await owners.nameOf(capability.owner)) !== owner) return notTheirs();
      // The owner may share what is in any place of his; others pass on what must be his.
      const isTheirs = owner === sharer || (await owners.owns(view, capability.owner, capability.writer));
      return isTheirs ? undefined : notTheirs();
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return error;
    }
  }

  private async contentOf(
    view: View,
    names: readonly string[],
    origin: FeedOrigin,
    first: Item | PyrgosError,
    mayBeElsewhere: boolean,
  ): Promise<FeedContent> {
    try {
      let item = first;
      if (item instanceof PyrgosError && mayBeElsewhere) item = (await this.space.tree.find(view, names)) ?? item;
      if (item instanceof PyrgosError) return unavailable(origin, item);
      if (!item.isReadable) return unavailable(origin, notFound());
      if (!isPost(item)) {
        const access = item.capability.isWritable && origin.owner !== this.space.username ? 'write' : 'read';
        return { kind: 'share', ...origin, access, entry: new FileEntry(origin.path, item, names.at(-1)) };
      }
      const post = await readPost(view, item);
      if (post.author !== origin.owner) {
        return unavailable(origin, new FormatError('format.social', 'SocialPost.author', 'is not the owner of the post'));
      }
      return { ...describePost(post, this.space.username), ...origin, capability: item.capability.toReadOnly() };
    } catch (error) {
      if (!isOfOthers(error)) throw error;
      return unavailable(origin, error);
    }
  }
}

/** A post where it was found, with what it says. `username`: of the account. */
export function postItem({ path, capability, post }: FoundPost, username: string): PostItem {
  const { author } = post;
  return { ...describePost(post, username), path, owner: author, sharer: author, capability };
}

function describePost(post: SocialPost, username: string): Omit<PostItem, keyof FeedOrigin> {
  const { author, body, audience, time, firstTime, parent, comments } = post;
  return {
    kind: 'post',
    author,
    text: body.filter((part) => typeof part === 'string').join('\n'),
    media: body.filter((part) => typeof part !== 'string'),
    time: dateOfSeconds(firstTime),
    edited: post.previousVersions.length === 0 ? undefined : dateOfSeconds(time),
    audience: AUDIENCES[audience],
    parentPath: parent?.path,
    commentCount: new Set(comments.map(({ path }) => path)).size,
    isOwn: author === username,
    post,
  };
}

const AUDIENCES = {
  [PostAudience.author]: 'author',
  [PostAudience.friends]: 'friends',
  [PostAudience.followers]: 'followers',
  [PostAudience.public]: 'public',
} as const;

function unavailable(origin: FeedOrigin, error: PyrgosError): UnavailableItem {
  return { kind: 'unavailable', ...origin, isGone: error.code === 'not-found.file', error };
}

function notFound(): NotFoundError {
  return new NotFoundError('not-found.file', 'There is nothing at this place (any more): it was moved, deleted or revoked.');
}

function notTheirs(): FormatError {
  return new FormatError('format.social', 'SharedItem', 'is not in the space of whom it says that it is');
}
