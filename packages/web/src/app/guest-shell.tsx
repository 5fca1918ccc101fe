import { type ReactNode, useEffect } from 'react';
import { useText } from '../i18n/text.js';
import { IsolatedText } from '../i18n/visible-name.js';
import { Button } from '../ui/button.js';
import type { Guest } from './guest-store.js';
import { goTo } from './router.js';
import { ShellBody } from './shell-body.js';
import styles from './shell.module.css';

/** The frame around what a link leads to: whose it is, and the way to an account of one's own. */
export function GuestShell({
  guest,
  title,
  children,
}: {
  readonly guest: Guest;
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  const text = useText();
  useEffect(() => {
    document.title = `${IsolatedText.of(title).text} – ${text('app.name')}`;
  }, [title, text]);
  return (
    <div className={styles['shell']} data-guest>
      <header className={styles['bar']}>
        <img src="/icon.svg" alt="" width="28" height="28" />
        <span className={styles['guest']}>{text(guest.isWritable ? 'link.by.writable' : 'link.by', { name: guest.owner })}</span>
        <Button
          icon="home"
          isCompact
          onPress={() => {
            goTo({ name: 'start' });
          }}
        >
          {text('link.home')}
        </Button>
      </header>
      <ShellBody>{children}</ShellBody>
    </div>
  );
}
