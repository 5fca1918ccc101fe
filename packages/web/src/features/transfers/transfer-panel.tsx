import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { faultText } from '../../app/fault-text.js';
import { isLinkTree } from '../../app/shown-tree.js';
import { useConnection } from '../../engine/connection-store.js';
import { formatDuration, formatSize } from '../../i18n/format.js';
import { type TextFunction, useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button, IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { ConflictDialog } from './conflict-dialog.js';
import { BrokenDownload } from './broken-download.js';
import { DamagedArchive } from './damaged-archive.js';
import { CutOffSummary, CutOffView } from './cut-off-view.js';
import { secondsLeft } from './speed-meter.js';
import { hasEndedWell, type Transfer, type TransferItem, transfers, type TransferState, useTransfers } from './transfer-store.js';
import styles from './transfers.module.css';

/** Items of one transfer that are shown; of thousands nobody reads more. */
const SHOWN_ITEMS = 100;
/** Milliseconds for which the list stays when everything has ended well. */
const REST_AFTER = 5000;

/** What is being uploaded and downloaded, at the edge of the page; and the dialog about files that are there already. */
export function TransferPanel(): ReactNode {
  const text = useText();
  const state = useTransfers();
  const { transfers: list, conflict, cutOff } = state;
  const isOpen = state.isOpen && !state.isResting;
  const panel = useRef<HTMLElement>(null);
  useRest(state, panel);
  useQuestionBeforeLeaving();
  const isOver = list.every((transfer) => transfer.state !== 'running');
  return (
    <>
      {list.length === 0 && cutOff.length === 0 ? null : (
        <section ref={panel} className={styles['panel']} data-transfers aria-label={text('transfer.title')}>
          <header className={styles['head']}>
            <h2>{text('transfer.title')}</h2>
            {isOpen ? null : list.length === 0 ? <CutOffSummary /> : <Summary list={list} />}
            <IconButton
              icon={isOpen ? 'down' : 'up'}
              label={text(isOpen ? 'transfer.hide' : 'transfer.show')}
              onPress={() => {
                transfers().setOpen(!isOpen);
              }}
            />
            {isOver ? (
              <IconButton
                icon="close"
                label={text('action.close')}
                onPress={() => {
                  transfers().dismissAll();
                }}
              />
            ) : null}
          </header>
          {isOpen ? (
            <div className={styles['list']}>
              {cutOff.map((upload) => (
                <CutOffView key={upload.id} upload={upload} />
              ))}
              {/* What was begun last is seen first. */}
              {list.toReversed().map((transfer) => (
                <TransferView key={transfer.id} transfer={transfer} isHere={transfer.tree === state.tree} />
              ))}
            </div>
          ) : null}
        </section>
      )}
      {conflict === undefined ? null : <ConflictDialog key={conflict.conflict.id} open={conflict} />}
    </>
  );
}

/** How it goes in all, in a few words. */
function Summary({ list }: { readonly list: readonly Transfer[] }): ReactNode {
  const text = useText();
  const running = list.filter(({ state }) => state === 'running');
  const left = running.filter(({ total }) => total !== undefined);
  const total = left.reduce((bytes, transfer) => bytes + (transfer.total ?? 0), 0);
  const done = left.reduce((bytes, transfer) => bytes + transfer.done, 0);
  const state = list.some((transfer) => transfer.state === 'failed') ? 'failed' : list.at(-1)?.state;
  if (running.length > 0)
    return <span className={styles['facts']}>{total === 0 ? text('transfer.item.running') : `${Math.floor((100 * done) / total)} %`}</span>;
  return (
    <span className={state === 'failed' ? styles['error'] : styles['facts']} role="status">
      {state === undefined || state === 'running' ? '' : state === 'done' ? doneText(list, text) : text(`transfer.state.${state}`)}
    </span>
  );
}

/** What has been done, in numbers of files; without any (folders, what was skipped) only that it has. */
function doneText(list: readonly Transfer[], text: TextFunction): string {
  const done = list.filter(({ state }) => state === 'done');
  const stored = done.flatMap(({ items }) => items).filter(({ isFolder }) => !isFolder);
  const count = (wanted: string): number => stored.filter(({ state }) => state === wanted).length;
  const downloads = done.filter(({ kind }) => kind === 'download');
  const facts = [
    ...(count('done') === 0 ? [] : [text('transfer.uploaded', { count: count('done') })]),
    ...(count('unchanged') === 0 ? [] : [text('transfer.unchanged', { count: count('unchanged') })]),
    ...(downloads.length === 0 ? [] : [text('transfer.downloaded', { count: downloads.length })]),
  ];
  return facts.length === 0 ? text('transfer.state.done') : facts.join(' · ');
}

/** Lets the list be only a line some time after everything has ended well, unless somebody is just about to do something with it. */
function useRest(state: TransferState, panel: RefObject<HTMLElement | null>): void {
  const mayRest = state.isOpen && !state.isResting && hasEndedWell(state);
  const count = state.transfers.length;
  useEffect(() => {
    if (!mayRest) return undefined;
    const timer = setInterval(() => {
      if (panel.current?.matches(':hover, :focus-within') === false) transfers().rest();
    }, REST_AFTER);
    return () => {
      clearInterval(timer);
    };
    // What has come to the list is to be seen as long as anything else.
  }, [mayRest, count, panel]);
}

function TransferView({
  transfer,
  isHere,
}: {
  readonly transfer: Transfer;
  /** Whether it belongs to the files that the page shows. */
  readonly isHere: boolean;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { kind, title, items, total, done, speed, state, error, retry, cancel } = transfer;
  const finished = items.filter((item) => item.state !== 'waiting' && item.state !== 'running').length;
  const failed = items.filter((item) => item.state === 'failed');
  const isAway = useConnection() === 'away';
  const left = secondsLeft(transfer);
  const counts = items.length > 1 ? text('transfer.count', { done: finished, total: items.length }) : '';
  const size =
    total === undefined
      ? formatSize(done, language)
      : text('transfer.bytes', { done: formatSize(done, language), total: formatSize(total, language) });
  const facts =
    state === 'running'
      ? [
          isAway ? text('transfer.away') : '',
          counts,
          size,
          speed === undefined || isAway ? '' : text('transfer.speed', { speed: formatSize(speed, language) }),
          left === undefined || isAway ? '' : text('transfer.left', { time: formatDuration(left, language) }),
        ]
      : [text(`transfer.state.${state}`), counts, size];
  const name = nameOfItems(items) ?? title;
  const shown = [...failed, ...items.filter((item) => item.state !== 'failed')].slice(0, SHOWN_ITEMS);
  return (
    <div className={styles['transfer']} role="group" aria-label={text(`transfer.${kind}`, { name })}>
      <div className={styles['line']}>
        <Icon name={kind === 'upload' ? 'upload' : 'download'} />
        <bdi className={styles['title']}>{visibleName(name)}</bdi>
        {state === 'running' ? (
          <IconButton icon="close" label={text('action.cancel')} onPress={cancel} />
        ) : (
          <IconButton
            icon="close"
            label={text('action.close')}
            onPress={() => {
              transfers().dismiss(transfer.id);
            }}
          />
        )}
      </div>
      {state === 'running' ? (
        <ProgressBar
          label={text(`transfer.${kind}`, { name })}
          value={total === undefined || total === 0 ? undefined : done / total}
          isLabelHidden
        />
      ) : null}
      <p className={styles['facts']} role={state === 'running' ? undefined : 'status'}>
        {facts.filter((fact) => fact !== '').join(' · ')}
      </p>
      {error === undefined || failed.length > 0 ? null : <p className={styles['error']}>{problemText(error, text)}</p>}
      {retry === undefined ? null : isHere ? (
        <Button icon="restore" onPress={retry}>
          {text('transfer.resume')}
        </Button>
      ) : (
        <p>{text(transfer.tree !== undefined && isLinkTree(transfer.tree) ? 'transfer.elsewhere.link' : 'transfer.elsewhere')}</p>
      )}
      {items.length > 1 || failed.length > 0 || items.some(({ storedAs }) => storedAs !== undefined) ? (
        <ul className={styles['items']}>
          {shown.map((item) => (
            <ItemView key={item.id} item={item} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function problemText(error: unknown, text: TextFunction): string {
  if (error instanceof DamagedArchive) return text('transfer.damaged', { count: error.count, name: error.reportName });
  if (error instanceof BrokenDownload) return text('transfer.broken');
  return faultText(error, text);
}

/** The file, or the folder in which all of them are; undefined when they are several things. */
function nameOfItems(items: readonly TransferItem[]): string | undefined {
  const [first] = items;
  if (first === undefined || items.length === 1) return first?.name;
  const [folder = '', ...below] = first.name.split('/');
  return below.length > 0 && items.every(({ name }) => name.startsWith(`${folder}/`)) ? folder : undefined;
}

function ItemView({ item }: { readonly item: TransferItem }): ReactNode {
  const text = useText();
  const { name, size, done, state, error, storedAs } = item;
  return (
    <li className={`${styles['item']} ${state === 'failed' ? styles['failed'] : ''}`}>
      <bdi className={styles['title']}>{visibleName(name)}</bdi>
      {state === 'running' ? (
        <span>{Math.floor((100 * done) / Math.max(size, 1))} %</span>
      ) : (
        <span className={state === 'failed' ? styles['error'] : ''}>
          {state === 'failed'
            ? faultText(error, text)
            : storedAs === undefined
              ? text(`transfer.item.${state}`)
              : text('transfer.item.stored.as', { name: storedAs })}
        </span>
      )}
    </li>
  );
}

/** Browsers ask before they leave a page on which something is under way. */
function useQuestionBeforeLeaving(): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (transfers().isBusy) event.preventDefault();
    };
    addEventListener('beforeunload', ask);
    return () => {
      removeEventListener('beforeunload', ask);
    };
  }, []);
}
