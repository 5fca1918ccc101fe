import type { ReactNode } from 'react';
import { TransferPanel } from '../features/transfers/transfer-panel.js';
import { Toasts } from '../ui/toasts.js';
import { ConnectionNotice } from './connection-notice.js';
import styles from './shell.module.css';

/** What is below the bar of every frame: whether the server is away, the screen, transfers and messages. */
export function ShellBody({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <>
      <ConnectionNotice />
      <main id="content" tabIndex={-1} className={styles['content']}>
        {children}
      </main>
      <TransferPanel />
      <Toasts />
    </>
  );
}
