import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { faultText } from '../../../app/fault-text.js';
import type { Row } from '../../../engine/calls.js';
import { useText } from '../../../i18n/text.js';
import { Button } from '../../../ui/button.js';
import { Notice } from '../../../ui/notice.js';
import { ProgressBar } from '../../../ui/progress-bar.js';
import { CannotShow } from '../other-view.js';
import { useTextFile } from '../text/use-text-file.js';
import shared from '../viewers.module.css';
import styles from './markdown-view.module.css';
import { renderMarkdown } from './render-markdown.js';

const TextView = lazy(async () => ({ default: (await import('../text/text-view.js')).TextView }));

/** A text in Markdown: as it is meant to look, or as it is written, to be edited. */
export function MarkdownView({ row }: { readonly row: Row }): ReactNode {
  const text = useText();
  const [isEditing, setEditing] = useState(false);
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
  if (isEditing) {
    return (
      <Suspense fallback={<ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />}>
        <TextView row={row} tools={toggle} />
      </Suspense>
    );
  }
  return (
    <>
      <div className={shared['tools']} role="toolbar" aria-label={text('view.tools')}>
        {toggle}
      </div>
      <Rendered key={row.version} row={row} />
    </>
  );
}

function Rendered({ row }: { readonly row: Row }): ReactNode {
  const text = useText();
  const file = useTextFile(row.path);
  const place = useRef<HTMLElement>(null);
  const [state, setState] = useState<'working' | 'shown' | 'failed'>('working');
  const markdown = file.state === 'ready' ? file.document.text : undefined;
  useEffect(() => {
    if (markdown === undefined) return undefined;
    const stop = new AbortController();
    setState('working');
    renderMarkdown(markdown, stop.signal)
      .then((fragment) => {
        if (stop.signal.aborted) return;
        place.current?.replaceChildren(fragment);
        setState('shown');
      })
      .catch(() => {
        if (!stop.signal.aborted) setState('failed');
      });
    return () => {
      stop.abort();
    };
  }, [markdown]);
  if (file.state === 'failed') return <CannotShow row={row} problem={faultText(file.error, text)} />;
  if (file.state === 'binary') return <CannotShow row={row} problem={text('editor.binary')} />;
  return (
    <div className={`${shared['scroller']} ${styles['laid-out']}`} tabIndex={0} role="group" aria-label={text('view.area')}>
      {state === 'working' ? <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden /> : null}
      {state === 'failed' ? <Notice kind="problem">{text('view.markdown.failed')}</Notice> : null}
      <article ref={place} className={styles['page']} />
    </div>
  );
}
