import type { ReactNode } from 'react';
import styles from './page.module.css';

/** What a screen of text and forms shows, in one column in the middle. `wide`: for lists of cards; `start`: nothing is as wide as the column unless it needs to be. */
export function Page({
  size = 'normal',
  align = 'stretch',
  children,
}: {
  readonly size?: 'normal' | 'wide';
  readonly align?: 'stretch' | 'start';
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className={styles['page']} data-size={size} data-align={align}>
      {children}
    </div>
  );
}
