import { type ReactNode, useMemo, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { childOf, parentOf } from '../../engine/paths.js';
import { engine } from '../../engine/start-engine.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { useDirectory } from './directory-store.js';
import styles from './folder-dialog.module.css';
import { NameDialog } from './name-dialog.js';
import { sortRows } from './sort-rows.js';

/** Lets somebody choose a folder: begins in one, and goes up and down from there. */
export function FolderDialog({
  title,
  action,
  start,
  refused,
  unsuitable = () => false,
  onChoose,
  onClose,
}: {
  readonly title: string;
  readonly action: string;
  readonly start: string;
  /** Folders that cannot be chosen, nor anything below them: what is being moved. */
  readonly refused: ReadonlySet<string>;
  /** Whether a folder cannot be chosen although what is below it can: what is being moved is in it already. */
  readonly unsuitable?: (directory: string) => boolean;
  readonly onChoose: (directory: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [path, setPath] = useState(start);
  const [isNaming, setNaming] = useState(false);
  const { rows, isLoading, isWritable, error, reload } = useDirectory(path);
  const folders = useMemo(
    () =>
      sortRows(
        rows.filter(({ kind, isHidden }) => kind === 'directory' && !isHidden),
        { by: 'name', descending: false },
        language,
      ),
    [rows, language],
  );
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button
            kind="primary"
            isDisabled={isWritable !== true || unsuitable(path)}
            onPress={() => {
              onChoose(path);
            }}
          >
            {action}
          </Button>
          <Button
            icon="new-folder"
            isDisabled={isWritable !== true}
            onPress={() => {
              setNaming(true);
            }}
          >
            {text('drive.newFolder')}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      <p className={styles['path']}>
        <Name>{path}</Name>
      </p>
      {unsuitable(path) ? <p role="status">{text('move.there')}</p> : null}
      {isWritable === false && path !== '/' ? <p role="status">{text('folder.readOnly')}</p> : null}
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      {isLoading ? <ProgressBar label={text('drive.loading')} value={undefined} isLabelHidden /> : null}
      <ul className={styles['folders']} aria-label={text('folder.list')}>
        {path === '/' ? null : (
          <li>
            <Button
              kind="quiet"
              icon="up"
              onPress={() => {
                setPath(parentOf(path));
              }}
            >
              {text('folder.up')}
            </Button>
          </li>
        )}
        {folders.map((row) => (
          <li key={row.path}>
            <button
              type="button"
              className={styles['folder']}
              disabled={refused.has(row.path)}
              onClick={() => {
                setPath(row.path);
              }}
            >
              <Icon name={path === '/' ? 'person' : 'folder'} />
              <Name>{row.name}</Name>
            </button>
          </li>
        ))}
      </ul>
      {isNaming ? (
        <NameDialog
          title={text('drive.newFolder')}
          action={text('action.create')}
          initial=""
          onSubmit={async (name) => {
            await engine().call('drive.makeDirectory', { directory: path, name });
            reload();
            setPath(childOf(path, name));
          }}
          onClose={() => {
            setNaming(false);
          }}
        />
      ) : null}
    </Dialog>
  );
}
