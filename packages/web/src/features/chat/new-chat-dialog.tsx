import { MAX_CHAT_TITLE_LENGTH } from '@pyrgos/core/limits';
import { type ReactNode, useId, useState } from 'react';
import type { ChatPicture } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { useWork } from '../sharing/use-work.js';
import styles from './dialogs.module.css';
import { FriendChoice } from './friend-choice.js';
import { IconField } from './icon-field.js';
import { TaskState } from './task-state.js';

/** Makes a chat with friends. */
export function NewChatDialog({
  onCreated,
  onClose,
}: {
  /** Told the id of the chat that was made. */
  readonly onCreated: (id: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const friends = useId();
  const work = useWork();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [title, setTitle] = useState('');
  const [icon, setIcon] = useState<ChatPicture | undefined>(undefined);

  const create = async (): Promise<void> => {
    const invite = [...chosen];
    let id = '';
    const isDone = await work.run(async ({ signal }) => {
      ({ id } = await engine().call('chat.create', { title: title.trim(), invite, icon }, { signal }));
    });
    if (!isDone) return;
    onCreated(id);
  };
  const close = (): void => {
    work.cancel();
    onClose();
  };
  return (
    <Dialog
      title={text('newChat.title')}
      onClose={close}
      actions={
        <>
          <Button kind="primary" isDisabled={chosen.size === 0} isPending={work.isWorking} onPress={() => void create()}>
            {text('newChat.action')}
          </Button>
          <Button onPress={close}>{text('action.cancel')}</Button>
        </>
      }
    >
      <section className={styles['part']} aria-labelledby={friends}>
        <h3 id={friends}>{text('newChat.friends')}</h3>
        <FriendChoice label={text('newChat.friends')} chosen={chosen} isDisabled={work.isWorking} onChange={setChosen} />
      </section>
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
      <TaskState work={work} label={text('newChat.working')} />
    </Dialog>
  );
}
