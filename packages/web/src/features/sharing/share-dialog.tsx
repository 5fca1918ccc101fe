import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row, SessionInfo } from '../../engine/calls.js';
import { childOf, nameOf } from '../../engine/paths.js';
import type { SharedItem } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Tabs } from '../../ui/tabs.js';
import { GrantsList } from './grants-list.js';
import { LinksPart } from './links-part.js';
import { PeoplePicker } from './people-picker.js';
import { PublicPart } from './public-part.js';

/** See {@link ShareDialog}. */
export interface ShareDialogProps {
  readonly session: SessionInfo;
  /** What is shared: one thing, or several together. */
  readonly rows: readonly Pick<Row, 'path' | 'kind'>[];
  readonly begin?: 'people' | 'links' | 'public' | undefined;
  /** Told after every change. */
  readonly onChange?: (() => void) | undefined;
  readonly onClose: () => void;
}

/** Who can see something and what they may do: people and groups, who has a link, everybody. Of several things only people are added. */
export function ShareDialog({ session, rows, begin, onChange, onClose }: ShareDialogProps): ReactNode {
  const text = useText();
  const paths = rows.map(({ path }) => path);
  const [path = ''] = paths;
  const isOne = rows.length === 1;
  /** Of what belongs to somebody else only reading can be passed on. */
  const isOwn = paths.every((one) => one.startsWith(childOf(session.homePath, '')));
  const { item, error, reload } = useSharedItem(isOne ? path : undefined);
  const changed = (): void => {
    reload();
    onChange?.();
  };
  const people = (
    <>
      {isOne && item !== undefined ? <GrantsList path={path} grants={item.grants} canChange={isOwn} onChange={changed} /> : null}
      <PeoplePicker paths={paths} grants={item?.grants ?? []} canWrite={isOwn} onShared={changed} />
    </>
  );
  return (
    <Dialog
      title={isOne ? text('share.title', { name: nameOf(path) }) : text('share.title.several', { count: rows.length })}
      size="wide"
      onClose={onClose}
      actions={<Button onPress={onClose}>{text('action.close')}</Button>}
    >
      {error === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(error, text)}</p>
          <Button onPress={reload}>{text('action.retry')}</Button>
        </Notice>
      )}
      {isOne && item === undefined && error === undefined ? (
        <ProgressBar label={text('share.loading')} value={undefined} />
      ) : isOne && isOwn && item !== undefined ? (
        <Tabs
          label={text('share.parts')}
          begin={begin}
          parts={[
            { id: 'people', label: text('share.people'), content: people },
            {
              id: 'links',
              label: text('share.links'),
              content: <LinksPart path={path} isFolder={rows[0]?.kind === 'directory'} links={item.links} onChange={changed} />,
            },
            {
              id: 'public',
              label: text('share.public'),
              content: <PublicPart path={path} isFolder={rows[0]?.kind === 'directory'} published={item.published} onChange={changed} />,
            },
          ]}
        />
      ) : error === undefined ? (
        people
      ) : null}
    </Dialog>
  );
}

/** What is shared of one thing; what is known stays to be seen while it is looked at again. */
function useSharedItem(path: string | undefined): {
  readonly item: SharedItem | undefined;
  readonly error: unknown;
  readonly reload: () => void;
} {
  const [state, setState] = useState<{ readonly item?: SharedItem; readonly error?: unknown }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    engine()
      .call('share.look', { path }, { signal })
      .then(
        (item) => {
          if (!signal.aborted) setState({ item });
        },
        (error: unknown) => {
          if (!signal.aborted) setState((before) => ({ ...before, error }));
        },
      );
    return () => {
      stop.abort();
    };
  }, [path, round]);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return { item: state.item, error: state.error, reload };
}
