import { type ReactNode, useMemo, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { Shell } from '../../app/shell.js';
import type { ItemsProgress, Row, SessionInfo, TrashedRow } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { EmptyState } from '../../ui/empty-state.js';
import { ContextMenu, type MenuChoice } from '../../ui/menu.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { tellProblems } from '../drive/drive-actions.js';
import { FileList } from '../drive/file-list.js';
import { type SortOrder, sortRows } from '../drive/sort-rows.js';
import { useSelection } from '../drive/use-selection.js';
import { PropertiesDialog } from '../properties/properties-dialog.js';
import styles from './trash-screen.module.css';
import { useTrash } from './use-trash.js';

/** What is open over the list. */
type Open =
  | { readonly kind: 'menu'; readonly at: { readonly x: number; readonly y: number } }
  | { readonly kind: 'properties' }
  | { readonly kind: 'confirm'; readonly what: 'remove' | 'empty'; readonly paths: readonly string[] };

/** What was deleted: where it was and when that happened; it can be put back, or deleted for good. */
export function TrashScreen({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { rows, isLoading, error, reload } = useTrash();
  const [sort, setSort] = useState<SortOrder>({ by: 'modified', descending: true });
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const { progress, isWorking, run, stop } = useWork(reload);
  // What counts here is when something was deleted, not when it was changed.
  const shown = useMemo(
    () =>
      sortRows(
        rows.map((row) => ({ ...row, modified: row.deleted })),
        sort,
        language,
      ),
    [rows, sort, language],
  );
  const origins = useMemo(() => new Map(rows.map(({ path, origin }: TrashedRow) => [path, origin])), [rows]);
  const [selection, setSelection] = useSelection(shown, true);
  const selected = useMemo(() => shown.filter(({ path }) => selection.paths.has(path)), [shown, selection.paths]);
  const paths = selected.map(({ path }) => path);
  const close = (): void => {
    setOpen(undefined);
  };

  const restore = (): void => {
    if (paths.length === 0) return;
    void run(async (watch) => {
      const problems = await engine().call('trash.restore', { paths }, watch);
      tellProblems(problems, text);
      const count = paths.length - problems.length;
      if (count > 0) showToast({ kind: 'good', text: text('trash.restored', { count }) });
    }, text);
  };
  const remove = (what: 'remove' | 'empty', chosen: readonly string[]): void => {
    void run(async (watch) => {
      tellProblems(await engine().call(`trash.${what}`, { paths: chosen }, watch), text);
    }, text).finally(close);
  };
  const askToRemove = (): void => {
    if (paths.length > 0) setOpen({ kind: 'confirm', what: 'remove', paths });
  };
  const choices: readonly MenuChoice[] = [
    { id: 'restore', label: text('trash.restore'), icon: 'restore', onChoose: restore },
    {
      id: 'properties',
      label: text('properties.title'),
      icon: 'info',
      onChoose: () => {
        setOpen({ kind: 'properties' });
      },
    },
    { id: 'remove', label: text('trash.remove'), icon: 'trash', isDanger: true, shortcut: 'Del', onChoose: askToRemove },
  ];
  const note = (row: Row): string => text('trash.origin', { path: origins.get(row.path) ?? session.homePath });

  return (
    <Shell session={session} title={text('trash.title')}>
      <div className={styles['bar']}>
        <IconButton
          icon="back"
          label={text('trash.back')}
          onPress={() => {
            goTo({ name: 'drive', path: session.homePath });
          }}
        />
        <h1 className={styles['title']}>{text('trash.title')}</h1>
        <div className={styles['actions']} role="toolbar" aria-label={text('trash.title')}>
          {selected.length > 0 ? (
            <>
              <Button kind="primary" icon="restore" isCompact isDisabled={isWorking} onPress={restore}>
                {text('trash.restore')}
              </Button>
              <Button kind="danger" icon="trash" isCompact isDisabled={isWorking} onPress={askToRemove}>
                {text('trash.remove')}
              </Button>
            </>
          ) : (
            <Button
              icon="trash"
              isDisabled={isWorking || rows.length === 0}
              onPress={() => {
                setOpen({ kind: 'confirm', what: 'empty', paths: rows.map(({ path }) => path) });
              }}
            >
              {text('trash.empty')}
            </Button>
          )}
        </div>
      </div>
      <p className={styles['help']}>{text('trash.help')}</p>
      {error === undefined ? null : (
        <div className={styles['notice']}>
          <Notice kind="problem">
            <p>{faultText(error, text)}</p>
            <Button onPress={reload}>{text('action.retry')}</Button>
          </Notice>
        </div>
      )}
      {isLoading && rows.length === 0 ? <ProgressBar label={text('drive.loading')} value={undefined} isLabelHidden /> : null}
      {isWorking && open?.kind !== 'confirm' ? <ProgressBar label={text('trash.working')} value={progress} /> : null}
      {!isLoading && rows.length === 0 && error === undefined ? (
        <EmptyState icon="trash" title={text('trash.none')}>
          <p>{text('trash.none.help')}</p>
        </EmptyState>
      ) : (
        <FileList
          rows={shown}
          view="list"
          label={text('trash.title')}
          note={note}
          timeLabel={text('trash.deleted')}
          selection={selection}
          onSelect={setSelection}
          onOpen={() => {
            setOpen({ kind: 'properties' });
          }}
          onDelete={askToRemove}
          onRename={() => undefined}
          onMenu={(at) => {
            setOpen({ kind: 'menu', at });
          }}
          sort={sort}
          onSort={setSort}
        />
      )}
      <p className={styles['summary']} role="status">
        {text('drive.items', { count: rows.length })}
        {selected.length > 0 ? ` · ${text('drive.selected', { count: selected.length })}` : ''}
      </p>
      {open?.kind === 'menu' && selected.length > 0 ? (
        <ContextMenu at={open.at} label={text('drive.menu')} choices={choices} onClose={close} />
      ) : null}
      {open?.kind === 'properties' && selected.length > 0 ? (
        // As it is stored, with its own times.
        <PropertiesDialog rows={rows.filter(({ path }) => selection.paths.has(path))} onClose={close} />
      ) : null}
      {open?.kind === 'confirm' ? (
        <ConfirmDialog
          title={text(open.what === 'empty' ? 'trash.empty.title' : 'trash.remove.title')}
          action={text(open.what === 'empty' ? 'trash.empty' : 'trash.remove')}
          kind="danger"
          isPending={isWorking}
          onConfirm={() => {
            remove(open.what, open.paths);
          }}
          onClose={() => {
            stop();
            close();
          }}
        >
          <p>{text('trash.forever', { count: open.paths.length })}</p>
          {isWorking ? <ProgressBar label={text('trash.working')} value={progress} /> : null}
        </ConfirmDialog>
      ) : null}
    </Shell>
  );
}

/** How a call is watched. */
interface Watch {
  readonly signal: AbortSignal;
  readonly onEvent: (progress: ItemsProgress) => void;
}

/** Does one thing at a time, shows how far it is, and looks at the trash again afterwards. */
function useWork(reload: () => void): {
  readonly isWorking: boolean;
  /** 0 to 1. */
  readonly progress: number | undefined;
  readonly run: (work: (watch: Watch) => Promise<void>, text: ReturnType<typeof useText>) => Promise<void>;
  readonly stop: () => void;
} {
  const [isWorking, setWorking] = useState(false);
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const running = useRef<AbortController | undefined>(undefined);
  return {
    isWorking,
    progress,
    stop: () => {
      running.current?.abort();
    },
    run: async (work, text) => {
      if (running.current !== undefined) return;
      const cancel = new AbortController();
      running.current = cancel;
      setWorking(true);
      setProgress(undefined);
      try {
        await work({
          signal: cancel.signal,
          onEvent: ({ done, total }) => {
            setProgress(total === 0 ? undefined : done / total);
          },
        });
      } catch (error) {
        if (!(error instanceof EngineError && error.isCancelled)) showToast({ kind: 'problem', text: faultText(error, text) });
      } finally {
        running.current = undefined;
        setWorking(false);
        reload();
      }
    },
  };
}
