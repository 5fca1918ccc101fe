import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { EmptyState } from '../../ui/empty-state.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import type { DialogChat } from './dialog-chat.js';
import styles from './dialogs.module.css';
import { MediaTile } from './media-tile.js';
import { useChatMedia } from './use-chat-media.js';

/** The pictures and files of a chat, newest first. */
export function ChatMediaDialog({
  chat,
  onJump,
  onClose,
}: {
  readonly chat: Pick<DialogChat, 'id' | 'name'>;
  /** Shows the message at this place of the log. */
  readonly onJump: (index: number) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const { items, isLoading, next, error, more } = useChatMedia(chat.id);
  return (
    <Dialog
      title={text('chatMedia.title', { name: chat.name })}
      cutsTitle
      size="wide"
      onClose={onClose}
      actions={<Button onPress={onClose}>{text('action.close')}</Button>}
    >
      {items.length === 0 ? null : (
        <ul className={styles['media']} aria-label={text('chatMedia.list')}>
          {items.map((item) => (
            <MediaTile
              key={`${item.line.ref}/${item.place}`}
              id={chat.id}
              item={item}
              onShow={() => {
                onJump(item.line.index);
              }}
            />
          ))}
        </ul>
      )}
      {isLoading ? <ProgressBar label={text('chatMedia.loading')} value={undefined} isLabelHidden={items.length > 0} /> : null}
      {error === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(error, text)}</p>
          <Button onPress={more}>{text('action.retry')}</Button>
        </Notice>
      )}
      {items.length === 0 && !isLoading && error === undefined ? (
        <EmptyState icon="image" title={text('chatMedia.none')}>
          <p>{text('chatMedia.none.help')}</p>
        </EmptyState>
      ) : null}
      {next === undefined || isLoading || error !== undefined ? null : (
        <div>
          <Button onPress={more}>{text('chatMedia.more')}</Button>
        </div>
      )}
    </Dialog>
  );
}
