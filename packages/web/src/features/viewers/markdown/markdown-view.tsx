import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { faultText } from '../../../app/fault-text.js';
import type { Row } from '../../../engine/calls.js';
import { useText } from '../../../i18n/text.js';
import { Button } from '../../../ui/button.js';
import { Notice } from '../../../ui/notice.js';
import { ProgressBar } from '../../../ui/progress-bar.js';
import { CannotShow } from '../other-view.js';
import { useViewerKeys } from '../use-viewer-keys.js';
import { useTextFile } from '../text/use-text-file.js';
import shared from '../viewers.module.css';
import styles from './markdown-view.module.css';
import { MAX_MARKDOWN } from './markdown-limits.js';
import { renderMarkdown } from './render-markdown.js';

const TextView = lazy(async () => ({ default: (await import('../text/text-view.js')).TextView }));

/** Why a text is shown as it is written only. */
type Obstacle = 'large' | 'failed';

/** A text in Markdown: as it is meant to look, or as it is written, to be edited. What cannot be laid out is shown as it is written. */
export function MarkdownView({ row }: { readonly row: Row }): ReactNode {
  const text = useText();
  const [isEditing, setEditing] = useState(false);
  const [obstacle, setObstacle] = useState<Obstacle | undefined>(row.size > MAX_MARKDOWN ? 'large' : undefined);
  const isLaidOut = !isEditing && obstacle === undefined;
  useViewerKeys(
    new Map(
      isLaidOut
        ? [
            [
              'e',
              () => {
                setEditing(true);
              },
            ],
          ]
        : [],
    ),
  );
  const toggle = (
    <Button
      icon={isEditing ? 'eye' : 'edit'}
      onPress={() => {
        setEditing(!isEditing);
      }}
    >
      {text(isEditing ? 'view.markdown.read' : 'view.markdown.edit')}
    </Button>
  );
  if (!isLaidOut) {
    return (
      <Suspense fallback={<ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />}>
        {obstacle === undefined ? null : (
          <div className={shared['notice']}>
            <Notice kind="info">{text(obstacle === 'large' ? 'view.markdown.large' : 'view.markdown.failed')}</Notice>
          </div>
        )}
        <TextView row={row} tools={obstacle === undefined ? toggle : undefined} takesFocus={isEditing} />
      </Suspense>
    );
  }
  return (
    <>
      <div className={shared['tools']} role="toolbar" aria-label={text('view.tools')}>
        {toggle}
      </div>
      <Rendered key={row.version} row={row} onObstacle={setObstacle} />
    </>
  );
}

function Rendered({ row, onObstacle }: { readonly row: Row; readonly onObstacle: (obstacle: Obstacle) => void }): ReactNode {
  const text = useText();
  const file = useTextFile(row.path);
  const place = useRef<HTMLElement>(null);
  const [state, setState] = useState<'working' | 'shown'>('working');
  const markdown = file.state === 'ready' ? file.document.text : undefined;
  useEffect(() => {
    if (markdown === undefined) return undefined;
    const stop = new AbortController();
    setState('working');
    renderMarkdown(markdown, stop.signal)
      .then((fragment) => {
        if (stop.signal.aborted) return;
        if (fragment === undefined) {
          onObstacle('large');
          return;
        }
        place.current?.replaceChildren(fragment);
        setState('shown');
      })
      .catch(() => {
        if (!stop.signal.aborted) onObstacle('failed');
      });
    return () => {
      stop.abort();
    };
  }, [markdown, onObstacle]);
  if (file.state === 'failed') return <CannotShow row={row} problem={faultText(file.error, text)} />;
  if (file.state === 'binary') return <CannotShow row={row} problem={text('editor.binary')} />;
  return (
    <div className={`${shared['scroller']} ${styles['laid-out']}`} tabIndex={0} role="group" aria-label={text('view.area')}>
      {state === 'working' ? <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden /> : null}
      <article ref={place} className={styles['page']} />
    </div>
  );
}
