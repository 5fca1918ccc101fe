import { type ReactNode, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import type { ChatAttachmentName } from '../../engine/chat-calls.js';
import { useText } from '../../i18n/text.js';
import { AttachmentView } from './attachment-view.js';
import styles from './attachment.module.css';

/** Attachments of a message that are shown before somebody asks for all of them. */
export const MAX_SHOWN = 10;

/** What a message shows: the first files, and a button for the rest. */
export function AttachmentList({
  id,
  messageRef,
  attachments,
  author,
  isStop,
}: {
  readonly id: string;
  readonly messageRef: string;
  readonly attachments: readonly ChatAttachmentName[];
  readonly author: string;
  /** Whether the Tab key leads to what can be done with them. */
  readonly isStop: boolean;
}): ReactNode {
  const text = useText();
  const [isAll, setAll] = useState(false);
  const shown = isAll ? attachments : attachments.slice(0, MAX_SHOWN);
  const count = attachments.length - shown.length;
  return (
    <>
      {shown.map((attachment, place) => (
        // The same file may be in it twice.
        <AttachmentView key={place} id={id} messageRef={messageRef} place={place} attachment={attachment} author={author} isStop={isStop} />
      ))}
      {count === 0 ? null : (
        <AriaButton
          className={`${styles['attachment']} ${styles['small']} ${styles['more']}`}
          excludeFromTabOrder={!isStop}
          onPress={() => {
            setAll(true);
          }}
        >
          {text('chat.files.more', { count })}
        </AriaButton>
      )}
    </>
  );
}
