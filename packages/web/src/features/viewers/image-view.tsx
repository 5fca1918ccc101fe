import { type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row } from '../../engine/calls.js';
import { visibleName } from '../../i18n/visible-name.js';
import { useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { CannotShow } from './other-view.js';
import { useGivenFile } from './use-given-file.js';
import { useViewerKeys } from './use-viewer-keys.js';
import { shownTypeOf } from './viewer-kind.js';
import styles from './viewers.module.css';

/** Steps of making it larger and smaller, as shares of its own size. */
const ZOOMS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 8];

/** An image: fitted into the window, or in a size of its own, in which it can be moved about. */
export function ImageView({ row }: { readonly row: Row }): ReactNode {
  const text = useText();
  const { address, error } = useGivenFile(row, shownTypeOf(row));
  const frame = useRef<HTMLDivElement>(null);
  const image = useRef<HTMLImageElement>(null);
  /** Undefined: as large as fits. */
  const [zoom, setZoom] = useState<number | undefined>(undefined);
  const [state, setState] = useState<'loading' | 'shown' | 'failed'>('loading');
  useEffect(() => {
    setState('loading');
  }, [address]);

  const now = (): number => {
    const { current } = image;
    return zoom ?? (current === null || current.naturalWidth === 0 ? 1 : current.clientWidth / current.naturalWidth);
  };
  const larger = (): void => {
    setZoom(ZOOMS.find((step) => step > now() * 1.01) ?? ZOOMS.at(-1));
  };
  const smaller = (): void => {
    setZoom(ZOOMS.findLast((step) => step < now() * 0.99) ?? ZOOMS[0]);
  };
  const fit = (): void => {
    setZoom(undefined);
  };
  useViewerKeys(
    new Map([
      ['+', larger],
      ['=', larger],
      ['-', smaller],
      ['0', fit],
    ]),
  );
  useZoomWheel(frame, larger, smaller);
  const drag = useDrag(frame);

  if (error !== undefined) return <CannotShow row={row} problem={faultText(error, text)} />;
  if (state === 'failed') return <CannotShow row={row} problem={text('view.image.failed')} />;
  const natural = image.current?.naturalWidth ?? 0;
  return (
    <>
      <div className={styles['tools']} role="toolbar" aria-label={text('view.tools')}>
        <IconButton icon="zoom-out" label={text('view.zoomOut')} onPress={smaller} />
        <IconButton icon="zoom-in" label={text('view.zoomIn')} onPress={larger} />
        <IconButton icon="fit" label={text('view.zoomFit')} isPressed={zoom === undefined} onPress={fit} />
        <span role="status">{zoom === undefined ? '' : text('view.zoom', { percent: Math.round(zoom * 100) })}</span>
      </div>
      {state === 'loading' ? <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden /> : null}
      <div
        ref={frame}
        className={`${styles['picture-frame']} ${zoom === undefined ? styles['fitted'] : styles['zoomed']}`}
        {...(zoom === undefined ? {} : { tabIndex: 0, role: 'group', 'aria-label': text('view.area') })}
        {...drag}
        onDoubleClick={() => {
          setZoom(zoom === undefined ? Math.max(1, now() * 2) : undefined);
        }}
      >
        {address === undefined ? null : (
          <img
            ref={image}
            className={styles['picture']}
            src={address}
            alt={visibleName(row.name)}
            draggable={false}
            {...(zoom === undefined || natural === 0 ? {} : { style: { inlineSize: `${Math.round(natural * zoom)}px` } })}
            onLoad={() => {
              setState('shown');
            }}
            onError={() => {
              setState('failed');
            }}
          />
        )}
      </div>
    </>
  );
}

/** Makes the wheel zoom while Ctrl is held, as a pinch on a touchpad is told, too. */
function useZoomWheel(element: { readonly current: HTMLElement | null }, larger: () => void, smaller: () => void): void {
  const latest = useRef({ larger, smaller });
  latest.current = { larger, smaller };
  useEffect(() => {
    const { current } = element;
    let turned = 0;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      turned += event.deltaY;
      if (Math.abs(turned) < 40) return;
      if (turned < 0) latest.current.larger();
      else latest.current.smaller();
      turned = 0;
    };
    // Not passive: the browser would make the whole page larger.
    current?.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      current?.removeEventListener('wheel', onWheel);
    };
  }, [element]);
}

/** Lets a mouse move what is larger than its frame. Fingers scroll by themselves. */
function useDrag(frame: {
  readonly current: HTMLElement | null;
}): Readonly<Record<'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel', (event: PointerEvent) => void>> {
  const last = useRef<{ readonly x: number; readonly y: number } | undefined>(undefined);
  const end = (): void => {
    last.current = undefined;
  };
  return {
    onPointerDown: (event) => {
      if (event.pointerType !== 'mouse' || event.button !== 0) return;
      last.current = { x: event.clientX, y: event.clientY };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: ({ clientX: x, clientY: y }) => {
      if (last.current === undefined) return;
      frame.current?.scrollBy(last.current.x - x, last.current.y - y);
      last.current = { x, y };
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}
