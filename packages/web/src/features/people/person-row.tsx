import type { ReactNode } from 'react';
import type { SomePerson } from '../../engine/social-calls.js';
import { useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { type MenuChoice, MenuButton } from '../../ui/menu.js';
import { Notice } from '../../ui/notice.js';
import styles from './people.module.css';
import { PersonName } from './verified-mark.js';

/** One person in a list: the name, what there is to say about them, and what can be done. */
export function PersonRow({
  person,
  note,
  choices,
  isBusy,
  onVerify,
  children,
}: {
  readonly person: SomePerson;
  readonly note?: string | undefined;
  readonly choices: readonly MenuChoice[];
  readonly isBusy: boolean;
  readonly onVerify: () => void;
  /** Buttons. */
  readonly children?: ReactNode;
}): ReactNode {
  const text = useText();
  const { username, verification } = person;
  return (
    <li className={styles['person']} aria-busy={isBusy}>
      <div className={styles['line']}>
        <Icon name="person" size={24} />
        <div className={styles['who']}>
          <PersonName person={person} />
          {note === undefined ? null : <span className={styles['note']}>{note}</span>}
        </div>
        <div className={styles['answers']}>
          {children === undefined ? null : <div className={styles['buttons']}>{children}</div>}
          <MenuButton label={text('people.menu', { name: username })} choices={choices}>
            <IconButton icon="more" label={text('people.menu', { name: username })} isDisabled={isBusy} />
          </MenuButton>
        </div>
      </div>
      {verification === 'changed' ? (
        <Notice kind="problem">
          <p>{text('people.changed', { name: username })}</p>
          <Button onPress={onVerify}>{text('people.changed.action')}</Button>
        </Notice>
      ) : null}
    </li>
  );
}
