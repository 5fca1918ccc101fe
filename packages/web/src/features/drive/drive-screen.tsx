import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { Frame } from '../../app/frame.js';
import { useGuest } from '../../app/guest-store.js';
import { usePreferences } from '../../app/preferences.js';
import { goTo } from '../../app/router.js';
import type { Row, SessionInfo } from '../../engine/calls.js';
import { childOf, isRootOf, nameOf, ownerOf, parentOf } from '../../engine/paths.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { type TextId, useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button } from '../../ui/button.js';
import { EmptyState } from '../../ui/empty-state.js';
import { Icon } from '../../ui/icon.js';
import { ContextMenu } from '../../ui/menu.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { PropertiesDialog } from '../properties/properties-dialog.js';
import { ShareDialog } from '../sharing/lazy-share-dialog.js';
import { download } from '../transfers/download.js';
import { transfers } from '../transfers/transfer-store.js';
import { openViewer, showInFolder, takeLastSeen } from '../viewers/open-viewer.js';
import { useViewerKeys } from '../viewers/use-viewer-keys.js';
import { refreshDirectories, useDirectory } from './directory-store.js';
import { putIntoTrash, transferTo } from './drive-actions.js';
import styles from './drive-screen.module.css';
import { DriveToolbar } from './drive-toolbar.js';
import { FileList } from './file-list.js';
import { FolderDialog } from './folder-dialog.js';
import { NameDialog } from './name-dialog.js';
import { RemoveDialog } from './remove-dialog.js';
import { focusOn, NO_SELECTION, selectOnly } from './selection.js';
import { selectionChoices } from './selection-choices.js';
import { useSortOrder } from './sort-order-store.js';
import { SpaceLine } from './space-line.js';
import { sortRows } from './sort-rows.js';
import { useDropTarget } from './use-drop-target.js';
import { useSelection } from './use-selection.js';
import { useView } from './use-view.js';

/** What is open over the list. */
type Open =
  | { readonly kind: 'menu'; readonly at: { readonly x: number; readonly y: number } }
  | { readonly kind: 'new-folder' | 'new-text' }
  | { readonly kind: 'rename'; readonly row: Row }
  | { readonly kind: 'properties' | 'share' | 'remove'; readonly rows: readonly Row[] }
  | { readonly kind: 'move' | 'copy'; readonly paths: readonly string[] };

