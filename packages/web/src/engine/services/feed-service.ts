import type { FeedContent, PostItem, UserSession } from '@pyrgos/client';
import { faultOf } from '../engine-fault.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import type { FeedCalls, NewsContent, NewsPost } from '../feed-calls.js';
import { knownOf, openShown } from './known-items.js';

/** Bytes of a file of a post that the page gets as a whole. */
const MAX_MEDIA = 32_000_000;
/** News, posts and comments. */
export function feedService(state: Pick<EngineState, 'session'>): Pick<Handlers, keyof FeedCalls> {
  const shown = (session: UserSession, content: FeedContent): NewsContent => {
    knownOf(session).note(content);
    return contentOf(content);
  };
  return {
    'feed.update': async (args, { signal }) => (await state.session.feed.update({ friends: args?.friends, signal })).unreachable,

    'feed.page': async ({ before }, { signal }) => {
      const { session } = state;
      const { items, next } = await session.feed.page({ before, signal });
      return { items: items.map((item) => ({ ...shown(session, item), number: item.number, isNew: item.isNew })), next };
    },

    'feed.unread': async (_, { signal }) => state.session.feed.unread({ signal }),

    'feed.markSeen': async ({ number }, { signal }) => {
      await state.session.feed.markSeen(number, { signal });
      return undefined;
    },

    'feed.comments': async ({ path, before }, { signal }) => {
      const { session } = state;
      const { items, next } = await session.feed.comments(knownOf(session).post(path), { before, signal });
      return { items: items.map((item) => shown(session, item)), next };
    },

    'feed.post': async ({ text, files, audience, parent }, { signal, emit }) => {
      const { session } = state;
      const total = files.reduce((sum, { size }) => sum + size, 0);
      const found = await session.posts.create(
        {
          text,
          audience,
          media: files.map((file) => ({ source: file, mimeType: file.type === '' ? undefined : file.type })),
          parent: parent === undefined ? undefined : knownOf(session).get(parent),
        },
        { signal, onProgress: ({ done }) => emit({ done, total }) },
      );
      return postOf(session, await session.feed.post(found));
    },

    'feed.edit': async ({ path, text }, { signal }) => {
      const { session } = state;
      return postOf(session, await session.feed.post(await session.posts.edit(path, text, { signal })));
    },

    'feed.delete': async ({ path }, { signal }) => {
      await state.session.posts.delete(path, { signal });
      return undefined;
    },

    'feed.media': async ({ path, index }, { signal }) => {
      const { session } = state;
      const { reader, mimeType, name } = await openShown(session, { path, index }, signal);
      const { size } = reader;
      return { mimeType, size, name, bytes: size > MAX_MEDIA ? undefined : await reader.read() };
    },
  };

  function postOf(session: UserSession, item: PostItem): NewsPost {
    knownOf(session).note(item);
    return newsPost(item);
  }
}

function contentOf(content: FeedContent): NewsContent {
  const { path, owner, sharer } = content;
  switch (content.kind) {
    case 'post':
      return newsPost(content);
    case 'share': {
      const { name, isDirectory, modified } = content.entry;
      return {
        kind: 'share',
        path,
        owner,
        sharer,
        name,
        isDirectory,
        isWritable: content.access === 'write',
        modified: modified.getTime(),
      };
    }
    default:
      return { kind: 'unavailable', path, sharer, isGone: content.isGone, fault: faultOf(content.error) };
  }
}

function newsPost({ path, author, text, media, time, edited, audience, parentPath, commentCount, isOwn }: PostItem): NewsPost {
  const parent =
    parentPath === undefined ? undefined : { path: parentPath, owner: parentPath.split('/').find((name) => name !== '') ?? '' };
  return {
    kind: 'post',
    path,
    author,
    text,
    mediaCount: media.length,
    time: time.getTime(),
    isEdited: edited !== undefined,
    audience,
    parent,
    commentCount,
    isOwn,
  };
}
