import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ChatLine, ChatQuoteOf } from '../../engine/chat-calls.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { ContextMenu } from '../../ui/menu.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { conversationRows } from './conversation-rows.js';
import { estimatedHeight } from './estimated-height.js';
import { messageChoices } from './message-choices.js';
import { MessageRow } from './message-row.js';
import styles from './message-list.module.css';
import { NewestButton } from './newest-button.js';
import type { Outgoing } from './outbox.js';
import { OutgoingRow } from './outgoing-row.js';
import { useMessageKeys } from './use-message-keys.js';

/** Rows outside the window that are there all the same, so that scrolling never shows a gap. */
const OVERSCAN = 8;
/** Rows from the edge at which the next page is asked for. */
const EDGE = 12;
/** CSS pixels from the end that count as the end. */
const AT_END = 60;
/** Milliseconds for which the message to which somebody has jumped is marked. */
const MARKED = 2500;

/** See {@link MessageList}. */
export interface MessageListProps {
  readonly name: string;
  readonly chatId: string;
  readonly lines: readonly ChatLine[];
  readonly outgoing: readonly Outgoing[];
  /** The place at which it begins; undefined: at the end. */
  readonly at: number | undefined;
  readonly unreadFrom: number | undefined;
  readonly unread: number;
  /** Whether there are so many people that names are needed. */
  readonly isGroup: boolean;
  readonly canWrite: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly isLoadingOlder: boolean;
  /** Whether the newest message has the focus at first, when it begins at the end. */
  readonly takesFocus: boolean;
  /** The message about which somebody is asked something. */
  readonly asked: string | undefined;
  readonly onOlder: () => void;
  readonly onNewer: () => void;
  readonly onJump: (index: number) => void;
  /** Shows the newest messages, which are not at hand. */
  readonly onNewest: () => void;
  /** Told which places of the log are in the window. */
  readonly onVisible: (from: number, to: number) => void;
  /** The newest message is in the window. */
  readonly onAtEnd: () => void;
  readonly onReply: (line: ChatLine) => void;
  readonly onEdit: (line: ChatLine) => void;
  readonly onDelete: (line: ChatLine) => void;
}

/**
 * The messages of a chat, of any number: only what is seen is in the page. It begins at the newest one and stays there while messages come; older ones are loaded above without
 * moving what is seen. One tab stop: arrow keys lead from message to message, Enter opens what can be done with one.
 */
