import type { ReactNode } from 'react';
import { useConnection } from '../engine/connection-store.js';
import { useText } from '../i18n/text.js';
import { Icon } from '../ui/icon.js';
import styles from './connection-notice.module.css';

/** A line that is there as long as the server is away. */
export function ConnectionNotice(): ReactNode {
  const text = useText();
  const connection = useConnection();
  return (
    // Always there, so that screen readers notice what appears in it.
    <div role="status">
      {connection === 'away' ? (
        <p className={styles['line']}>
          <Icon name="info" />
          <span>{text('app.away')}</span>
        </p>
      ) : null}
    </div>
  );
}
