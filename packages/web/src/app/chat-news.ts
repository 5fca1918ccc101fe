import type { ChatNews, ChatsToRefresh } from '../engine/chat-calls.js';
import { engine } from '../engine/start-engine.js';

const listeners = new Set<(news: readonly ChatNews[]) => void>();

/** Has `listener` called each time when others were asked what they have written in chats; returns the way to stop it. */
export function onChatNews(listener: (news: readonly ChatNews[]) => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Takes in what others have written, and tells it to whoever shows chats. */
export async function refreshChats(which: ChatsToRefresh): Promise<readonly ChatNews[]> {
  const news = await engine().call('chat.refresh', which);
  for (const listener of listeners) listener(news);
  return news;
}
