import { PasswordResponses, type PDFDocumentProxy } from 'pdfjs-dist';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../../app/fault-text.js';
import type { Row } from '../../../engine/calls.js';
import { useText } from '../../../i18n/text.js';
import { IconButton } from '../../../ui/button.js';
import { ProgressBar } from '../../../ui/progress-bar.js';
import { CannotShow } from '../other-view.js';
import { useGivenFile } from '../use-given-file.js';
import { useViewerKeys } from '../use-viewer-keys.js';
import { openPdf } from './open-pdf.js';
import { PdfPage, type PageSize } from './pdf-page.js';
import { PdfPasswordDialog } from './pdf-password-dialog.js';
import shared from '../viewers.module.css';
import styles from './pdf-view.module.css';

/** CSS pixels for each point of 1/72 inch: from a tenth of the natural size to eight times. */
const SCALES = [0.13, 0.25, 0.33, 0.5, 0.67, 0.9, 1, 1.33, 1.67, 2, 2.67, 4, 5.33, 10.67];
/** Beside a page, in CSS pixels. */
const MARGIN = 32;
/** A page that fills a wide window is larger than anybody wants to read. */
const MAX_FIT = 1.6;

interface Opened {
  readonly document: PDFDocumentProxy;
  readonly firstPage: PageSize;
}

/** A PDF document: its pages one below the other, drawn when they come near the window. */
export function PdfView({ row }: { readonly row: Row }): ReactNode {
  const text = useText();
  const { address, error } = useGivenFile(row, 'application/pdf');
  const { opened, hasFailed, question } = usePdf(address);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  /** Undefined: as wide as the window. */
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const [page, setPage] = useState(1);
  useEffect(() => {
    if (scroller === null) return undefined;
    const observer = new ResizeObserver(() => {
      setWidth(scroller.clientWidth);
    });
    observer.observe(scroller);
    return () => {
      observer.disconnect();
    };
  }, [scroller]);

  const fitting = opened === undefined || width === 0 ? 1 : Math.min(MAX_FIT, Math.max(0.1, (width - MARGIN) / opened.firstPage.width));
  const scale = chosen ?? fitting;
  const larger = (): void => {
    setChosen(SCALES.find((step) => step > scale * 1.01) ?? SCALES.at(-1));
  };
  const smaller = (): void => {
    setChosen(SCALES.findLast((step) => step < scale * 0.99) ?? SCALES[0]);
  };
  const fit = (): void => {
    setChosen(undefined);
  };
  useViewerKeys(
    new Map([
      ['+', larger],
      ['=', larger],
      ['-', smaller],
      ['0', fit],
    ]),
  );
  const show = (number: number): void => {
    scroller?.querySelector(`[data-page="${number}"]`)?.scrollIntoView();
  };

  if (error !== undefined) return <CannotShow row={row} problem={faultText(error, text)} />;
  if (hasFailed) return <CannotShow row={row} problem={text('view.pdf.failed')} />;
  const count = opened?.document.numPages ?? 0;
  return (
    <>
      <div className={shared['tools']} role="toolbar" aria-label={text('view.tools')}>
        <IconButton icon="zoom-out" label={text('view.zoomOut')} onPress={smaller} />
        <IconButton icon="zoom-in" label={text('view.zoomIn')} onPress={larger} />
        <IconButton icon="fit" label={text('view.zoomFit')} isPressed={chosen === undefined} onPress={fit} />
        {opened === undefined ? null : <PageNumber page={page} count={count} onShow={show} />}
      </div>
      <div ref={setScroller} className={shared['scroller']} tabIndex={0} role="group" aria-label={text('view.area')}>
        {opened === undefined || scroller === null || width === 0 ? (
          <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />
        ) : (
          <div className={styles['pages']}>
            {Array.from({ length: count }, (_, index) => (
              <PdfPage
                key={index}
                document={opened.document}
                number={index + 1}
                scale={scale}
                expected={opened.firstPage}
                scroller={scroller}
                onVisible={setPage}
              />
            ))}
          </div>
        )}
      </div>
      {question === undefined ? null : <PdfPasswordDialog {...question} />}
    </>
  );
}

/** Which page is seen; another one can be typed. */
function PageNumber({
  page,
  count,
  onShow,
}: {
  readonly page: number;
  readonly count: number;
  readonly onShow: (page: number) => void;
}): ReactNode {
  const text = useText();
  const [typed, setTyped] = useState<string | undefined>(undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const number = Number(typed);
        if (Number.isInteger(number) && number >= 1 && number <= count) onShow(number);
        setTyped(undefined);
      }}
    >
      <input
        className={styles['number']}
        inputMode="numeric"
        aria-label={text('view.pdf.number')}
        value={typed ?? String(page)}
        onChange={({ target }) => {
          setTyped(target.value);
        }}
        onBlur={() => {
          setTyped(undefined);
        }}
      />{' '}
      {text('view.pdf.of', { count })}
    </form>
  );
}

/** What has to be asked before a document can be read. */
interface PasswordQuestion {
  readonly isWrong: boolean;
  readonly onAnswer: (password: string) => void;
  readonly onClose: () => void;
}

/** Opens a document as long as it is shown. */
function usePdf(address: string | undefined): {
  readonly opened: Opened | undefined;
  readonly hasFailed: boolean;
  readonly question: PasswordQuestion | undefined;
} {
  const [opened, setOpened] = useState<Opened | undefined>(undefined);
  const [hasFailed, setFailed] = useState(false);
  const [question, setQuestion] = useState<PasswordQuestion | undefined>(undefined);
  const current = useRef(address);
  current.current = address;
  useEffect(() => {
    if (address === undefined) return undefined;
    setOpened(undefined);
    setFailed(false);
    const task = openPdf(address);
    const isStale = (): boolean => current.current !== address || task.destroyed;
    task.onPassword = (answer: (password: string) => void, reason: number) => {
      setQuestion({
        isWrong: reason === PasswordResponses.INCORRECT_PASSWORD,
        onAnswer: (password) => {
          setQuestion(undefined);
          answer(password);
        },
        onClose: () => {
          setQuestion(undefined);
          setFailed(true);
        },
      });
    };
    const open = async (): Promise<void> => {
      try {
        const document = await task.promise;
        const { width, height } = (await document.getPage(1)).getViewport({ scale: 1 });
        if (!isStale()) setOpened({ document, firstPage: { width, height } });
      } catch {
        if (!isStale()) setFailed(true);
      }
    };
    void open();
    return () => {
      task.destroy().catch(() => undefined);
    };
  }, [address]);
  return { opened, hasFailed, question };
}
