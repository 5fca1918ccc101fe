import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { EngineError } from '../../engine/engine-fault.js';
import { nameOf, parentOf } from '../../engine/paths.js';
import type { ReceivedItem, SharedItem } from '../../engine/sharing-calls.js';
import { type TextFunction, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button } from '../../ui/button.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { partnerName } from './partner-name.js';
import type { ShareDialogProps } from './share-dialog.js';
import styles from './sharing.module.css';

/** Names that are shown of those with whom something is shared. */
const NAMES = 6;

/** Something that the account shares: what it is, with whom, and by which links. */
export function SharedItemView({
  item,
  onOpen,
  onShare,
}: {
  readonly item: SharedItem;
  readonly onOpen: (item: SharedItem) => void;
  /** Somebody wants to see or change who can see it. */
  readonly onShare: (begin: ShareDialogProps['begin']) => void;
}): ReactNode {
  const text = useText();
  const { path, grants, links, published, kind } = item;
  const name = nameOf(path);
  const facts: readonly { readonly icon: IconName; readonly text: string }[] = [
    ...(grants.length === 0 ? [] : [{ icon: 'people' as const, text: grantsText(item, text) }]),
    ...(links.length === 0 ? [] : [{ icon: 'link' as const, text: text('shared.hasLinks', { count: links.length }) }]),
    ...(published === undefined ? [] : [{ icon: 'globe' as const, text: text('shared.isPublic') }]),
  ];
  const begin = grants.length > 0 ? 'people' : links.length > 0 ? 'links' : 'public';
  return (
    <li className={styles['card']}>
      <Head
        path={path}
        kind={kind === 'missing' ? 'damaged' : (kind ?? 'file')}
        canOpen={kind === 'file' || kind === 'directory'}
        onOpen={() => {
          onOpen(item);
        }}
      />
      {kind === 'missing' || kind === 'damaged' ? (
        <p className={styles['over']}>{text(kind === 'missing' ? 'shared.missing' : 'shared.damaged')}</p>
      ) : null}
      {facts.map((fact) => (
        <p key={fact.icon} className={styles['fact']}>
          <Icon name={fact.icon} size={16} />
          <span>{fact.text}</span>
        </p>
      ))}
      <div className={styles['row']}>
        <Button
          icon="share"
          aria-label={`${text('shared.change')}: ${visibleName(name)}`}
          onPress={() => {
            onShare(begin);
          }}
        >
          {text('shared.change')}
        </Button>
      </div>
    </li>
  );
}

/** Something that others share with the account. */
export function ReceivedView({ item, onOpen }: { readonly item: ReceivedItem; readonly onOpen: (item: ReceivedItem) => void }): ReactNode {
  const text = useText();
  const { path, owner, sharers, access, kind, fault } = item;
  const isPassedOn = !sharers.includes(owner);
  return (
    <li className={styles['card']}>
      <Head
        path={path}
        kind={kind}
        canOpen={fault === undefined && kind !== 'damaged'}
        onOpen={() => {
          onOpen(item);
        }}
      />
      <p className={styles['fact']}>
        <Icon name="person" size={16} />
        <span>
          {text(isPassedOn ? 'shared.from.passedOn' : 'shared.from', { name: isPassedOn ? sharers.join(', ') : owner, owner })}
          {' · '}
          {text(access === 'write' ? 'shared.youCanEdit' : 'shared.youCanView')}
        </span>
      </p>
      {fault === undefined && kind !== 'damaged' ? null : (
        <p className={styles['over']}>{fault === undefined ? text('shared.damaged') : faultText(new EngineError(fault), text)}</p>
      )}
    </li>
  );
}

/** The name, which opens it, and where it is. */
function Head({
  path,
  kind,
  canOpen,
  onOpen,
}: {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'damaged';
  readonly canOpen: boolean;
  readonly onOpen: () => void;
}): ReactNode {
  const name = nameOf(path);
  return (
    <div className={styles['head']}>
      <Icon name={kind === 'directory' ? 'folder' : kind} size={24} />
      <div className={styles['grow']}>
        {canOpen ? (
          <button type="button" className={styles['open']} onClick={onOpen}>
            <Name>{name}</Name>
          </button>
        ) : (
          <strong>
            <Name>{name}</Name>
          </strong>
        )}
        <p className={styles['quiet']}>
          <Name>{parentOf(path)}</Name>
        </p>
      </div>
    </div>
  );
}

/** With whom, those with the same right together. */
function grantsText({ grants }: SharedItem, text: TextFunction): string {
  return (['write', 'read'] as const)
    .map((access) => {
      const names = grants.filter((grant) => grant.access === access).map((grant) => partnerName(grant, text));
      const shown = names.slice(0, NAMES).join(', ');
      if (names.length === 0) return '';
      const all = names.length > NAMES ? text('shared.andMore', { names: shown, count: names.length - NAMES }) : shown;
      return text(access === 'write' ? 'shared.edit' : 'shared.view', { names: all });
    })
    .filter((part) => part !== '')
    .join(' · ');
}
