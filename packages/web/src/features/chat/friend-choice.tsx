import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { useCall } from '../settings/use-call.js';
import { CheckList } from '../sharing/check-list.js';
import styles from './dialogs.module.css';

const NOBODY: ReadonlySet<string> = new Set();

/** Friends to tick: only those whom one follows and who follow back can read what one writes, and be read (chapter 07 section 6.4). */
export function FriendChoice({
  label,
  without = NOBODY,
  chosen,
  isDisabled = false,
  onChange,
}: {
  readonly label: string;
  /** Who is in the chat already. */
  readonly without?: ReadonlySet<string>;
  readonly chosen: ReadonlySet<string>;
  readonly isDisabled?: boolean;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
}): ReactNode {
  const text = useText();
  const { value: people, error, reload } = useCall('share.people');
  if (error !== undefined) {
    return (
      <Notice kind="problem">
        <p>{faultText(error, text)}</p>
        <Button onPress={reload}>{text('action.retry')}</Button>
      </Notice>
    );
  }
  if (people === undefined) return <ProgressBar label={text('share.people.loading')} value={undefined} />;
  if (people.friends.length === 0) {
    return (
      <>
        <p className={styles['quiet']}>{text('friends.nobody')}</p>
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
      </>
    );
  }
  return (
    <CheckList
      label={label}
      candidates={people.friends.filter((name) => !without.has(name)).map((name) => ({ key: name, name }))}
      chosen={chosen}
      nobody={text('friends.allHere')}
      isDisabled={isDisabled}
      onChange={onChange}
    />
  );
}
