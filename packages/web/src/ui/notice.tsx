import type { ReactNode } from 'react';
import { Icon } from './icon.js';
import styles from './notice.module.css';

/** A message beside the thing that it is about. A problem is read out at once, anything else when there is time. */
export function Notice({ kind, children }: { readonly kind: 'problem' | 'info' | 'good'; readonly children: ReactNode }): ReactNode {
  return (
    <div className={`${styles['notice']} ${styles[kind]}`} role={kind === 'problem' ? 'alert' : 'status'}>
      <Icon name={kind === 'good' ? 'check' : kind === 'problem' ? 'damaged' : 'info'} />
      <div className={styles['text']}>{children}</div>
    </div>
  );
}
