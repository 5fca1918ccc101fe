import { useVirtualizer } from '@tanstack/react-virtual';
import { type DragEvent, type MouseEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Row } from '../../engine/calls.js';
import { formatSize, formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { endDrag, moveHandlers, startDrag } from './drag-items.js';
import styles from './file-list.module.css';
import { RowIcon } from './row-icon.js';
import { extendTo, selectOnly, type Selection, toggle } from './selection.js';
import { SORTED_BY, type SortOrder, sortedBy } from './sort-rows.js';
import { useListKeys } from './use-list-keys.js';

const ROW_HEIGHT = 48;
/** With a second line below the name. */
const NOTED_ROW_HEIGHT = 60;
const TILE_HEIGHT = 168;
const TILE_WIDTH = 148;
/** Rows outside the window that are there all the same, so that scrolling never shows a gap. */
const OVERSCAN = 8;
/** CSS pixels; the style sheet hides the columns below the same width. */
const NARROW = 640;

/** The button of a mouse that opens menus. */
const RIGHT_BUTTON = 2;
/** CSS pixels from the edge of a row to a menu below it. */
const MENU_INDENT = 48;

/** See {@link FileList}. */
export interface FileListProps {
  /** In the order in which they are shown. */
  readonly rows: readonly Row[];
  readonly view: 'list' | 'grid';
  readonly label: string;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: (row: Row) => void;
  readonly onDelete: () => void;
  readonly onRename: () => void;
  /** Somebody wants the menu of the selection, at a point of the window. */
  readonly onMenu: (at: { readonly x: number; readonly y: number }) => void;
  /** Somebody wants to go to the folder above. */
  readonly onUp?: (() => void) | undefined;
  /** More about a row, below its name. */
  readonly note?: ((row: Row) => string) | undefined;
  /** What the times in `modified` say, when it is not that of the last change. */
  readonly timeLabel?: string | undefined;
  /** Rows can be dragged; some were dropped onto a directory. */
  readonly onMove?: ((paths: readonly string[], directory: string) => void) | undefined;
  readonly sort: SortOrder;
  readonly onSort: (order: SortOrder) => void;
}

/**
 * The files of a directory as a list or as tiles, of any number: only what is seen is in the page. One tab stop; the keyboard moves a focus inside
 * ({@link useListKeys}). A click on a name opens, one beside it selects.
 */
export function FileList(props: FileListProps): ReactNode {
  const { rows, view, label, selection, onSelect, onOpen, onMenu, note, onMove } = props;
  const text = useText();
  const language = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const width = useWidth(scroller);
  /** There is no room for columns: what they say stands below the name. */
  const isNarrow = view === 'list' && width < NARROW;
  const hasNotes = note !== undefined || isNarrow;
  const columns = view === 'list' ? 1 : Math.max(1, Math.floor(width / TILE_WIDTH));
  const order = useMemo(() => rows.map(({ path }) => path), [rows]);
  const lines = Math.ceil(rows.length / columns);
  const virtual = useVirtualizer({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => (view === 'grid' ? TILE_HEIGHT : hasNotes ? NOTED_ROW_HEIGHT : ROW_HEIGHT),
    overscan: OVERSCAN,
  });
  useEffect(() => {
    virtual.measure();
  }, [view, hasNotes, virtual]);

  const focused = selection.focus === undefined ? -1 : order.indexOf(selection.focus);
  useEffect(() => {
    if (focused >= 0) virtual.scrollToIndex(Math.floor(focused / columns));
    // Only when the focus moves; not when rows arrive.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [selection.focus]);
  useEffect(() => {
    // What had the focus of the page was gone together with the rows that it was about.
    if (selection.focus !== undefined && document.activeElement === document.body) scroller.current?.focus({ preventScroll: true });
  }, [rows, selection.focus]);
  const [over, setOver] = useState<string | undefined>(undefined);
  const dragProps = (row: Row): object => {
    if (onMove === undefined) return {};
    return {
      draggable: !row.isFixed && row.isReadable,
      onDragStart: (event: DragEvent) => {
        const isSelected = selection.paths.has(row.path);
        if (!isSelected) onSelect(selectOnly(row.path));
        startDrag(event, isSelected ? [...selection.paths] : [row.path]);
      },
      onDragEnd: endDrag,
      ...(row.kind === 'directory' && row.isWritable
        ? moveHandlers(
            row.path,
            (isOver) => {
              setOver((before) => (isOver ? row.path : before === row.path ? undefined : before));
            },
            onMove,
          )
        : {}),
    };
  };
  const onKeyDown = useListKeys({ ...props, order, columns, language });
  const idOf = (index: number): string => `${id}-${index}`;

  const click = (event: MouseEvent, row: Row): void => {
    if (event.shiftKey) onSelect(extendTo(selection, row.path, order));
    else onSelect(event.ctrlKey || event.metaKey ? toggle(selection, row.path) : selectOnly(row.path));
  };
  /** The key for menus (or Shift+F10) is pressed where the focus of the page is: in the list. The menu is that of the row in it that has the focus. */
  const menuByKey = (event: MouseEvent): void => {
    const row = rows[focused];
    const element = document.getElementById(idOf(focused));
    if (event.target !== scroller.current || event.button === RIGHT_BUTTON || row === undefined || element === null) return;
    event.preventDefault();
    if (!selection.paths.has(row.path)) onSelect(selectOnly(row.path));
    const { left, bottom } = element.getBoundingClientRect();
    onMenu({ x: left + MENU_INDENT, y: bottom });
  };
  const item = (row: Row, index: number): ReactNode => {
    const isSelected = selection.paths.has(row.path);
    const name = row.name === '' ? text('drive.damaged.unnamed') : row.name;
    const size = row.kind === 'damaged' ? text('drive.damaged') : row.kind === 'directory' ? '' : formatSize(row.size, language);
    const time = row.kind === 'damaged' ? '' : formatTime(row.modified, language);
    return (
      <div
        key={row.path}
        id={idOf(index)}
        role="row"
        aria-rowindex={index + 1}
        aria-selected={isSelected}
        className={`${styles['item']} ${index === focused ? styles['focused'] : ''}`}
        data-over={over === row.path}
        {...dragProps(row)}
        onClick={(event) => {
          click(event, row);
        }}
        onDoubleClick={() => {
          onOpen(row);
        }}
        onContextMenu={(event) => {
          event.preventDefault();
          if (!isSelected) onSelect(selectOnly(row.path));
          onMenu({ x: event.clientX, y: event.clientY });
        }}
      >
        <span
          role="gridcell"
          className={styles['tick']}
          onClick={(event) => {
            event.stopPropagation();
            onSelect(event.shiftKey ? extendTo(selection, row.path, order) : toggle(selection, row.path));
          }}
          onDoubleClick={(event) => {
            event.stopPropagation();
          }}
        >
          <span className={styles['box']} data-on={isSelected}>
            <Icon name="check" size={14} />
          </span>
        </span>
        <span role="gridcell" className={styles['name']}>
          <RowIcon row={row} size={view === 'list' ? 32 : 96} />
          <span className={styles['texts']}>
            <button
              type="button"
              tabIndex={-1}
              className={styles['open']}
              title={visibleName(name)}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.stopPropagation();
                onSelect(selectOnly(row.path));
                onOpen(row);
              }}
            >
              <Name>{name}</Name>
            </button>
            {note === undefined ? null : (
              <span className={styles['note']}>
                <Name>{note(row)}</Name>
              </span>
            )}
            {isNarrow && note === undefined ? (
              <span className={styles['note']}>{[size, time].filter((fact) => fact !== '').join(' · ')}</span>
            ) : null}
          </span>
        </span>
        {view === 'list' && !isNarrow ? (
          <>
            <span role="gridcell" className={styles['size']}>
              {size}
            </span>
            <span role="gridcell" className={styles['time']}>
              {time}
            </span>
          </>
        ) : null}
      </div>
    );
  };

  return (
    <div className={styles['frame']}>
      {view === 'list' ? <Columns sort={props.sort} onSort={props.onSort} timeLabel={props.timeLabel} /> : null}
      <div
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label={visibleName(label)}
        aria-multiselectable="true"
        aria-rowcount={rows.length}
        aria-activedescendant={focused < 0 ? undefined : idOf(focused)}
        className={`${styles['scroller']} ${styles[view]}`}
        onKeyDown={onKeyDown}
        onContextMenu={menuByKey}
      >
        <div role="presentation" className={styles['all']} style={{ blockSize: `${virtual.getTotalSize()}px` }}>
          {virtual.getVirtualItems().map(({ index: line, start, size }) => (
            <div
              key={line}
              role="presentation"
              className={styles['line']}
              style={{ transform: `translateY(${start}px)`, blockSize: `${size}px`, gridTemplateColumns: `repeat(${columns}, 1fr)` }}
            >
              {rows.slice(line * columns, (line + 1) * columns).map((row, column) => item(row, line * columns + column))}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function Columns({ sort, onSort, timeLabel }: Pick<FileListProps, 'sort' | 'onSort' | 'timeLabel'>): ReactNode {
  const text = useText();
  const column = (by: (typeof SORTED_BY)[number]): ReactNode => (
    <button
      key={by}
      type="button"
      className={styles[by]}
      aria-pressed={sort.by === by}
      onClick={() => {
        onSort(sortedBy(sort, by));
      }}
    >
      {by === 'modified' && timeLabel !== undefined ? timeLabel : text(`column.${by}`)}
      {sort.by === by ? <Icon name={sort.descending ? 'down' : 'up'} size={14} /> : null}
    </button>
  );
  return (
    <div className={styles['columns']} role="group" aria-label={text('column.sort')}>
      {SORTED_BY.map(column)}
    </div>
  );
}

/** How wide an element is, in CSS pixels. */
function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(TILE_WIDTH);
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(entry.contentRect.width);
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return width;
}
