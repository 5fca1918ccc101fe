import { type ReactNode, useEffect } from 'react';
import { useText } from '../../i18n/text.js';
import styles from './door-frame.module.css';

/** The frame of the screens before the door: the name of the house, and a card. */
export function DoorFrame({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const text = useText();
  useEffect(() => {
    document.title = `${title} – ${text('app.name')}`;
  }, [title, text]);
  return (
    <main className={styles['frame']}>
      <div className={styles['brand']}>
        <img src="/icon.svg" alt="" width="40" height="40" />
        <span>{text('app.name')}</span>
      </div>
      <div className={styles['card']}>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
