import { type ReactNode, useState } from 'react';
import { nameOf } from '../../engine/paths.js';
import type { PublicPlace } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { LinkAddress } from './link-address.js';
import styles from './sharing.module.css';
import { useWork } from './use-work.js';
import { WorkProgress } from './work-progress.js';

/** Whether everybody can read something, and the way to change that. */
export function PublicPart({
  path,
  published,
  onChange,
}: {
  readonly path: string;
  readonly published: PublicPlace | undefined;
  readonly onChange: () => void;
}): ReactNode {
  const text = useText();
  const work = useWork();
  const [asked, setAsked] = useState<'publish' | 'unpublish' | undefined>(undefined);
  const run = async (): Promise<void> => {
    const isDone = await work.run(async (watch) =>
      asked === 'publish'
        ? engine().call('publish.add', { path }, { signal: watch.signal })
        : engine().call('publish.remove', { path }, watch),
    );
    if (isDone) setAsked(undefined);
    onChange();
  };
  return (
    <section className={styles['part']} aria-label={text('share.public')}>
      <p>{text(published === undefined ? 'public.no' : published.isInherited ? 'public.inherited' : 'public.yes')}</p>
      {published?.address === undefined ? null : <LinkAddress address={published.address} name={nameOf(path)} />}
      <div>
        {published === undefined ? (
          <Button
            icon="globe"
            onPress={() => {
              setAsked('publish');
            }}
          >
            {text('public.publish')}
          </Button>
        ) : published.isInherited ? null : (
          <Button
            kind="danger"
            onPress={() => {
              setAsked('unpublish');
            }}
          >
            {text('public.end')}
          </Button>
        )}
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={text(asked === 'publish' ? 'public.publish.title' : 'public.end.title', { name: nameOf(path) })}
          action={text(asked === 'publish' ? 'public.publish' : 'public.end')}
          kind={asked === 'publish' ? 'primary' : 'danger'}
          isPending={work.isWorking}
          onConfirm={() => void run()}
          onClose={() => {
            work.cancel();
            setAsked(undefined);
          }}
        >
          <p>{text(asked === 'publish' ? 'public.publish.help' : 'public.end.help')}</p>
          {asked === 'publish' ? null : <Notice kind="info">{text('public.end.also')}</Notice>}
          <WorkProgress work={work} />
        </ConfirmDialog>
      )}
    </section>
  );
}
