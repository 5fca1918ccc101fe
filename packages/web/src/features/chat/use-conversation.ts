import { useCallback, useEffect, useRef, useState } from 'react';
import { onChatNews } from '../../app/chat-news.js';
import { newsWatch } from '../../app/news-watch.js';
import type { ChatLine, ChatNews, ChatPageOf } from '../../engine/chat-calls.js';
import type { EngineFault } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { chats } from './chats-store.js';
import { type ConversationWindow, windowOf, withChanged, withLine, withNewer, withNewest, withOlder } from './conversation-window.js';
import { outbox } from './outbox.js';

/** Messages of a page. */
const PAGE = 50;
const NOBODY_WAITS: ChatNews['waiting'] = { forRoom: [], forTime: [] };
/** Messages of the largest page. */
const MAX_PAGE = 200;

/** What is at hand of a chat. */
interface Held extends ConversationWindow {
  /** Another number when the messages have nothing to do any more with the ones before: the list begins anew. */
  readonly run: number;
  /** The place at which the list begins; undefined: at the end. */
  readonly at: number | undefined;
  /** The place from which on nobody had seen the messages when the chat was opened. */
  readonly unreadFrom: number | undefined;
  readonly problem: EngineFault | undefined;
}

/** A chat that is open. */
export interface Conversation {
  /** Undefined until the first page is there. */
  readonly held: Held | undefined;
  /** Why there is nothing, or nothing newer. */
  readonly error: unknown;
  readonly isLoadingOlder: boolean;
  /** Members who could not be asked. */
  readonly unreachable: readonly string[];
  readonly waiting: ChatNews['waiting'];
  /** Messages of others that have come while the chat was open, the newest of each time; for those who do not see them. */
  readonly arrived: readonly ChatLine[];
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  /** Shows the messages around a place. */
  readonly jumpTo: (index: number) => void;
  /** Shows the newest messages. */
  readonly toNewest: () => void;
  /** Takes a message that was sent or edited here. */
  readonly takeLine: (line: ChatLine) => void;
  /** Looks again at what is stored. */
  readonly reload: () => void;
  /** Takes note of which places are seen: they are looked at again when something has come, for it may be an edit of theirs. */
  readonly noteSeen: (from: number, to: number) => void;
}

/** A chat, in a component: the newest messages at once, older ones as they are wanted, and what others write as it comes. `unread`: how many messages nobody has seen. */
export function useConversation(id: string, unread: number): Conversation {
  const [held, setHeld] = useState<Held | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [loading, setLoading] = useState<'older' | 'newer' | undefined>(undefined);
  const [unreachable, setUnreachable] = useState<readonly string[]>([]);
  const [waiting, setWaiting] = useState(NOBODY_WAITS);
  const [arrived, setArrived] = useState<readonly ChatLine[]>([]);
  /** The same as the state, for what goes on while nothing is drawn. */
  const current = useRef<Held | undefined>(undefined);
  const isLoading = useRef(false);
  const seen = useRef<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const firstPage = useRef(PAGE);
  if (current.current === undefined) firstPage.current = Math.max(PAGE, Math.min(MAX_PAGE, unread + PAGE / 2));

  const set = useCallback((next: Held): void => {
    current.current = next;
    setHeld(next);
  }, []);
  const change = useCallback(
    (work: (window: ConversationWindow) => ConversationWindow): void => {
      const { current: before } = current;
      if (before !== undefined) set({ ...before, ...work(before) });
    },
    [set],
  );

  /** Looks at the newest page, and at what is seen, as they are stored now. */
  const refresh = useCallback(async (): Promise<void> => {
    const before = current.current;
    const page = await engine().call('chat.page', { id, limit: before === undefined ? firstPage.current : PAGE });
    if (before === undefined) {
      set({ ...windowOf(page), run: 0, at: undefined, unreadFrom: page.lines.find(({ isNew }) => isNew)?.index, problem: page.problem });
      return;
    }
    const last = before.lines.at(-1)?.index ?? -1;
    change((window) => withNewest(window, page));
    const fresh = page.lines.filter(({ index, isOwn, kind }) => index > last && !isOwn && kind === 'text');
    if (fresh.length > 0 && before.after === undefined) setArrived(fresh);
    const first = page.lines[0]?.index ?? 0;
    const { from = first, to = first } = seen.current ?? {};
    if (from < first) {
      const around = await engine().call('chat.page', { id, around: Math.floor((from + to) / 2), limit: MAX_PAGE });
      change((window) => withChanged(window, around));
    }
  }, [id, set, change]);

  const reload = useCallback((): void => {
    refresh().then(
      () => {
        setError(undefined);
      },
      (caught: unknown) => {
        setError(caught);
      },
    );
  }, [refresh]);

  useEffect(() => {
    reload();
    void chats().update(id);
    const stops = [
      // Another device of the account may have written something.
      newsWatch().onLooked((kind) => {
        if (kind === 'chats') reload();
      }),
      onChatNews((news) => {
        const own = news.find((one) => one.id === id);
        if (own === undefined) return;
        setUnreachable(own.unreachable);
        setWaiting(own.waiting);
        if (own.added > 0) reload();
      }),
      outbox().onSent((sentIn, line) => {
        if (sentIn !== id) return;
        change((window) => withLine(window, line));
        chats().noteLine(id, line);
        // Others may have written something that stands before it.
        reload();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [id, reload, change]);

  /** One page at a time. */
  const load = useCallback(
    (
      which: 'older' | 'newer',
      part: { readonly before?: number; readonly after?: number },
      put: (window: ConversationWindow, page: ChatPageOf) => ConversationWindow,
    ) => {
      if (isLoading.current) return;
      isLoading.current = true;
      setLoading(which);
      const run = current.current?.run;
      engine()
        .call('chat.page', { id, ...part, limit: PAGE })
        .then(
          (page) => {
            if (current.current?.run === run) change((window) => put(window, page));
          },
          (caught: unknown) => {
            setError(caught);
          },
        )
        .finally(() => {
          isLoading.current = false;
          setLoading(undefined);
        });
    },
    [id, change],
  );
  const loadOlder = useCallback(() => {
    const { before } = current.current ?? {};
    if (before !== undefined) load('older', { before }, withOlder);
  }, [load]);
  const loadNewer = useCallback(() => {
    const { after } = current.current ?? {};
    if (after !== undefined) load('newer', { after }, withNewer);
  }, [load]);

  const begin = useCallback(
    (at: number | undefined): void => {
      engine()
        .call('chat.page', { id, around: at, limit: PAGE })
        .then(
          (page) => {
            const { run = 0, unreadFrom } = current.current ?? {};
            set({ ...windowOf(page), run: run + 1, at, unreadFrom, problem: page.problem });
          },
          (caught: unknown) => {
            setError(caught);
          },
        );
    },
    [id, set],
  );
  const toNewest = useCallback(() => {
    begin(undefined);
  }, [begin]);
  const takeLine = useCallback(
    (line: ChatLine) => {
      change((window) => withLine(window, line));
    },
    [change],
  );
  const noteSeen = useCallback((from: number, to: number) => {
    seen.current = { from, to };
  }, []);
  return {
    held,
    error,
    isLoadingOlder: loading === 'older',
    unreachable,
    waiting,
    arrived,
    loadOlder,
    loadNewer,
    jumpTo: begin,
    toNewest,
    takeLine,
    reload,
    noteSeen,
  };
}