export function MessageList(props: MessageListProps): ReactNode {
  const { name, chatId, lines, outgoing, at, unreadFrom, hasOlder, hasNewer, asked, onOlder, onNewer, onVisible, onAtEnd } = props;
  const text = useText();
  const language = useLanguage();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => conversationRows(lines, unreadFrom), [lines, unreadFrom]);
  const [active, setActive] = useState<string | undefined>(undefined);
  const [marked, setMarked] = useState<string | undefined>(undefined);
  const [menuAt, setMenuAt] = useState<{ readonly line: ChatLine; readonly x: number; readonly y: number } | undefined>(undefined);
  const [isPlaced, setPlaced] = useState(false);
  const [isAtEnd, setAtEnd] = useState(at === undefined);
  const count = rows.length + outgoing.length;
  const activeIndex = active === undefined ? -1 : rows.findIndex(({ line }) => line.ref === active);
  /** The message that the Tab key leads to. */
  const stop = activeIndex >= 0 ? activeIndex : rows.findLastIndex(({ line }) => line.kind === 'text');
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.line.ref ?? outgoing[index - rows.length]?.key ?? index,
    estimateSize: (index) => estimatedHeight(rows[index]),
    overscan: OVERSCAN,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: AT_END,
    paddingStart: 8,
    paddingEnd: 8,
    // What has the focus stays in the page.
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      return stop < 0 || shown.includes(stop) ? shown : [...shown, stop].toSorted((a, b) => a - b);
    },
  });

  const idOf = useCallback((ref: string): string => `${id}-${ref}`, [id]);
  const focusOn = useCallback(
    (index: number, align: 'auto' | 'center' = 'auto'): void => {
      const ref = rows[index]?.line.ref;
      if (ref === undefined) return;
      setActive(ref);
      virtual.scrollToIndex(index, { align });
      // When it is in the page.
      requestAnimationFrame(() => {
        document.getElementById(idOf(ref))?.focus({ preventScroll: true });
      });
    },
    [rows, virtual, idOf],
  );
  const focusNewest = (): void => {
    focusOn(rows.length - 1);
    virtual.scrollToEnd();
  };
  const mark = useCallback((ref: string): void => {
    setMarked(ref);
    setTimeout(() => {
      setMarked((before) => (before === ref ? undefined : before));
    }, MARKED);
  }, []);

  // The first place, before anything is painted.
  useLayoutEffect(() => {
    const index = at === undefined ? -1 : rows.findIndex(({ line }) => line.index >= at);
    const ref = rows[index]?.line.ref;
    if (ref === undefined && props.takesFocus) focusNewest();
    else if (ref === undefined) virtual.scrollToEnd();
    else {
      focusOn(index, 'center');
      mark(ref);
    }
    const frame = requestAnimationFrame(() => {
      setPlaced(true);
    });
    return () => {
      cancelAnimationFrame(frame);
    };
    // Once: later the reader decides.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const { startIndex = 0, endIndex = 0 } = virtual.range ?? {};
  useEffect(() => {
    if (!isPlaced) return;
    if (hasOlder && startIndex < EDGE) onOlder();
    if (hasNewer && endIndex > count - EDGE) onNewer();
  }, [isPlaced, hasOlder, hasNewer, startIndex, endIndex, count, onOlder, onNewer]);
  useEffect(() => {
    const [from, to] = [rows[startIndex], rows[Math.min(endIndex, rows.length - 1)]];
    if (from !== undefined && to !== undefined) onVisible(from.line.index, to.line.index);
  }, [rows, startIndex, endIndex, onVisible]);
  const look = useCallback((): void => {
    const { current: element } = scroller;
    if (element !== null) setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight <= AT_END);
  }, []);
  const height = virtual.getTotalSize();
  useEffect(() => {
    if (isPlaced) look();
  }, [isPlaced, count, height, look]);
  const isNewestSeen = isAtEnd && !hasNewer;
  // The composer grows with its text: who is at the end stays there.
  const isHeld = useRef(isAtEnd);
  isHeld.current = isAtEnd;
  useEffect(() => {
    const { current: element } = scroller;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (isHeld.current) virtual.scrollToEnd();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [virtual]);
  // What comes last stays in sight: also when what waited gives way to the message that it has become, which is higher when it has pictures.
  const isFollowing = useRef(false);
  const lastKey = outgoing.at(-1)?.key ?? rows.at(-1)?.line.ref;
  useLayoutEffect(() => {
    if (isFollowing.current) virtual.scrollToEnd();
  }, [count, lastKey, virtual]);
  useEffect(() => {
    isFollowing.current = isNewestSeen;
  }, [isNewestSeen]);
  // What somebody has just written is to be seen.
  const lastOut = outgoing.at(-1)?.key;
  useEffect(() => {
    if (lastOut !== undefined) virtual.scrollToEnd();
  }, [lastOut, virtual]);
  useEffect(() => {
    if (!isNewestSeen) return undefined;
    onAtEnd();
    document.addEventListener('visibilitychange', onAtEnd);
    return () => {
      document.removeEventListener('visibilitychange', onAtEnd);
    };
  }, [isNewestSeen, onAtEnd]);

  // Whoever was asked is at the message again.
  useEffect(() => {
    if (asked === undefined) return undefined;
    return () => {
      requestAnimationFrame(() => {
        document.getElementById(idOf(asked))?.focus({ preventScroll: true });
      });
    };
  }, [asked, idOf]);

  const showQuoted = ({ ref, index }: ChatQuoteOf): void => {
    const place = rows.findIndex(({ line }) => line.ref === ref || line.index === index);
    if (place >= 0) {
      focusOn(place, 'center');
      mark(rows[place]?.line.ref ?? '');
    } else if (index !== undefined) props.onJump(index);
  };
  // Stays the same while it is scrolled: what a row gets decides whether it is drawn again.
  const quoting = useRef(showQuoted);
  quoting.current = showQuoted;
  const onQuote = useCallback((quote: ChatQuoteOf): void => {
    quoting.current(quote);
  }, []);
  const { canWrite, onReply, onEdit, onDelete } = props;
  const actions = useMemo(() => ({ canWrite, onReply, onEdit, onDelete }), [canWrite, onReply, onEdit, onDelete]);
  const today = new Date().setHours(0, 0, 0, 0);
  const choicesOf = (line: ChatLine): ReturnType<typeof messageChoices> => messageChoices(line, actions, text);
  const onKeyDown = useMessageKeys({
    rows,
    active: stop,
    onMove: focusOn,
    onMenu: (line) => {
      const box = document.getElementById(idOf(line.ref))?.getBoundingClientRect();
      if (box !== undefined && choicesOf(line).length > 0)
        setMenuAt({ line, x: box.left + box.width / 2, y: Math.min(box.bottom, innerHeight) });
    },
    onReply: canWrite ? onReply : undefined,
  });

  return (
    <div className={styles['frame']}>
      {props.isLoadingOlder ? (
        <div className={styles['older']}>
          <ProgressBar label={text('app.loading')} value={undefined} isLabelHidden />
        </div>
      ) : null}
      {/* The keys are those of the messages in it. */}
      <div
        ref={scroller}
        role="region"
        tabIndex={count === 0 || stop < 0 ? 0 : -1}
        aria-label={visibleName(text('chat.messages', { name }))}
        aria-busy={props.isLoadingOlder}
        className={styles['scroller']}
        onScroll={look}
        onKeyDown={onKeyDown}
        onBlur={({ currentTarget, relatedTarget }) => {
          // Whoever comes back begins at the newest message again.
          if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) setActive(undefined);
        }}
      >
        {count === 0 ? <p className={styles['none']}>{text('chat.none')}</p> : null}
        <div className={styles['all']} style={{ blockSize: `${height}px` }}>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const row = rows[index];
            const out = outgoing[index - rows.length];
            return (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className={styles['row']}
                style={{ transform: `translateY(${start}px)` }}
              >
                {row === undefined ? null : (
                  <MessageRow
                    row={row}
                    id={idOf(row.line.ref)}
                    chatId={chatId}
                    language={language}
                    today={today}
                    isGroup={props.isGroup}
                    isStop={index === stop}
                    isMarked={row.line.ref === marked}
                    actions={actions}
                    onFocus={setActive}
                    onQuote={onQuote}
                  />
                )}
                {out === undefined ? null : <OutgoingRow message={out} isNext={index === rows.length} />}
              </div>
            );
          })}
        </div>
      </div>
      {isNewestSeen || !isPlaced ? null : (
        <NewestButton
          count={props.unread}
          onPress={() => {
            if (hasNewer) props.onNewest();
            // The button is gone then: who has pressed it is at the message.
            else focusNewest();
          }}
        />
      )}
      {menuAt === undefined ? null : (
        <ContextMenu
          at={menuAt}
          label={text('chat.menu')}
          choices={choicesOf(menuAt.line)}
          onClose={() => {
            setMenuAt(undefined);
            document.getElementById(idOf(menuAt.line.ref))?.focus({ preventScroll: true });
          }}
        />
      )}
    </div>
  );
}
