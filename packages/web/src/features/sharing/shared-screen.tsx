import { type ReactNode, useMemo, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { useLanguage, useText } from '../../i18n/text.js';
import type { ReceivedItem, SharedItem } from '../../engine/sharing-calls.js';
import { Button, IconButton } from '../../ui/button.js';
import { EmptyState } from '../../ui/empty-state.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Tabs } from '../../ui/tabs.js';
import { Page } from '../../ui/page.js';
import { openViewer } from '../viewers/open-viewer.js';
import { LinkView } from './link-view.js';
import { LimitedList } from './limited-list.js';
import { ShareDialog, type ShareDialogProps } from './share-dialog.js';
import { ReceivedView, SharedItemView } from './shared-views.js';
import styles from './sharing.module.css';
import { type Found, useReceived, useShared } from './use-shared.js';

/** From so many on there is a field to look for them. */
const MANY = 8;

/** Everything that is shared: by the account and with whom, all its links, and what others share with it. */
export function SharedScreen({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const shared = useShared();
  const received = useReceived();
  const [open, setOpen] = useState<Pick<ShareDialogProps, 'rows' | 'begin'> | undefined>(undefined);
  const reload = (): void => {
    shared.reload();
    received.reload();
  };
  return (
    <Shell session={session} title={text('shared.title')}>
      <Page size="wide">
        <div className={styles['line']}>
          <h1 className={styles['grow']}>{text('shared.title')}</h1>
          <IconButton icon="restore" label={text('drive.refresh')} onPress={reload} />
        </div>
        <Tabs
          label={text('shared.title')}
          parts={[
            { id: 'mine', label: text('shared.byMe'), content: <SharedByMe found={shared} onOpen={setOpen} /> },
            { id: 'links', label: text('shared.links'), content: <AllLinks found={shared} /> },
            { id: 'received', label: text('shared.withMe'), content: <SharedWithMe found={received} /> },
          ]}
        />
      </Page>
      {open === undefined ? null : (
        <ShareDialog
          session={session}
          {...open}
          onChange={shared.reload}
          onClose={() => {
            setOpen(undefined);
          }}
        />
      )}
    </Shell>
  );
}

function SharedByMe({
  found,
  onOpen,
}: {
  readonly found: Found<SharedItem>;
  readonly onOpen: (open: Pick<ShareDialogProps, 'rows' | 'begin'>) => void;
}): ReactNode {
  const text = useText();
  const [filter, setFilter] = useState('');
  const items = useSorted(found.items, filter, ({ path, grants }) => [path, ...grants.map(({ name }) => name)].join(' '));
  return (
    <>
      <State found={found} empty={text('shared.byMe.none')} help={text('shared.byMe.help')} />
      <Filter count={found.items.length} value={filter} onChange={setFilter} />
      <LimitedList
        label={text('shared.byMe')}
        items={items}
        show={(item) => (
          <SharedItemView
            key={item.path}
            item={item}
            onOpen={openPlace}
            onShare={(begin) => {
              onOpen({ rows: [{ path: item.path, kind: item.kind === 'directory' ? 'directory' : 'file' }], begin });
            }}
          />
        )}
      />
    </>
  );
}

function AllLinks({ found }: { readonly found: Found<SharedItem> }): ReactNode {
  const text = useText();
  const [filter, setFilter] = useState('');
  const all = useMemo(() => found.items.flatMap(({ links }) => links), [found.items]);
  const links = useSorted(all, filter, ({ path }) => path);
  return (
    <>
      <State found={{ ...found, items: all }} empty={text('shared.links.none')} help={text('shared.links.help')} />
      <Filter count={all.length} value={filter} onChange={setFilter} />
      <LimitedList
        label={text('shared.links')}
        items={links}
        show={(link) => <LinkView key={link.label} link={link} isNamed onChange={found.reload} />}
      />
    </>
  );
}

function SharedWithMe({ found }: { readonly found: Found<ReceivedItem> }): ReactNode {
  const text = useText();
  const [filter, setFilter] = useState('');
  const items = useSorted(found.items, filter, ({ path, sharers }) => [path, ...sharers].join(' '));
  return (
    <>
      <State found={found} empty={text('shared.withMe.none')} help={text('shared.withMe.help')} />
      <Filter count={found.items.length} value={filter} onChange={setFilter} />
      <LimitedList
        label={text('shared.withMe')}
        items={items}
        show={(item) => <ReceivedView key={item.path} item={item} onOpen={openPlace} />}
      />
    </>
  );
}

function openPlace({ path, kind }: Pick<SharedItem, 'path' | 'kind'>): void {
  if (kind === 'directory') goTo({ name: 'drive', path });
  else openViewer(path);
}

/** Those whose words contain what is looked for, by path. */
function useSorted<T extends { readonly path: string }>(items: readonly T[], filter: string, words: (item: T) => string): readonly T[] {
  const language = useLanguage();
  const wanted = filter.trim().toLowerCase();
  return useMemo(() => {
    const { compare } = new Intl.Collator(language, { numeric: true });
    const left = wanted === '' ? items : items.filter((item) => words(item).toLowerCase().includes(wanted));
    return left.toSorted((a, b) => compare(a.path, b.path));
    // The words of an item depend on nothing else.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [items, wanted, language]);
}

function Filter({
  count,
  value,
  onChange,
}: {
  readonly count: number;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const text = useText();
  if (count < MANY) return null;
  return <TextField label={text('shared.find')} type="search" autoComplete="off" value={value} onChange={onChange} />;
}

/** What is to be said beside a list: that it is being looked for, that there is nothing, or what is wrong. */
function State({ found, empty, help }: { readonly found: Found<unknown>; readonly empty: string; readonly help: string }): ReactNode {
  const text = useText();
  const { items, isLoading, error, faults, reload } = found;
  const [fault] = faults;
  const problem = error ?? (fault === undefined ? undefined : new EngineError(fault));
  return (
    <>
      {problem === undefined ? null : (
        <Notice kind="problem">
          <p>{error === undefined ? text('shared.partly', { reason: faultText(problem, text) }) : faultText(problem, text)}</p>
          <Button onPress={reload}>{text('action.retry')}</Button>
        </Notice>
      )}
      {isLoading && items.length === 0 ? <ProgressBar label={text('drive.loading')} value={undefined} isLabelHidden /> : null}
      {!isLoading && items.length === 0 && problem === undefined ? (
        <EmptyState icon="share" title={empty}>
          <p>{help}</p>
        </EmptyState>
      ) : null}
    </>
  );
}
