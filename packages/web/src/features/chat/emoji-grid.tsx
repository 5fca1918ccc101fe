import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { Emoji } from './emoji-set.js';
import styles from './emoji.module.css';

/** Emojis beside each other. */
const COLUMNS = 8;
/** Lines that a page up or down leads over. */
const PAGE = 5;

/** Emojis to choose from, a table for the arrow keys: one of them is in the order of the tab key. */
export function EmojiGrid({
  emojis,
  label,
  onPick,
  onPoint,
  onLeaveTop,
}: {
  readonly emojis: readonly Emoji[];
  readonly label: string;
  readonly onPick: (emoji: Emoji) => void;
  /** Told which one is pointed at or has the focus; undefined when none has any more. */
  readonly onPoint: (emoji: Emoji | undefined) => void;
  /** The arrow key upwards in the first line. */
  readonly onLeaveTop: () => void;
}): ReactNode {
  const grid = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  useEffect(() => {
    setActive(0);
    if (grid.current !== null) grid.current.scrollTop = 0;
  }, [emojis]);
  const rows = Array.from({ length: Math.ceil(emojis.length / COLUMNS) }, (_, row) => emojis.slice(row * COLUMNS, (row + 1) * COLUMNS));

  const goTo = (index: number): void => {
    setActive(index);
    grid.current?.querySelectorAll('button').item(index).focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, ctrlKey, metaKey } = event;
    if (event.altKey) return;
    if (key === 'ArrowUp' && active < COLUMNS) {
      event.preventDefault();
      onLeaveTop();
      return;
    }
    const next = nextIndex(key, active, emojis.length, ctrlKey || metaKey);
    if (next === undefined) return;
    event.preventDefault();
    goTo(next);
  };
  return (
    <div
      ref={grid}
      role="grid"
      aria-label={label}
      className={styles['grid']}
      onKeyDown={onKeyDown}
      onPointerLeave={() => {
        onPoint(undefined);
      }}
    >
      {rows.map((row, y) => (
        // Its place is all that tells a line from the others.
        <div key={y} role="row" className={styles['row']}>
          {row.map((emoji, x) => (
            <div key={emoji.character} role="gridcell">
              <button
                type="button"
                className={styles['emoji']}
                aria-label={emoji.name}
                tabIndex={y * COLUMNS + x === active ? 0 : -1}
                onFocus={() => {
                  setActive(y * COLUMNS + x);
                  onPoint(emoji);
                }}
                onPointerEnter={() => {
                  onPoint(emoji);
                }}
                onClick={() => {
                  onPick(emoji);
                }}
              >
                {emoji.character}
              </button>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

/** Where a key leads in a table of `count` cells; undefined for keys that lead nowhere. */
export function nextIndex(key: string, index: number, count: number, isToEnd: boolean): number | undefined {
  const last = count - 1;
  const lineStart = index - (index % COLUMNS);
  const within = (wanted: number): number => Math.max(0, Math.min(last, wanted));
  switch (key) {
    case 'ArrowRight':
      return within(index + 1);
    case 'ArrowLeft':
      return within(index - 1);
    case 'ArrowDown':
      // Into a last line that is shorter, too.
      return lineStart + COLUMNS > last ? index : within(index + COLUMNS);
    case 'ArrowUp':
      return index < COLUMNS ? index : index - COLUMNS;
    case 'PageDown':
      return within(index + COLUMNS * PAGE);
    case 'PageUp':
      return within(index - COLUMNS * PAGE);
    case 'Home':
      return isToEnd ? 0 : lineStart;
    case 'End':
      return isToEnd ? last : within(lineStart + COLUMNS - 1);
    default:
      return undefined;
  }
}
