import { type ReactNode, useId, useState } from 'react';
import { canLeaveOut } from '../../app/fault-text.js';
import type { ShareAccess, ShareGrant } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { Icon } from '../../ui/icon.js';
import { MenuButton } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { partnerKey, partnerName } from './partner-name.js';
import styles from './sharing.module.css';
import { useWork } from './use-work.js';
import { WorkProgress } from './work-progress.js';

/** What is asked before it is done. */
interface Asked {
  readonly kind: 'remove' | 'reduce';
  readonly grant: ShareGrant;
}

/** With whom something is shared, and what they may do; that can be changed, and ended. */
export function GrantsList({
  path,
  grants,
  canChange,
  onChange,
}: {
  readonly path: string;
  readonly grants: readonly ShareGrant[];
  readonly canChange: boolean;
  readonly onChange: () => void;
}): ReactNode {
  const text = useText();
  const heading = useId();
  const work = useWork();
  const [asked, setAsked] = useState<Asked | undefined>(undefined);

  /** Asked once more after it was said what is damaged. */
  const leaveOutDamaged = asked !== undefined && canLeaveOut(work.error);
  const change = async (grant: ShareGrant, access: ShareAccess): Promise<void> => {
    const isDone = await work.run(async (watch) =>
      engine().call('share.change', { path, with: [plain(grant)], access, leaveOutDamaged }, watch),
    );
    if (isDone) setAsked(undefined);
    onChange();
  };
  const remove = async (grant: ShareGrant): Promise<void> => {
    const isDone = await work.run(async (watch) => engine().call('share.remove', { path, with: [plain(grant)], leaveOutDamaged }, watch));
    if (isDone) setAsked(undefined);
    onChange();
  };
  const name = asked === undefined ? '' : partnerName(asked.grant, text);
  return (
    <section className={styles['part']} aria-labelledby={heading}>
      <h3 id={heading}>{text('share.now')}</h3>
      {grants.length === 0 ? <p className={styles['quiet']}>{text('share.nobody')}</p> : null}
      {asked === undefined ? <WorkProgress work={work} /> : null}
      <ul className={styles['list']}>
        {grants.map((grant) => {
          const partner = partnerName(grant, text);
          const access = text(grant.access === 'write' ? 'share.canEdit' : 'share.canView');
          return (
            <li key={partnerKey(grant)} className={styles['line']}>
              <Icon name={grant.kind === 'user' ? 'person' : 'people'} />
              <span className={styles['grow']}>
                <Name>{partner}</Name>
              </span>
              {canChange ? (
                <MenuButton
                  label={text('share.access', { name: partner })}
                  choices={[
                    {
                      id: 'read',
                      label: text('share.canView'),
                      ...(grant.access === 'read' ? { icon: 'check' as const } : {}),
                      onChoose: () => {
                        if (grant.access === 'write') setAsked({ kind: 'reduce', grant });
                      },
                    },
                    {
                      id: 'write',
                      label: text('share.canEdit'),
                      ...(grant.access === 'write' ? { icon: 'check' as const } : {}),
                      onChoose: () => {
                        if (grant.access === 'read') void change(grant, 'write');
                      },
                    },
                    {
                      id: 'remove',
                      label: text('share.remove'),
                      isDanger: true,
                      onChoose: () => {
                        setAsked({ kind: 'remove', grant });
                      },
                    },
                  ]}
                >
                  <Button isDisabled={work.isWorking} icon="down" aria-label={`${text('share.access', { name: partner })}: ${access}`}>
                    {access}
                  </Button>
                </MenuButton>
              ) : (
                <span className={styles['quiet']}>{access}</span>
              )}
            </li>
          );
        })}
      </ul>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={text(asked.kind === 'remove' ? 'share.remove.title' : 'share.reduce.title', { name })}
          action={text(leaveOutDamaged ? 'share.leaveOut' : asked.kind === 'remove' ? 'share.remove' : 'share.reduce.action')}
          kind="danger"
          isPending={work.isWorking}
          onConfirm={() => void (asked.kind === 'remove' ? remove(asked.grant) : change(asked.grant, 'read'))}
          onClose={() => {
            work.cancel();
            setAsked(undefined);
          }}
        >
          <p>{text(asked.kind === 'remove' ? 'share.remove.help' : 'share.reduce.help', { name })}</p>
          {asked.grant.kind === 'group' ? <Notice kind="info">{text('share.remove.group')}</Notice> : null}
          <WorkProgress work={work} />
        </ConfirmDialog>
      )}
    </section>
  );
}

function plain({ kind, name }: ShareGrant): Pick<ShareGrant, 'kind' | 'name'> {
  return { kind, name };
}
