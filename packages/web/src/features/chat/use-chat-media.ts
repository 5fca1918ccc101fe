import { useCallback, useEffect, useRef, useState } from 'react';
import type { ChatMediaItem } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';

/** Attachments that are asked for at a time. */
const LIMIT = 24;

interface Media {
  /** Newest first. */
  readonly items: readonly ChatMediaItem[];
  readonly isLoading: boolean;
  /** What the next page takes as `before`; undefined when there is none. */
  readonly next: number | undefined;
  readonly error: unknown;
}

/** The attachments of a chat, page by page. */
export function useChatMedia(id: string): Media & { readonly more: () => void } {
  const [media, setMedia] = useState<Media>({ items: [], isLoading: true, next: undefined, error: undefined });
  const running = useRef<AbortController | undefined>(undefined);
  const load = useCallback(
    async (before: number | undefined): Promise<void> => {
      running.current?.abort();
      const stop = new AbortController();
      running.current = stop;
      setMedia((now) => ({ ...now, isLoading: true, error: undefined }));
      try {
        const { items, next } = await engine().call('chat.media', { id, before, limit: LIMIT }, { signal: stop.signal });
        if (!stop.signal.aborted) setMedia((now) => ({ items: [...now.items, ...items], isLoading: false, next, error: undefined }));
      } catch (error) {
        if (!stop.signal.aborted) setMedia((now) => ({ ...now, isLoading: false, error }));
      }
    },
    [id],
  );
  useEffect(() => {
    setMedia({ items: [], isLoading: true, next: undefined, error: undefined });
    void load(undefined);
    return () => {
      running.current?.abort();
    };
  }, [load]);
  return { ...media, more: () => void load(media.next) };
}
