import { type ReactNode, useMemo, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { Frame } from '../../app/frame.js';
import { useGuest } from '../../app/guest-store.js';
import { goTo } from '../../app/router.js';
import type { Row, SessionInfo } from '../../engine/calls.js';
import { ownerOf, parentOf } from '../../engine/paths.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { ContextMenu, type MenuChoice } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { putIntoTrash } from '../drive/drive-actions.js';
import { FileList } from '../drive/file-list.js';
import { RemoveDialog } from '../drive/remove-dialog.js';
import { useSortOrder } from '../drive/sort-order-store.js';
import { sortRows } from '../drive/sort-rows.js';
import { useSelection } from '../drive/use-selection.js';
import { PropertiesDialog } from '../properties/properties-dialog.js';
import { download } from '../transfers/download.js';
import { openViewer, showInFolder } from '../viewers/open-viewer.js';
import { SearchForm } from './search-form.js';
import styles from './search-screen.module.css';
import { search, useSearch } from './search-store.js';

/** What is open over the list. */
type Open = { readonly kind: 'menu'; readonly at: { readonly x: number; readonly y: number } } | { readonly kind: 'properties' | 'remove' };

/** Looks for things in a folder and all below it; what is found is shown as it is found. */
export function SearchScreen({ session, path }: { readonly session: SessionInfo; readonly path: string }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { query, directory, rows, looked, state, error, summary } = useSearch();
  const isOurs = directory === path;
  const [sort, setSort] = useSortOrder();
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const shown = useMemo(() => (isOurs ? sortRows(rows, sort, language) : []), [isOurs, rows, sort, language]);
  const [selection, setSelection] = useSelection(shown, true);
  const selected = useMemo(() => shown.filter((row) => selection.paths.has(row.path)), [shown, selection.paths]);
  const [first] = selected;
  const close = (): void => {
    setOpen(undefined);
  };
  const openRow = (row: Row): void => {
    if (row.kind === 'directory') goTo({ name: 'drive', path: row.path });
    else openViewer(row.path);
  };
  const isGuest = useGuest() !== undefined;
  const remove = async (): Promise<void> => {
    if (selected.length === 0 || selected.some(({ isFixed }) => isFixed)) return;
    // What is somebody else's cannot go into one's own trash, and there is none behind a link.
    if (isGuest || ownerOf(path) !== session.username) {
      setOpen({ kind: 'remove' });
      return;
    }
    search().forget(await putIntoTrash(selected, text));
  };
  const choices: readonly MenuChoice[] =
    first === undefined
      ? []
      : [
          ...(selected.length === 1
            ? [
                {
                  id: 'open',
                  label: text('drive.open'),
                  shortcut: 'Enter',
                  onChoose: () => {
                    openRow(first);
                  },
                },
                {
                  id: 'show',
                  label: text('search.show'),
                  icon: 'folder' as const,
                  onChoose: () => {
                    showInFolder(first.path);
                  },
                },
              ]
            : []),
          {
            id: 'download',
            label: text('drive.download'),
            icon: 'download',
            onChoose: () => void download(selected, text('search.title'), text),
          },
          {
            id: 'properties',
            label: text('properties.title'),
            icon: 'info',
            onChoose: () => {
              setOpen({ kind: 'properties' });
            },
          },
          {
            id: 'delete',
            label: text('drive.delete'),
            icon: 'trash',
            isDanger: true,
            shortcut: 'Del',
            isDisabled: selected.some(({ isFixed }) => isFixed),
            onChoose: () => void remove(),
          },
        ];

  return (
    <Frame session={session} title={text('search.title')}>
      <div className={styles['bar']}>
        <IconButton
          icon="back"
          label={text('view.close')}
          onPress={() => {
            search().stop();
            goTo({ name: 'drive', path });
          }}
        />
        <h1 className={styles['title']}>
          {text('search.title')} <Name>{path}</Name>
        </h1>
      </div>
      <SearchForm
        isRunning={state === 'running'}
        onSearch={(wanted) => void search().run(path, wanted)}
        onStop={() => {
          search().stop();
        }}
      />
      {shown.length === 0 ? null : (
        // There before anything is selected, so that a click that selects leaves the list where it is.
        <div className={styles['actions']} {...(selected.length > 0 ? { role: 'toolbar', 'aria-label': text('drive.menu') } : {})}>
          {choices.map(({ id, label, icon, isDisabled = false, isDanger, onChoose }) => (
            <Button
              key={id}
              isCompact={icon !== undefined}
              kind={isDanger === true ? 'danger' : 'secondary'}
              {...(icon === undefined ? {} : { icon })}
              isDisabled={isDisabled}
              onPress={onChoose}
            >
              {label}
            </Button>
          ))}
        </div>
      )}
      {isOurs && state === 'running' ? <ProgressBar label={text('search.running')} value={undefined} isLabelHidden /> : null}
      {isOurs && error !== undefined ? (
        <div className={styles['notice']}>
          <Notice kind="problem">{faultText(error, text)}</Notice>
        </div>
      ) : null}
      {isOurs && query !== undefined ? (
        <FileList
          rows={shown}
          view="list"
          label={text('search.results')}
          note={(row) => parentOf(row.path)}
          selection={selection}
          onSelect={setSelection}
          onOpen={openRow}
          onDelete={() => void remove()}
          onRename={() => undefined}
          onMenu={(at) => {
            setOpen({ kind: 'menu', at });
          }}
          sort={sort}
          onSort={setSort}
        />
      ) : (
        <p className={styles['hint']}>{text('search.hint')}</p>
      )}
      <p className={styles['summary']} role="status">
        {isOurs && query !== undefined ? text(`search.state.${state === 'idle' ? 'done' : state}`, { found: rows.length, looked }) : ''}
        {summary !== undefined && summary.damaged > 0 ? ` · ${text('search.damaged', { count: summary.damaged })}` : ''}
        {summary?.isCut === true ? ` · ${text('search.cut')}` : ''}
      </p>
      {open?.kind === 'menu' && selected.length > 0 ? (
        <ContextMenu at={open.at} label={text('drive.menu')} choices={choices} onClose={close} />
      ) : null}
      {open?.kind === 'remove' && selected.length > 0 ? (
        <RemoveDialog
          rows={selected}
          onRemoved={(paths) => {
            search().forget(paths);
          }}
          onClose={close}
        />
      ) : null}
      {open?.kind === 'properties' && selected.length > 0 ? <PropertiesDialog rows={selected} onClose={close} /> : null}
    </Frame>
  );
}
