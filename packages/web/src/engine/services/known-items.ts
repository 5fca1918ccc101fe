import { type FeedOrigin, type FileReader, NotFoundError, type PostItem, type UserSession } from '@pyrgos/client';
import { nameOf } from '../paths.js';

/** The names of files that were put there for a post: random numbers, which say nothing to anybody (chapter 06 section 15.2). */
const RANDOM_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

/** Items whose capabilities are at hand; those that were shown longest ago are forgotten. */
const MAX_KNOWN = 5000;

/** What was shown of a session, by path: the page names it, and never sees what opens it. */
class KnownItems {
  private readonly items = new Map<string, FeedOrigin | PostItem>();

  note(item: FeedOrigin | PostItem): void {
    this.items.delete(item.path);
    this.items.set(item.path, item);
    const [oldest] = this.items.keys();
    if (this.items.size > MAX_KNOWN && oldest !== undefined) this.items.delete(oldest);
  }

  get(path: string): FeedOrigin | PostItem {
    const item = this.items.get(path);
    if (item === undefined) throw new NotFoundError('not-found.file', 'This item was not shown yet.');
    return item;
  }

  post(path: string): PostItem {
    const item = this.get(path);
    if (!('kind' in item) || item.kind !== 'post') throw new NotFoundError('not-found.file', 'This is no post.');
    return item;
  }
}

const known = new WeakMap<UserSession, KnownItems>();

/** What was shown of a session. */
export function knownOf(session: UserSession): KnownItems {
  const items = known.get(session) ?? new KnownItems();
  known.set(session, items);
  return items;
}

/** Opens a file that a post shows, by its place among these. NotFoundError when the post was not shown, or shows it no more. */
export async function openShown(
  session: UserSession,
  { path, index }: { readonly path: string; readonly index: number },
  signal: AbortSignal,
): Promise<{ readonly reader: FileReader; readonly mimeType: string; readonly name: string | undefined }> {
  const reference = knownOf(session).post(path).media[index];
  if (reference === undefined) throw new NotFoundError('not-found.file', 'The post does not show this any more.');
  const name = nameOf(reference.path);
  return { ...(await session.posts.openMedia(reference, { signal })), name: name === '' || RANDOM_NAME.test(name) ? undefined : name };
}
