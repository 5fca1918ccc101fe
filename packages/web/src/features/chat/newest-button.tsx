import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import styles from './message-list.module.css';

/** More than this is not worth more room. */
const MAX_BADGE = 99;

/** Leads to the newest message, and says how many have come. */
export function NewestButton({ count, onPress }: { readonly count: number; readonly onPress: () => void }): ReactNode {
  const text = useText();
  return (
    <div className={styles['newest']}>
      <IconButton icon="down" label={count === 0 ? text('chat.newest') : text('chat.newest.count', { count })} onPress={onPress} />
      {count === 0 ? null : (
        <span className={styles['count']} data-count={count > MAX_BADGE ? `${MAX_BADGE}+` : String(count)} aria-hidden="true" />
      )}
    </div>
  );
}
