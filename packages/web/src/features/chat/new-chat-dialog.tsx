import { MAX_CHAT_TITLE_LENGTH } from '@pyrgos/core/limits';
import { type ReactNode, useId, useState } from 'react';
import type { ChatPicture, ChatRow } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { useWork } from '../sharing/use-work.js';
import styles from './dialogs.module.css';
import { useChats } from './chats-store.js';
import { FriendChoice } from './friend-choice.js';
import { IconField } from './icon-field.js';
import { TaskState } from './task-state.js';

/** Makes a chat with friends. */
export function NewChatDialog({
  onCreated,
  onClose,
}: {
  /** Told the id of the chat that was made, or is taken instead. */
  readonly onCreated: (id: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const friends = useId();
  const work = useWork();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [title, setTitle] = useState('');
  const [icon, setIcon] = useState<ChatPicture | undefined>(undefined);

  const same = useChats().listing?.chats.find((chat) => isAmong(chat, chosen));

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
        {same === undefined ? null : (
          <p className={styles['row']} role="status">
            {text('newChat.same')}
            <Button
              isDisabled={work.isWorking}
              onPress={() => {
                onCreated(same.id);
              }}
            >
              {text('newChat.same.open')}
            </Button>
          </p>
        )}
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

/** Whether a chat is one of these people and nobody else, but for whoever looks. */
function isAmong({ members, pending, writable, app }: ChatRow, people: ReadonlySet<string>): boolean {
  const all = new Set([...members, ...pending]);
  return (
    people.size > 0 && writable === 'yes' && app === undefined && all.size === people.size + 1 && [...people].every((name) => all.has(name))
  );
}
