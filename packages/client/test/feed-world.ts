import { readFeed } from '@pyrgos/core/social';
import type { FeedItem } from '../src/social/feed.js';
import { readStoredFeed } from '../src/social/feed-files.js';
import type { UserSession } from '../src/user-session.js';
import { ownSpaceOf } from './social-world.js';

/** The paths in the stored feed of a user, oldest first, those included that are not shown. */
export async function storedPaths(session: UserSession): Promise<readonly string[]> {
  return ownSpaceOf(session).look(
    undefined,
    async (view, home) => {
      const { state, items } = await readStoredFeed(view, home);
      const found = readFeed(await items(), state, 0, Number.MAX_SAFE_INTEGER).map(({ item }) => item.path);
      if (found.length !== state.feedItems) throw new Error(`${state.feedItems} items are counted, and ${found.length} are there`);
      return found;
    },
    true,
  );
}

/** What a user sees in the feed, oldest first. */
export async function shown(session: UserSession): Promise<FeedItem[]> {
  const items: FeedItem[] = [];
  for await (const item of session.feed.items({ limit: 3 })) items.push(item);
  return items.reverse();
}

/** The same in words: the text of a post, the path of what is shared, the code of what is wrong. */
export async function told(session: UserSession): Promise<string[]> {
  return (await shown(session)).map((item) => {
    if (item.kind === 'post') return `${item.author}: ${item.text}`;
    return item.kind === 'share' ? item.path : `${item.path} ${item.isGone ? 'gone' : item.error.code}`;
  });
}

/** {@link told} after an update. */
export async function news(session: UserSession): Promise<string[]> {
  await session.feed.update();
  return told(session);
}
