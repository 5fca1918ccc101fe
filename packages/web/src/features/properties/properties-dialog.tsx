import { type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row, TreeSize } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import styles from './properties.module.css';
import { PropertyList } from './property-list.js';

/** What is known of one thing, or of several together. What is below folders is counted when somebody asks for it. */
export function PropertiesDialog({ rows, onClose }: { readonly rows: readonly Row[]; readonly onClose: () => void }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [first] = rows;
  const hasFolders = rows.some(({ kind }) => kind === 'directory');
  const size = rows.reduce((bytes, row) => bytes + row.size, 0);
  return (
    <Dialog title={text('properties.title')} onClose={onClose} actions={<Button onPress={onClose}>{text('action.close')}</Button>}>
      {first !== undefined && rows.length === 1 ? (
        <PropertyList row={first} />
      ) : (
        <p>
          {text('drive.items', { count: rows.length })}
          {hasFolders ? '' : ` · ${formatSize(size, language)}`}
        </p>
      )}
      {hasFolders ? <Counting paths={rows.map(({ path }) => path)} /> : null}
    </Dialog>
  );
}

/** Counts what is below folders, on demand, and shows how far it is. */
function Counting({ paths }: { readonly paths: readonly string[] }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [sum, setSum] = useState<TreeSize | undefined>(undefined);
  const [state, setState] = useState<'idle' | 'running' | 'done'>('idle');
  const [error, setError] = useState<unknown>(undefined);
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(
    () => () => {
      stop.current?.abort();
    },
    [],
  );
  const count = async (): Promise<void> => {
    const running = new AbortController();
    stop.current = running;
    setState('running');
    setError(undefined);
    try {
      const whole = await engine().call('drive.measure', { paths }, { signal: running.signal, onEvent: setSum });
      setSum(whole);
      setState('done');
    } catch (caught) {
      if (running.signal.aborted) return;
      setError(caught);
      setState('idle');
    }
  };
  return (
    <div className={styles['count']}>
      {sum === undefined ? null : (
        <p role="status">
          {text('properties.below', { files: sum.files, folders: sum.directories, size: formatSize(sum.bytes, language) })}
        </p>
      )}
      {sum !== undefined && sum.damaged > 0 ? <Notice kind="problem">{text('properties.damaged', { count: sum.damaged })}</Notice> : null}
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      {state === 'idle' ? <Button onPress={() => void count()}>{text('properties.count')}</Button> : null}
      {state === 'running' ? <ProgressBar label={text('properties.counting')} value={undefined} /> : null}
    </div>
  );
}
