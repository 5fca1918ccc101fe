import { type KeyboardEvent, useRef } from 'react';
import type { Row } from '../../engine/calls.js';
import { clear, extendTo, findByTyping, focusOn, selectAll, selectOnly, type Selection, toggle } from './selection.js';

/** Milliseconds after which typing begins a new name. */
const TYPING_PAUSE = 700;
/** Rows that Page Up and Page Down go. */
const PAGE = 12;

/** What the keyboard of a list needs to know and may do. */
export interface ListKeys {
  readonly rows: readonly Row[];
  readonly order: readonly string[];
  /** 1 for a list, more for tiles. */
  readonly columns: number;
  readonly selection: Selection;
  readonly language: string;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: (row: Row) => void;
  readonly onDelete: () => void;
  readonly onRename: () => void;
  readonly onUp?: (() => void) | undefined;
}

/**
 * The keys of a list of files: arrows, Home, End and pages move and select, with Shift a range, with Ctrl or ⌘ only the focus; Space selects one more;
 * Enter opens; Backspace and Alt+Arrow up lead to the folder above; letters look for a name; Ctrl+A selects all, Escape nothing; Delete and F2 do what they do everywhere.
 */
export function useListKeys(keys: ListKeys): (event: KeyboardEvent) => void {
  const typed = useRef({ text: '', at: 0 });
  return (event) => {
    const { rows, order, columns, selection, language, onSelect } = keys;
    if (keys.onUp !== undefined && (event.key === 'Backspace' || (event.altKey && event.key === 'ArrowUp'))) {
      event.preventDefault();
      keys.onUp();
      return;
    }
    if (rows.length === 0) return;
    const here = selection.focus === undefined ? -1 : order.indexOf(selection.focus);
    const isControl = event.ctrlKey || event.metaKey;
    const move = (to: number): void => {
      const path = order[Math.max(0, Math.min(order.length - 1, to))];
      if (path === undefined) return;
      if (event.shiftKey) onSelect(extendTo(selection, path, order));
      else onSelect(isControl ? focusOn(selection, path) : selectOnly(path));
    };
    const moves: ReadonlyMap<string, () => void> = new Map([
      [
        'ArrowDown',
        () => {
          move(here + columns);
        },
      ],
      [
        'ArrowUp',
        () => {
          move(here < 0 ? 0 : here - columns);
        },
      ],
      [
        'ArrowRight',
        () => {
          if (columns > 1) move(here + 1);
        },
      ],
      [
        'ArrowLeft',
        () => {
          if (columns > 1) move(here - 1);
        },
      ],
      [
        'Home',
        () => {
          move(0);
        },
      ],
      [
        'End',
        () => {
          move(order.length - 1);
        },
      ],
      [
        'PageDown',
        () => {
          move(here + PAGE * columns);
        },
      ],
      [
        'PageUp',
        () => {
          move(here - PAGE * columns);
        },
      ],
    ]);
    const go = moves.get(event.key);
    if (go !== undefined) {
      event.preventDefault();
      go();
      return;
    }
    const row = rows[here];
    if (event.key === 'Enter') {
      if (row !== undefined) keys.onOpen(row);
    } else if (event.key === 'Escape') onSelect(clear(selection));
    else if (event.key === 'Delete') keys.onDelete();
    else if (event.key === 'F2') keys.onRename();
    else if (isControl && event.key.toLowerCase() === 'a') onSelect(selectAll(selection, order));
    else if (event.key === ' ' && (typed.current.text === '' || event.timeStamp - typed.current.at > TYPING_PAUSE)) {
      if (row !== undefined) onSelect(toggle(selection, row.path));
    } else if (event.key.length === 1 && !isControl && !event.altKey) type(event);
    else return;
    event.preventDefault();

    function type({ key, timeStamp }: KeyboardEvent): void {
      const goesOn = timeStamp - typed.current.at <= TYPING_PAUSE;
      const text = goesOn ? typed.current.text + key : key;
      typed.current = { text, at: timeStamp };
      // The same letter again and again goes through the names with it.
      const isRepeated = text === key.repeat(text.length / key.length);
      const names = rows.map(({ name }) => name);
      const found = findByTyping(names, isRepeated ? here + 1 : Math.max(here, 0), isRepeated ? key : text, language);
      const path = found === undefined ? undefined : order[found];
      if (path !== undefined) onSelect(selectOnly(path));
    }
  };
}
