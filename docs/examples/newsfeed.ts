import type { UserSession } from '@pyrgos/client';

/** Takes in what is new, and tells the first page of the newsfeed, newest first. */
export async function readNews({ feed }: UserSession): Promise<string[]> {
  const { unreachable } = await feed.update();
  const { items } = await feed.page({ limit: 20 });
  await feed.markSeen(items[0]?.number);
  const news = items.map((item) => {
    switch (item.kind) {
      case 'post':
        return `${item.author}: ${item.text} (${item.media.length} files, ${item.commentCount} comments)`;
      case 'share':
        return `${item.sharer} shares ${item.path}`;
      default:
        return item.isGone ? `${item.path} is not there any more` : `${item.path} cannot be read: ${item.error.message}`;
    }
  });
  return [...news, ...unreachable.map((friend) => `${friend} cannot be asked now`)];
}

/** Posts a picture for friends. Returns where the post is. */
export async function postPicture({ posts }: UserSession, text: string, picture: Blob): Promise<string> {
  const { path } = await posts.create({ text, media: [{ source: picture, mimeType: picture.type }] });
  return path;
}

/** Answers the newest post of a friend. Returns the comments that are under it so far, newest first. */
export async function answerNewest({ feed, posts }: UserSession, friend: string, text: string): Promise<string[]> {
  for await (const item of feed.items()) {
    if (item.kind !== 'post' || item.author !== friend) continue;
    await posts.create({ text, parent: item });
    // The friend's own client puts the answer there, with its next update.
    const { items } = await feed.comments(item);
    return items.flatMap((comment) => (comment.kind === 'post' ? `${comment.author}: ${comment.text}` : []));
  }
  return [];
}
