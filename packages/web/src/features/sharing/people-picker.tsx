import { type ReactNode, useId, useMemo, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import type { ShareAccess, ShareGrant, SharePartner } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Choice } from '../../ui/choice.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { tellProblems } from '../drive/drive-actions.js';
import { useCall } from '../settings/use-call.js';
import { CheckList } from './check-list.js';
import { partnerKey, partnerName } from './partner-name.js';
import styles from './sharing.module.css';
import { useWork } from './use-work.js';
import { WorkProgress } from './work-progress.js';

/** Lets somebody choose people and groups, and shares things with them. */
export function PeoplePicker({
  paths,
  grants,
  canWrite,
  onShared,
}: {
  readonly paths: readonly string[];
  /** Who has it already: they are not offered. */
  readonly grants: readonly ShareGrant[];
  /** Whether others can be allowed to change it. */
  readonly canWrite: boolean;
  readonly onShared: () => void;
}): ReactNode {
  const text = useText();
  const heading = useId();
  const { value: people, error, reload } = useCall('share.people');
  const work = useWork();
  /** The field to look for people is emptied when something was shared. */
  const [round, setRound] = useState(0);
  const [access, setAccess] = useState<ShareAccess>('read');
  const [chosen, setChosen] = useState<ReadonlyMap<string, SharePartner>>(new Map());
  const had = useMemo(() => new Set(grants.map(partnerKey)), [grants]);

  const share = async (): Promise<void> => {
    const partners = [...chosen.values()];
    let count = 0;
    const isDone = await work.run(async (watch) => {
      const problems = await engine().call('share.add', { paths, with: partners, access }, watch);
      tellProblems(problems, text);
      count = paths.length - problems.length;
    });
    if (isDone && count > 0) {
      setChosen(new Map());
      setRound(round + 1);
      showToast({ kind: 'good', text: text('share.done', { count }) });
    }
    onShared();
  };
  if (error !== undefined) {
    return (
      <Notice kind="problem">
        <p>{faultText(error, text)}</p>
        <Button onPress={reload}>{text('action.retry')}</Button>
      </Notice>
    );
  }
  if (people === undefined) return <ProgressBar label={text('share.people.loading')} value={undefined} />;
  if (people.followers.length === 0) {
    return (
      <section className={styles['part']} aria-labelledby={heading}>
        <h3 id={heading}>{text('share.with')}</h3>
        <p className={styles['quiet']}>{text('share.noFollowers')}</p>
        <div>
          <Button
            icon="people"
            onPress={() => {
              goTo({ name: 'people' });
            }}
          >
            {text('share.toPeople')}
          </Button>
        </div>
      </section>
    );
  }
  const friends = new Set(people.friends);
  const groups: readonly SharePartner[] = [
    { kind: 'group', name: 'friends' },
    { kind: 'group', name: 'followers' },
  ];
  const help = (partner: SharePartner): string => {
    if (partner.kind === 'user') return text(friends.has(partner.name) ? 'share.isFriend' : 'share.isFollower');
    return partner.name === 'friends'
      ? text('share.group.friends.help', { count: people.friends.length })
      : text('share.group.followers.help', { count: people.followers.length });
  };
  const partners = [...groups, ...people.followers.map((name): SharePartner => ({ kind: 'user', name }))].filter(
    (partner) => !had.has(partnerKey(partner)),
  );
  return (
    <section className={styles['part']} aria-labelledby={heading}>
      <h3 id={heading}>{text('share.with')}</h3>
      <CheckList
        key={round}
        label={text('share.with')}
        candidates={partners.map((partner) => ({ key: partnerKey(partner), name: partnerName(partner, text), help: help(partner) }))}
        chosen={new Set(chosen.keys())}
        nobody={text('share.allHave')}
        isDisabled={work.isWorking}
        onChange={(keys) => {
          setChosen(
            new Map(partners.flatMap((partner) => (keys.has(partnerKey(partner)) ? [[partnerKey(partner), partner] as const] : []))),
          );
        }}
      />
      {canWrite ? (
        <Choice
          label={text('share.access.choose')}
          value={access}
          options={[
            { value: 'read', label: text('share.canView') },
            { value: 'write', label: text('share.canEdit') },
          ]}
          onChange={setAccess}
        />
      ) : (
        <p className={styles['quiet']}>{text('share.passOn')}</p>
      )}
      <p className={styles['quiet']}>{text(access === 'write' ? 'share.canEdit.help' : 'share.canView.help')}</p>
      <WorkProgress work={work} />
      <div>
        <Button kind="primary" icon="share" isDisabled={chosen.size === 0} isPending={work.isWorking} onPress={() => void share()}>
          {text('share.action')}
        </Button>
      </div>
    </section>
  );
}
