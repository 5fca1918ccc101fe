import { MAX_CHAT_TITLE_LENGTH } from '@pyrgos/core/limits';
import { type ReactNode, useState } from 'react';
import type { ChatPicture } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { showToast } from '../../ui/toasts.js';
import { useWork } from '../sharing/use-work.js';
import type { DialogChat } from './dialog-chat.js';
import styles from './dialogs.module.css';
import { IconField } from './icon-field.js';
import { TaskState } from './task-state.js';

/** Changes the name and the picture of a chat, for everybody in it. */
export function ChatDetailsDialog({
  chat,
  onChanged,
  onClose,
}: {
  readonly chat: DialogChat;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const work = useWork();
  const [title, setTitle] = useState(chat.title);
  const [icon, setIcon] = useState<ChatPicture | undefined>(chat.icon);

  const save = async (): Promise<void> => {
    const { id } = chat;
    const isDone = await work.run(async ({ signal }) => {
      if (title.trim() !== chat.title) await engine().call('chat.setTitle', { id, title: title.trim() }, { signal });
      if (icon !== chat.icon) await engine().call('chat.setIcon', { id, icon }, { signal });
    });
    // One of the two may have been done.
    onChanged();
    if (!isDone) return;
    showToast({ kind: 'good', text: text('chatDetails.saved') });
    onClose();
  };
  const close = (): void => {
    work.cancel();
    onClose();
  };
  return (
    <Dialog
      title={text('chatDetails.title')}
      onClose={close}
      actions={
        <>
          <Button
            kind="primary"
            isDisabled={title.trim() === chat.title && icon === chat.icon}
            isPending={work.isWorking}
            onPress={() => void save()}
          >
            {text('action.save')}
          </Button>
          <Button onPress={close}>{text('action.cancel')}</Button>
        </>
      }
    >
      <p className={styles['quiet']}>{text('chatDetails.help')}</p>
      <TextField
        label={text('newChat.name')}
        help={text('newChat.name.help')}
        autoComplete="off"
        maxLength={MAX_CHAT_TITLE_LENGTH}
        value={title}
        onChange={setTitle}
        isDisabled={work.isWorking}
      />
      <IconField icon={icon} isDisabled={work.isWorking} onChange={setIcon} />
      <TaskState work={work} label={text('chatDetails.saving')} />
    </Dialog>
  );
}
