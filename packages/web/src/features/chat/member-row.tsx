import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import { type MenuChoice, MenuButton } from '../../ui/menu.js';
import { Avatar } from '../profile/avatar.js';
import { PersonLink } from '../profile/person-link.js';
import type { StandingMember } from './chat-rights.js';
import styles from './dialogs.module.css';

/** Somebody in a chat: who, how they stand, and what can be done. */
export function MemberRow({
  member: { username, state, isAdmin, isSelf },
  choices,
  isBusy,
}: {
  readonly member: StandingMember;
  readonly choices: readonly MenuChoice[];
  readonly isBusy: boolean;
}): ReactNode {
  const text = useText();
  return (
    <li className={styles['member']}>
      <Avatar username={username} />
      <div className={styles['who']}>
        <span className={styles['name']}>
          <PersonLink username={username} />
          {isSelf ? <span className={styles['mark']}>{text('members.self')}</span> : null}
          {isAdmin && state !== 'removed' ? <span className={styles['mark']}>{text('members.admin')}</span> : null}
        </span>
        <span className={styles['quiet']}>{text(`members.state.${state}`)}</span>
      </div>
      {choices.length === 0 ? null : (
        <MenuButton label={text('members.menu', { name: username })} choices={choices}>
          <IconButton icon="more" label={text('members.menu', { name: username })} isDisabled={isBusy} />
        </MenuButton>
      )}
    </li>
  );
}
