import type { ReactNode } from 'react';
import styles from './empty-state.module.css';
import { Icon, type IconName } from './icon.js';

/** What stands in place of a list in which there is nothing: that, and what to do about it. */
export function EmptyState({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className={styles['empty']}>
      <Icon name={icon} size={64} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
