import { useEffect } from 'react';
import { newsWatch } from '../../app/news-watch.js';
import { onConnectionBack } from '../../engine/connection-store.js';
import { chats } from './chats-store.js';

/** Keeps the chats up to date as long as they are shown: what changes is told by the watch of the page; whoever comes back to the page looks at once. */
export function useAttention(id: string | undefined): void {
  useEffect(() => {
    void chats().reload();
    void chats().update();
    return newsWatch().onLooked((kind) => {
      if (kind === 'chats') void chats().reload();
    });
  }, []);
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === 'visible') void chats().update(id);
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('focus', look);
    const stopListening = onConnectionBack(look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('focus', look);
      stopListening();
    };
  }, [id]);
}