/** A directory of the drive: what is in it, and what can be done with it. */
export function DriveScreen({ session, path }: { readonly session: SessionInfo; readonly path: string }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { showsHidden } = usePreferences();
  const guest = useGuest();
  const { rows, isLoading, isWritable, error, reload } = useDirectory(path);
  const [view, setView] = useView(rows);
  const isOwn = guest === undefined && ownerOf(path) === session.username;
  const isTop = path === '/';
  /** Somebody's root, which is there as long as something is shared. */
  const isFriend = guest === undefined && !isOwn && isRootOf(path);
  /** Whether there is somewhere to put a copy. */
  const hasPlace = guest === undefined || (guest.isDirectory && guest.isWritable);
  const canAdd = isOwn || isWritable === true;
  const [sort, setSort] = useSortOrder();
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const close = (): void => {
    setOpen(undefined);
  };
  const shown = useMemo(
    () => sortRows(showsHidden ? rows : rows.filter(({ isHidden }) => !isHidden), sort, language),
    [rows, showsHidden, sort, language],
  );
  const [selection, setSelection] = useSelection(shown, !isLoading);
  useEffect(() => {
    if (isLoading) return;
    const seen = takeLastSeen(path);
    if (seen === undefined) return;
    setSelection(focusOn(NO_SELECTION, seen));
    const { activeElement } = document;
    // Unless somebody has gone on to something else meanwhile.
    if (activeElement === document.body || activeElement?.id === 'content')
      document.querySelector<HTMLElement>('#content [role="grid"]')?.focus({ preventScroll: true });
  }, [isLoading, path, setSelection]);
  const selected = useMemo(() => shown.filter((row) => selection.paths.has(row.path)), [shown, selection.paths]);
  const title = isTop ? text('drive.roots') : nameOf(path);

  const openRow = (row: Row): void => {
    if (row.kind === 'directory') goTo({ name: 'drive', path: row.path });
    else if (row.kind === 'file') openViewer(row.path);
  };
  /** To the folder above, with the focus on the one that was left. */
  const goUp = (): void => {
    if (path !== session.homePath && !isTop) showInFolder(path);
  };
  /** Into the trash; what is somebody else's cannot go into one's own, and there is none behind a link. */
  const remove = (): void => {
    if (selected.length === 0 || selected.some(({ isFixed }) => isFixed)) return;
    if (isOwn) void putIntoTrash(selected, text);
    else setOpen({ kind: 'remove', rows: selected });
  };
  const downloadAll = async (): Promise<void> => {
    try {
      const row = await engine().call('drive.stat', { path });
      if (row !== undefined) await download([row], row.name, text);
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
    }
  };
  // An empty folder has no list that hears it.
  useViewerKeys(new Map([['Backspace', goUp]]));
  const choices = selectionChoices(selected, text, {
    open: openRow,
    download: () => void download(selected, title, text),
    rename: (row) => {
      setOpen({ kind: 'rename', row });
    },
    transfer: (how) => {
      setOpen({ kind: how, paths: selected.map((row) => row.path) });
    },
    remove,
    ...(guest === undefined && !isTop
      ? {
          share: () => {
            setOpen({ kind: 'share', rows: selected });
          },
        }
      : {}),
    properties: () => {
      setOpen({ kind: 'properties', rows: selected });
    },
  }).filter(({ id }) => id !== 'copy' || hasPlace);
  const drop = useDropTarget(({ items, unread }) => {
    const [name] = unread;
    if (name !== undefined) showToast({ kind: 'problem', text: text('drive.drop.unread', { count: unread.length, name }) });
    if (!canAdd) showToast({ kind: 'problem', text: text('drive.readOnly.drop') });
    else if (items.length > 0) void transfers().upload(path, items);
  });

  if (error instanceof EngineError && error.code === 'not-found.file') {
    return (
      <Frame session={session} title={title}>
        <h1 className="visually-hidden">{visibleName(title)}</h1>
        <EmptyState icon="folder" title={text(isFriend ? 'drive.missing.friend' : 'drive.missing')}>
          <Button
            kind="primary"
            icon="back"
            onPress={() => {
              goTo({ name: 'drive', path: session.homePath }, { replace: true });
            }}
          >
            {text('trash.back')}
          </Button>
        </EmptyState>
      </Frame>
    );
  }
  return (
    <Frame session={session} title={title}>
      <DriveToolbar
        session={session}
        path={path}
        canAdd={canAdd}
        isReadOnly={guest === undefined && !isOwn && !isTop && isWritable === false}
        choices={selected.length === 0 ? [] : choices}
        selectedCount={selected.length}
        view={view}
        onView={setView}
        onDownload={() => void downloadAll()}
        onReload={reload}
        onClear={() => {
          setSelection(NO_SELECTION);
        }}
        onMove={(paths, directory) => void transferTo(paths, directory, 'move', text)}
        onNewFolder={() => {
          setOpen({ kind: 'new-folder' });
        }}
        onNewText={() => {
          setOpen({ kind: 'new-text' });
        }}
      />
      <h1 className="visually-hidden">{visibleName(title)}</h1>
      {error === undefined ? null : (
        <div className={styles['notice']}>
          <Notice kind="problem">
            <p>{faultText(error, text)}</p>
            <Button onPress={reload}>{text('action.retry')}</Button>
          </Notice>
        </div>
      )}
      <div className={styles['area']} {...drop.handlers}>
        {isLoading && rows.length === 0 ? <ProgressBar label={text('drive.loading')} value={undefined} isLabelHidden /> : null}
        {!isLoading && shown.length === 0 && error === undefined ? (
          <EmptyState icon="folder" title={isFriend ? text('drive.empty.friend', { name: title }) : text('drive.empty')}>
            {canAdd ? <p>{text('drive.empty.help')}</p> : null}
          </EmptyState>
        ) : (
          <FileList
            key={path}
            rows={shown}
            view={view}
            label={title}
            selection={selection}
            onSelect={setSelection}
            onOpen={openRow}
            onDelete={remove}
            note={isTop ? (row) => text(rootNote(row, session.username)) : undefined}
            onRename={() => {
              const [row] = selected;
              if (row !== undefined && selected.length === 1 && !row.isFixed) setOpen({ kind: 'rename', row });
            }}
            onMenu={(at) => {
              setOpen({ kind: 'menu', at });
            }}
            onUp={goUp}
            onMove={(paths, directory) => void transferTo(paths, directory, 'move', text)}
            sort={sort}
            onSort={setSort}
          />
        )}
        {isTop && !isLoading && shown.length < 2 && error === undefined ? (
          <p className={styles['hint']}>{text('drive.roots.help')}</p>
        ) : null}
        {drop.isOver && canAdd ? (
          <div className={styles['drop']} aria-hidden="true">
            <Icon name="upload" size={48} />
            <bdi>{text('drive.drop', { name: title })}</bdi>
          </div>
        ) : null}
      </div>
      <div className={styles['summary']}>
        <p role="status">
          {text('drive.items', { count: shown.length })}
          {selected.length > 0 ? ` · ${text('drive.selected', { count: selected.length })}` : ''}
        </p>
        {guest === undefined ? <SpaceLine path={path} /> : null}
      </div>
      {open?.kind === 'menu' && selected.length > 0 ? (
        <ContextMenu at={open.at} label={text('drive.menu')} choices={choices} onClose={close} />
      ) : null}
      {open?.kind === 'new-folder' || open?.kind === 'new-text' ? (
        <NameDialog
          title={text(open.kind === 'new-folder' ? 'drive.newFolder' : 'drive.newText')}
          action={text('action.create')}
          initial={open.kind === 'new-folder' ? '' : text('drive.newText.name')}
          onSubmit={async (name) => {
            const call = open.kind === 'new-folder' ? 'drive.makeDirectory' : 'drive.makeTextFile';
            await engine().call(call, { directory: path, name });
            refreshDirectories([path]);
          }}
          onClose={close}
        />
      ) : null}
      {open?.kind === 'rename' ? (
        <NameDialog
          title={text('rename.title')}
          action={text('rename.action')}
          initial={open.row.name}
          onSubmit={async (name) => {
            if (name === open.row.name) return;
            await engine().call('drive.rename', { path: open.row.path, name });
            refreshDirectories([path]);
            setSelection(selectOnly(childOf(path, name)));
          }}
          onClose={close}
        />
      ) : null}
      {open?.kind === 'properties' ? <PropertiesDialog rows={open.rows} onClose={close} /> : null}
      {open?.kind === 'share' ? <ShareDialog session={session} rows={open.rows} onClose={close} /> : null}
      {open?.kind === 'remove' ? <RemoveDialog rows={open.rows} onClose={close} /> : null}
      {open?.kind === 'move' || open?.kind === 'copy' ? (
        <FolderDialog
          title={text(`${open.kind}.title`, { count: open.paths.length })}
          action={text(`${open.kind}.action`)}
          start={canAdd ? path : session.homePath}
          refused={new Set(open.kind === 'move' ? open.paths : [])}
          unsuitable={(directory) => open.kind === 'move' && open.paths.every((moved) => parentOf(moved) === directory)}
          onChoose={(directory) => {
            close();
            void transferTo(open.paths, directory, open.kind, text);
          }}
          onClose={close}
        />
      ) : null}
    </Frame>
  );
}

/** What a root is, in the list of all. */
function rootNote({ name, kind }: Row, username: string): TextId {
  if (name === username) return 'drive.roots.own';
  return kind === 'damaged' ? 'drive.roots.damaged' : 'drive.roots.friend';
}
