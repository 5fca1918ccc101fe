import type { ReactNode } from 'react';
import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from 'react-aria-components';
import { useText } from '../i18n/text.js';
import { Button, IconButton } from './button.js';
import styles from './toasts.module.css';

/** A message about something that has been done, with a way back if there is one. */
export interface ToastMessage {
  readonly text: string;
  readonly kind: 'good' | 'problem';
  readonly action?: { readonly label: string; readonly onPress: () => void };
}

const SHOWN_AT_A_TIME = 3;
/** Milliseconds; long enough to read and to reach the button. The clock stands still while somebody points at a message or has the focus in it. */
const TIMEOUT = 8000;
/** Milliseconds for which a problem stays: it takes longer to understand. */
const PROBLEM_TIMEOUT = 30_000;

const queue = new ToastQueue<ToastMessage>({ maxVisibleToasts: SHOWN_AT_A_TIME });

/** Shows a message at the edge of the page. A good one takes the place of the good one before: nobody reads a pile of them. */
export function showToast(message: ToastMessage): void {
  if (message.kind === 'problem') {
    // One with a way to go on waits for the answer.
    queue.add(message, message.action === undefined ? { timeout: PROBLEM_TIMEOUT } : {});
    return;
  }
  for (const { key, content } of queue.visibleToasts) if (content.kind === 'good') queue.close(key);
  queue.add(message, { timeout: TIMEOUT });
}

/** Takes all messages away. */
export function clearToasts(): void {
  queue.clear();
}

/** Where messages appear; once in the page. */
export function Toasts(): ReactNode {
  const text = useText();
  return (
    <ToastRegion queue={queue} className={styles['region'] ?? ''}>
      {({ toast }) => (
        <Toast toast={toast} className={`${styles['toast']} ${styles[toast.content.kind]}`}>
          <ToastContent className={styles['content'] ?? ''}>
            <Text slot="title">{toast.content.text}</Text>
          </ToastContent>
          {toast.content.action === undefined ? null : (
            <div className={styles['action']}>
              <Button
                kind="quiet"
                onPress={() => {
                  toast.content.action?.onPress();
                  queue.close(toast.key);
                }}
              >
                {toast.content.action.label}
              </Button>
            </div>
          )}
          <IconButton slot="close" icon="close" label={text('action.close')} />
        </Toast>
      )}
    </ToastRegion>
  );
}
