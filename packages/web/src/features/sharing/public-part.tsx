import { type ReactNode, useState } from 'react';
import { canLeaveOut } from '../../app/fault-text.js';
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
  isFolder,
  published,
  onChange,
}: {
  readonly path: string;
  readonly isFolder: boolean;
  readonly published: PublicPlace | undefined;
  readonly onChange: () => void;
}): ReactNode {
  const text = useText();
  const work = useWork();
  const [asked, setAsked] = useState<'publish' | 'site' | 'end' | undefined>(undefined);
  /** Asked once more after it was said what is damaged. */
  const leaveOutDamaged = canLeaveOut(work.error);
  const run = async (): Promise<void> => {
    const isDone = await work.run(async (watch) =>
      asked === 'end'
        ? engine().call('publish.remove', { path, leaveOutDamaged }, watch)
        : engine().call('publish.add', { path, asSite: asked === 'site' }, { signal: watch.signal }),
    );
    if (isDone) setAsked(undefined);
    onChange();
  };
  return (
    <section className={styles['part']} aria-label={text('share.public')}>
      <p>{text(published === undefined ? 'public.no' : published.isInherited ? 'public.inherited' : 'public.yes')}</p>
      {published?.address === undefined ? null : <LinkAddress address={published.address} name={nameOf(path)} />}
      {published?.isSite === true ? <p>{text('public.site.yes')}</p> : null}
      <div className={styles['row']}>
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
              setAsked('end');
            }}
          >
            {text('public.end')}
          </Button>
        )}
        {isFolder && published?.isSite !== true ? (
          <Button
            onPress={() => {
              setAsked('site');
            }}
          >
            {text('public.site')}
          </Button>
        ) : null}
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={text(`public.${asked}.title`, { name: nameOf(path) })}
          action={text(leaveOutDamaged ? 'share.leaveOut' : `public.${asked}`)}
          kind={asked === 'end' ? 'danger' : 'primary'}
          isPending={work.isWorking}
          onConfirm={() => void run()}
          onClose={() => {
            work.cancel();
            setAsked(undefined);
          }}
        >
          <p>{text(`public.${asked}.help`)}</p>
          {asked === 'site' && published === undefined ? <p>{text('public.publish.help')}</p> : null}
          {asked !== 'end' ? null : <Notice kind="info">{text('public.end.also')}</Notice>}
          <WorkProgress work={work} />
        </ConfirmDialog>
      )}
    </section>
  );
}
