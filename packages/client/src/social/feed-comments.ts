import { Multihash } from '@pyrgos/core/codec';
import { LimitError } from '@pyrgos/core/errors';
import { MAX_COMMENTS_OF_USER, MAX_SOCIAL_POST_SIZE } from '@pyrgos/core/limits';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { FileRef, PostAudience, SocialPost } from '@pyrgos/core/social';
import { findChild, isDamage, type Item, type OperationView, splitPath, type View } from '../files/view/index.js';
import { forEachAtOnce } from '../waiting/for-each-at-once.js';
import { directoryAt, readAll, writeFileIn } from './own-files.js';
import type { OwnSpace } from './own-space.js';
import { isPost, POST_MIME_TYPE, readPost } from './post-file.js';
import { openCapabilities, type ReceivedItem } from './received-items.js';

/** Posts of one friend that are read at the same time. */
const POSTS_IN_FLIGHT = 8;
/** Bytes of posts of one friend that are looked at for comments in one round; later ones of the same round are no comments. */
const MAX_BYTES_AT_ONCE = 16_777_216;

/** A comment of a friend on a post of the account. */
export interface ReceivedComment {
  readonly author: string;
  /** Where the post is. */
  readonly parent: readonly string[];
  readonly comment: FileRef;
}

/**
 * The comments on posts of the account among what a friend shares (chapter 06 section 16.4). One that is meant for nobody but the author of the post is none: with
 * the post everybody would get it who sees that. Whoever comments under the name of somebody else is not believed.
 */
export async function readComments(view: View, items: readonly ReceivedItem[], username: string): Promise<readonly ReceivedComment[]> {
  const files = items.filter(({ isDirectory }) => !isDirectory);
  const posts: {
    readonly index: number;
    readonly names: readonly string[];
    readonly capability: AbsoluteCapability;
    readonly item: Item;
  }[] = [];
  let index = 0;
  let bytes = 0;
  const capabilities = files.map(({ capability }) => capability);
  for await (const { item } of openCapabilities(view, capabilities)) {
    const file = files[index++];
    if (item === undefined || file === undefined || !isPost(item)) continue;
    const size = item.properties.size;
    if (size > MAX_SOCIAL_POST_SIZE || bytes + size > MAX_BYTES_AT_ONCE) continue;
    bytes += size;
    posts.push({ index, ...file, item });
  }
  const found = new Map<number, ReceivedComment>();
  await forEachAtOnce(posts, POSTS_IN_FLIGHT, async ({ index: at, names, capability, item }) => {
    const comment = await commentIn(view, { names, capability, item }, username);
    if (comment !== undefined) found.set(at, comment);
  });
  return posts.flatMap(({ index: at }) => found.get(at) ?? []);
}

async function commentIn(
  view: View,
  { names, capability, item }: { readonly names: readonly string[]; readonly capability: AbsoluteCapability; readonly item: Item },
  username: string,
): Promise<ReceivedComment | undefined> {
  try {
    const bytes = await readAll(view, item, MAX_SOCIAL_POST_SIZE);
    const { author, parent, audience } = SocialPost.decode(bytes);
    if (parent === undefined || author !== names[0] || audience === PostAudience.author) return undefined;
    const place = splitPath(parent.path);
    if (place[0] !== username || place.length < 3) return undefined;
    const hash = Multihash.sha256(view.crypto.sha256(bytes));
    return { author, parent: place, comment: FileRef.of(`/${names.join('/')}`, capability.toReadOnly(), hash) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Where the post of a comment is, if it is there and the account may change it in a commit of its home directory. */
async function parentOf(
  view: View,
  home: Item,
  names: readonly string[],
  username: string,
): Promise<{ readonly folder: Item; readonly post: SocialPost } | undefined> {
  try {
    const folder = await directoryAt(view, home, names.slice(1, -1));
    const file = folder === undefined ? undefined : await findChild(view, folder, names.at(-1) ?? '');
    if (folder === undefined || file === undefined || !isPost(file) || !file.writer.equals(home.writer)) return undefined;
    const post = await readPost(view, file);
    return post.author === username ? { folder, post } : undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Looks at the posts of comments, so that what merging needs of them is at hand. */
export async function preparePosts(view: View, home: Item, comments: readonly ReceivedComment[], username: string): Promise<void> {
  await forEachAtOnce(byParent(comments).values(), POSTS_IN_FLIGHT, async ([first]) => {
    if (first !== undefined) await parentOf(view, home, first.parent, username);
  });
}

/**
 * Adds comments to the posts that they are about, in place, and commits that (chapter 06 section 16.4): everybody who can read a post finds them there. Left out
 * is what has no post, and more of one user than a post may have.
 */
export async function mergeComments(
  operation: OperationView,
  space: OwnSpace,
  home: Item,
  comments: readonly ReceivedComment[],
): Promise<void> {
  for (const [, some] of byParent(comments)) {
    const names = some[0]?.parent ?? [];
    const found = await parentOf(operation, home, names, space.username);
    if (found === undefined) continue;
    const { folder, post } = found;
    const counts = new Map<string, number>();
    for (const { path } of post.comments) count(counts, path.split('/').find((name) => name !== '') ?? '');
    const added = some.filter(({ author }) => count(counts, author) <= MAX_COMMENTS_OF_USER);
    const next = post.withComments(added.map(({ comment }) => comment));
    if (next.comments.length === post.comments.length) continue;
    const bytes = encodeFitting(next);
    if (bytes === undefined) continue;
    await writeFileIn(operation, space, folder, names.at(-1) ?? '', bytes, { mimeType: POST_MIME_TYPE });
  }
}

function byParent(comments: readonly ReceivedComment[]): ReadonlyMap<string, readonly ReceivedComment[]> {
  const found = new Map<string, ReceivedComment[]>();
  for (const one of comments) {
    const key = one.parent.join('/');
    const some = found.get(key) ?? [];
    found.set(key, some);
    some.push(one);
  }
  return found;
}

function count(counts: Map<string, number>, author: string): number {
  const next = (counts.get(author) ?? 0) + 1;
  counts.set(author, next);
  return next;
}

/** Undefined for a post that would become too large. */
function encodeFitting(post: SocialPost): Uint8Array | undefined {
  try {
    return post.encode();
  } catch (error) {
    if (error instanceof LimitError) return undefined;
    throw error;
  }
}
