import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { ErrorBoundary } from '../../app/error-boundary.js';
import { faultText } from '../../app/fault-text.js';
import { Frame } from '../../app/frame.js';
import { useGuest } from '../../app/guest-store.js';
import { usePreferences } from '../../app/preferences.js';
import { goTo } from '../../app/router.js';
import type { Row, SessionInfo } from '../../engine/calls.js';
import { nameOf, parentOf } from '../../engine/paths.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { useDirectory } from '../drive/directory-store.js';
import { useSortOrder } from '../drive/sort-order-store.js';
import { sortRows } from '../drive/sort-rows.js';
import { PropertiesDialog } from '../properties/properties-dialog.js';
import { download } from '../transfers/download.js';
import { ImageView } from './image-view.js';
import { MediaView } from './media-view.js';
import { leaveViewer } from './open-viewer.js';
import { CannotShow } from './other-view.js';
import { useViewerKeys } from './use-viewer-keys.js';
import { viewerKindOf } from './viewer-kind.js';
import styles from './viewers.module.css';

const TextView = lazy(async () => ({ default: (await import('./text/text-view.js')).TextView }));
const MarkdownView = lazy(async () => ({ default: (await import('./markdown/markdown-view.js')).MarkdownView }));
const PdfView = lazy(async () => ({ default: (await import('./pdf/pdf-view.js')).PdfView }));

/** A file, shown as what it is; and the way to its neighbours in the folder, in the order in which the folder is sorted. */
export function ViewerScreen({ session, path }: { readonly session: SessionInfo; readonly path: string }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { showsHidden } = usePreferences();
  const directory = parentOf(path);
  const { rows, isLoading, error } = useDirectory(directory);
  const [sort] = useSortOrder();
  const [isAsking, setAsking] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const openedAt = useRef<string | undefined>(path);
  const files = useMemo(
    () =>
      sortRows(
        rows.filter((row) => row.kind === 'file' && (showsHidden || !row.isHidden || row.path === path)),
        sort,
        language,
      ),
    [rows, showsHidden, sort, language, path],
  );
  const index = files.findIndex((file) => file.path === path);
  const row = files[index];
  const isFolder = rows.some((other) => other.path === path && other.kind === 'directory');
  useEffect(() => {
    if (isFolder) goTo({ name: 'drive', path }, { replace: true });
  }, [isFolder, path]);
  useEffect(() => {
    area.current?.focus();
  }, [path]);

  const step = (by: number): void => {
    const next = files[index + by];
    if (row === undefined || next === undefined) return;
    openedAt.current = undefined;
    goTo({ name: 'view', path: next.path }, { replace: true });
  };
  /** A link to one file has no folder to go back to. */
  const isAlone = useGuest()?.path === path;
  const close = (): void => {
    if (!isAlone) leaveViewer(path);
  };
  useViewerKeys(
    new Map([
      [
        'ArrowLeft',
        () => {
          if (!canScrollSideways()) step(-1);
        },
      ],
      [
        'ArrowRight',
        () => {
          if (!canScrollSideways()) step(1);
        },
      ],
      ['Escape', close],
    ]),
  );

  return (
    <Frame session={session} title={nameOf(path)}>
      <div className={styles['bar']}>
        {isAlone ? null : <IconButton icon="back" label={text('view.close')} onPress={close} />}
        <h1 className={styles['title']}>
          <Name>{nameOf(path)}</Name>
        </h1>
        {row === undefined ? null : (
          <>
            <span className={styles['position']}>{text('view.position', { index: index + 1, count: files.length })}</span>
            <IconButton
              icon="previous"
              label={text('view.previous')}
              isDisabled={index === 0}
              onPress={() => {
                step(-1);
              }}
            />
            <IconButton
              icon="forward"
              label={text('view.next')}
              isDisabled={index === files.length - 1}
              onPress={() => {
                step(1);
              }}
            />
            <IconButton icon="download" label={text('drive.download')} onPress={() => void download([row], row.name, text)} />
            <IconButton
              icon="info"
              label={text('properties.title')}
              onPress={() => {
                setAsking(true);
              }}
            />
          </>
        )}
      </div>
      <div ref={area} className={styles['area']} tabIndex={-1} data-viewer-area>
        {row === undefined ? (
          isLoading ? (
            <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />
          ) : (
            <div className={styles['notice']}>
              <Notice kind="problem">{error === undefined ? text('error.notFound') : faultText(error, text)}</Notice>
            </div>
          )
        ) : (
          <ErrorBoundary key={path}>
            <Suspense fallback={<ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />}>
              <FileView row={row} isOpened={openedAt.current === path && hasKeyboard()} />
            </Suspense>
          </ErrorBoundary>
        )}
      </div>
      {isAsking && row !== undefined ? (
        <PropertiesDialog
          rows={[row]}
          onClose={() => {
            setAsking(false);
          }}
        />
      ) : null}
    </Frame>
  );
}

/** `isOpened`: it is what was opened, and not one of its neighbours, through which the keys lead. */
function FileView({ row, isOpened }: { readonly row: Row; readonly isOpened: boolean }): ReactNode {
  const text = useText();
  const kind = viewerKindOf(row);
  // An empty text is one, too.
  if (row.size === 0 && kind !== 'text' && kind !== 'markdown') return <CannotShow row={row} problem={text(`view.empty.${kind}`)} />;
  switch (kind) {
    case 'image':
      return <ImageView row={row} />;
    case 'video':
    case 'audio':
      return <MediaView row={row} kind={kind} />;
    case 'pdf':
      return <PdfView row={row} />;
    case 'markdown':
      return <MarkdownView row={row} />;
    case 'text':
      return <TextView row={row} takesFocus={isOpened} />;
    default:
      return <CannotShow row={row} />;
  }
}

/** Whether the cursor in a text brings up no keyboard over half of it. */
function hasKeyboard(): boolean {
  return matchMedia('(pointer: fine)').matches;
}

/** Whether the arrow keys move what is focused about: a picture that is larger than its frame. */
function canScrollSideways(): boolean {
  const { activeElement } = document;
  return (
    activeElement !== null && activeElement.closest('[data-viewer-area]') !== null && activeElement.scrollWidth > activeElement.clientWidth
  );
}
