import { type PDFDocumentProxy, TextLayer } from 'pdfjs-dist';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useText } from '../../../i18n/text.js';
import { Notice } from '../../../ui/notice.js';
import styles from './pdf-view.module.css';

/** Points of a canvas at most: more is more than some devices can draw. */
const MAX_AREA = 16_000_000;

/** The size of a page in points of 1/72 inch. */
export interface PageSize {
  readonly width: number;
  readonly height: number;
}

/** A page of a PDF document: drawn while it is near the window, an empty sheet of its size otherwise. Its text lies over the picture, invisible, for selecting and for screen readers. */
export function PdfPage({
  document: pdf,
  number,
  scale,
  expected,
  scroller,
  onVisible,
}: {
  readonly document: PDFDocumentProxy;
  /** From 1. */
  readonly number: number;
  /** CSS pixels for each point. */
  readonly scale: number;
  /** What size it has as long as nobody has looked at it. */
  readonly expected: PageSize;
  readonly scroller: HTMLElement;
  /** It has come into the middle of the window. */
  readonly onVisible: (number: number) => void;
}): ReactNode {
  const text = useText();
  const sheet = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const [size, setSize] = useState(expected);
  const [hasFailed, setFailed] = useState(false);
  const latest = useRef(onVisible);
  latest.current = onVisible;

  useEffect(() => {
    const { current: element } = sheet;
    if (element === null) return undefined;
    const near = new IntersectionObserver(
      ([entry]) => {
        setNear(entry?.isIntersecting === true);
      },
      { root: scroller, rootMargin: '100% 0%' },
    );
    const middle = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) latest.current(number);
      },
      { root: scroller, rootMargin: '-50% 0% -49% 0%' },
    );
    near.observe(element);
    middle.observe(element);
    return () => {
      near.disconnect();
      middle.disconnect();
    };
  }, [scroller, number]);

  useEffect(() => {
    const { current: element } = sheet;
    if (!isNear || element === null) return undefined;
    const stop = new AbortController();
    const drawing = draw(pdf, number, scale, element, stop.signal, setSize);
    drawing.catch(() => {
      if (!stop.signal.aborted) setFailed(true);
    });
    return () => {
      stop.abort();
      element.replaceChildren();
    };
  }, [isNear, pdf, number, scale]);

  return (
    <section aria-label={text('view.pdf.page', { page: number })} data-page={number} className={styles['page']}>
      {hasFailed ? <Notice kind="problem">{text('view.pdf.pageFailed', { page: number })}</Notice> : null}
      <div
        ref={sheet}
        className={styles['sheet']}
        style={{ inlineSize: `${Math.floor(size.width * scale)}px`, blockSize: `${Math.floor(size.height * scale)}px` }}
      />
    </section>
  );
}

async function draw(
  pdf: PDFDocumentProxy,
  number: number,
  scale: number,
  sheet: HTMLElement,
  signal: AbortSignal,
  onSize: (size: PageSize) => void,
): Promise<void> {
  const page = await pdf.getPage(number);
  if (signal.aborted) return;
  const { width, height } = page.getViewport({ scale: 1 });
  onSize({ width, height });
  const viewport = page.getViewport({ scale });
  const density = Math.min(devicePixelRatio, Math.sqrt(MAX_AREA / (viewport.width * viewport.height)));
  const canvas = document.createElement('canvas');
  canvas.className = styles['canvas'] ?? '';
  canvas.ariaHidden = 'true';
  canvas.width = Math.floor(viewport.width * density);
  canvas.height = Math.floor(viewport.height * density);
  const words = document.createElement('div');
  words.className = styles['words'] ?? '';
  words.style.setProperty('--total-scale-factor', String(scale));
  sheet.replaceChildren(canvas, words);
  const drawing = page.render({ canvas, viewport, transform: [density, 0, 0, density, 0, 0] });
  const layer = new TextLayer({ textContentSource: page.streamTextContent(), container: words, viewport });
  signal.addEventListener(
    'abort',
    () => {
      drawing.cancel();
      layer.cancel();
      // Gives the memory back at once.
      canvas.width = 0;
      page.cleanup();
    },
    { once: true },
  );
  await Promise.all([drawing.promise, layer.render()]);
}
