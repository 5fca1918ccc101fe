import { type ReactNode, useEffect } from 'react';
import { ConnectionNotice } from '../../app/connection-notice.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import styles from './door-frame.module.css';

/** The frame of the screens before the door: the name of the house, and a card. */
export function DoorFrame({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const text = useText();
  useEffect(() => {
    document.title = `${title} – ${text('app.name')}`;
  }, [title, text]);
  return (
    // Whoever begins to do something is going to need the engine: it loads while they type.
    <main className={styles['frame']} onPointerDownCapture={engine} onKeyDownCapture={engine} onInputCapture={engine}>
      <div className={styles['brand']}>
        <img src="/icon.svg" alt="" width="40" height="40" />
        <span>{text('app.name')}</span>
      </div>
      <div className={styles['card']}>
        <h1>{title}</h1>
        <ConnectionNotice />
        {children}
      </div>
    </main>
  );
}
