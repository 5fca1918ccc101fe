import { type ReactNode, useRef } from 'react';
import { useGuest } from '../../app/guest-store.js';
import { setPreferences, usePreferences } from '../../app/preferences.js';
import { formatRoute, goTo, parseRoute } from '../../app/router.js';
import type { SessionInfo } from '../../engine/calls.js';
import { type TextFunction, useText } from '../../i18n/text.js';
import { Breadcrumbs, type Crumb } from '../../ui/breadcrumbs.js';
import { Button, IconButton } from '../../ui/button.js';
import { FileInput } from '../../ui/file-input.js';
import { Icon } from '../../ui/icon.js';
import { type MenuChoice, MenuButton } from '../../ui/menu.js';
import { itemsOfFiles } from '../transfers/dropped-items.js';
import { transfers } from '../transfers/transfer-store.js';
import styles from './drive-screen.module.css';
import { MoveTarget } from './move-target.js';
import { useSortOrder } from './sort-order-store.js';
import { SORTED_BY, sortedBy } from './sort-rows.js';

/** Where one is, what can be put here, and what can be done with the selection. */
export function DriveToolbar({
  session,
  path,
  canAdd,
  isReadOnly,
  choices,
  selectedCount,
  view,
  onView,
  onDownload,
  onReload,
  onClear,
  onNewFolder,
  onNewText,
  onMove,
}: {
  readonly session: SessionInfo;
  readonly path: string;
  /** Whether something can be put here. */
  readonly canAdd: boolean;
  /** Whether it is known that nothing can be, in a folder of somebody else. */
  readonly isReadOnly: boolean;
  /** What can be done with the selection; empty when there is none. */
  readonly choices: readonly MenuChoice[];
  readonly selectedCount: number;
  readonly view: 'list' | 'grid';
  readonly onView: (view: 'list' | 'grid') => void;
  /** All that is here is to be stored on this device. */
  readonly onDownload: () => void;
  readonly onReload: () => void;
  readonly onClear: () => void;
  readonly onNewFolder: () => void;
  readonly onNewText: () => void;
  /** Things were dropped onto a step of the way. */
  readonly onMove: (paths: readonly string[], directory: string) => void;
}): ReactNode {
  const text = useText();
  const isGuest = useGuest() !== undefined;
  const { showsHidden } = usePreferences();
  const [sort, setSort] = useSortOrder();
  const filePicker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);
  const upload = (files: readonly File[]): void => {
    void transfers().upload(path, itemsOfFiles(files));
  };
  return (
    <div className={styles['toolbar']}>
      <Breadcrumbs
        label={text('drive.path')}
        crumbs={crumbsOf(path, session, isGuest, text)}
        wrap={(crumb, link) => (
          <MoveTarget directory={pathOf(crumb)} onMove={onMove}>
            {link}
          </MoveTarget>
        )}
      />
      {selectedCount === 0 ? (
        <div className={styles['actions']} role="toolbar" aria-label={text('drive.title')}>
          {isReadOnly ? (
            <span className={styles['read-only']} role="status">
              <Icon name="eye" />
              {text('drive.readOnly')}
            </span>
          ) : null}
          {canAdd ? (
            <>
              <Button kind="primary" icon="upload" onPress={() => filePicker.current?.click()}>
                {text('drive.upload')}
              </Button>
              <Button icon="new-folder" isCompact onPress={onNewFolder}>
                {text('drive.newFolder')}
              </Button>
            </>
          ) : null}
          <MenuButton
            label={text('drive.more')}
            choices={[
              ...(canAdd
                ? ([
                    { id: 'folder', label: text('drive.upload.folder'), icon: 'upload', onChoose: () => folderPicker.current?.click() },
                    { id: 'text', label: text('drive.newText'), icon: 'text', onChoose: onNewText },
                  ] as const)
                : []),
              ...(path === '/'
                ? []
                : [{ id: 'download', label: text('drive.download.folder'), icon: 'download' as const, onChoose: onDownload }]),
              { id: 'reload', label: text('drive.refresh'), icon: 'restore', onChoose: onReload },
              {
                id: 'hidden',
                label: text(showsHidden ? 'drive.hideHidden' : 'drive.showHidden'),
                icon: showsHidden ? 'eye-off' : 'eye',
                onChoose: () => {
                  setPreferences({ showsHidden: !showsHidden });
                },
              },
            ]}
          >
            <IconButton icon="more" label={text('drive.more')} />
          </MenuButton>
          {path === '/' ? null : (
            <IconButton
              icon="search"
              label={text('search.open')}
              onPress={() => {
                goTo({ name: 'search', path });
              }}
            />
          )}
          {/* A list has columns for that. */}
          {view === 'grid' ? (
            <MenuButton
              label={text('column.sort')}
              choices={SORTED_BY.map((by) => ({
                id: by,
                label: text(`column.${by}`),
                ...(sort.by === by ? { icon: sort.descending ? 'down' : 'up' } : {}),
                onChoose: () => {
                  setSort(sortedBy(sort, by));
                },
              }))}
            >
              <IconButton icon="sort" label={text('column.sort')} />
            </MenuButton>
          ) : null}
          <IconButton
            icon={view === 'list' ? 'grid' : 'list'}
            label={text(view === 'list' ? 'drive.view.grid' : 'drive.view.list')}
            onPress={() => {
              onView(view === 'list' ? 'grid' : 'list');
            }}
          />
          {canAdd ? <FileInput ref={filePicker} label={text('drive.upload.files')} kind="files" onChoose={upload} /> : null}
          {canAdd ? <FileInput ref={folderPicker} label={text('drive.upload.folder')} kind="folder" onChoose={upload} /> : null}
        </div>
      ) : (
        <div className={`${styles['actions']} ${styles['selected']}`} role="toolbar" aria-label={text('drive.menu')}>
          {choices.map(({ id, label, icon, isDisabled = false, isDanger, onChoose }) =>
            id === 'open' ? null : (
              <Button
                key={id}
                isCompact
                kind={isDanger === true ? 'danger' : 'secondary'}
                {...(icon === undefined ? {} : { icon })}
                isDisabled={isDisabled}
                onPress={onChoose}
              >
                {label}
              </Button>
            ),
          )}
          <IconButton icon="close" label={text('drive.clear')} onPress={onClear} />
        </div>
      )}
    </div>
  );
}

/** The directory that a step of the way leads to. */
function pathOf({ href }: Crumb): string {
  const route = parseRoute({ pathname: '/', search: '', hash: href });
  return route.name === 'drive' ? route.path : '/';
}

function crumbsOf(path: string, { username, homePath }: SessionInfo, isGuest: boolean, text: TextFunction): readonly Crumb[] {
  const steps = path
    .split('/')
    .filter((name) => name !== '')
    .map((label, index, names) => ({ label, path: `/${names.slice(0, index + 1).join('/')}` }));
  // Above what a link leads to there is nothing to see.
  const start = isGuest
    ? Math.max(
        0,
        steps.findIndex((step) => step.path === homePath),
      )
    : 0;
  const iconOf = (index: number): Crumb['icon'] => {
    if (index > start) return undefined;
    return isGuest || steps[index]?.label === username ? 'home' : 'person';
  };
  const crumbs = steps.slice(start).map((step, index) => {
    const icon = iconOf(start + index);
    return { label: step.label, href: formatRoute({ name: 'drive', path: step.path }), ...(icon === undefined ? {} : { icon }) };
  });
  return isGuest ? crumbs : [{ label: text('drive.roots'), href: formatRoute({ name: 'drive', path: '/' }) }, ...crumbs];
}
