import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useConnection } from '../../engine/connection-store.js';
import { useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { PostText } from '../news/post-text.js';
import { quoteText } from './message-row.js';
import styles from './message.module.css';
import { outbox, type Outgoing } from './outbox.js';

/** A message that is not sent yet, with what becomes of it. `isNext`: no other one is before it. */
export function OutgoingRow({ message, isNext }: { readonly message: Outgoing; readonly isNext: boolean }): ReactNode {
  const text = useText();
  const connection = useConnection();
  const { key, state, progress, files, quote, error } = message;
  const isWaiting = state === 'waiting' || (state === 'sending' && connection === 'away');
  const words =
    state === 'failed'
      ? text('chat.state.failed')
      : isWaiting
        ? text(isNext || connection === 'away' ? 'chat.state.waiting' : 'chat.state.next')
        : text('chat.state.sending');
  return (
    <article className={styles['message']} data-own="true" data-first="true" data-state={state} aria-label={words}>
      <div className={styles['bubble']}>
        {quote === undefined || quote.author === undefined ? null : <p className={styles['quote']}>{quoteText(quote, text)}</p>}
        <PostText text={message.text} />
        {files.map((file, i) => (
          // The same file may be in it twice.
          <p key={i} className={styles['file']}>
            <Icon name="file" />
            <Name>{file.name}</Name>
          </p>
        ))}
        {state === 'sending' && files.length > 0 ? <ProgressBar label={text('chat.state.sending')} value={progress} isLabelHidden /> : null}
        <p className={styles['facts']} role="status">
          <Icon name={state === 'failed' ? 'damaged' : 'clock'} size={14} /> {words}
        </p>
        {state === 'failed' ? <p className={styles['fault']}>{faultText(error, text)}</p> : null}
        {state === 'failed' ? (
          <div className={styles['choices']}>
            <Button
              onPress={() => {
                outbox().retry(key);
              }}
            >
              {text('action.retry')}
            </Button>
            <Button
              onPress={() => {
                outbox().discard(key);
              }}
            >
              {text('chat.discard')}
            </Button>
          </div>
        ) : null}
      </div>
      {state === 'failed' || (state === 'sending' && files.length === 0 && !isWaiting) ? null : (
        <IconButton
          icon="close"
          label={text(isWaiting ? 'chat.discard' : 'chat.stop')}
          onPress={() => {
            outbox().discard(key);
          }}
        />
      )}
    </article>
  );
}
