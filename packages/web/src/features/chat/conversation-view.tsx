import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { SessionInfo } from '../../engine/calls.js';
import type { ChatLine, ChatRow } from '../../engine/chat-calls.js';
import { useConnection } from '../../engine/connection-store.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { IsolatedText } from '../../i18n/visible-name.js';
import { Button, IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { useDropTarget } from '../drive/use-drop-target.js';
import { Announcer } from './announcer.js';
import { ChatComposer, type ComposerMode } from './chat-composer.js';
import styles from './chat.module.css';
import { ChatPictureView } from './chat-picture.js';
import { ConversationTools } from './chat-slots.js';
import { chats } from './chats-store.js';
import { MessageList } from './message-list.js';
import { useOutgoing } from './outbox.js';
import { useConversation } from './use-conversation.js';

/** An open chat: who is in it, its messages, and the field for another one. */
export function ConversationView({
  id,
  session,
  chat,
  name,
  onLeave,
}: {
  readonly id: string;
  readonly session: SessionInfo;
  /** Undefined as long as the chats are not listed. */
  readonly chat: ChatRow | undefined;
  readonly name: string;
  /** Shows no chat any more. */
  readonly onLeave: () => void;
}): ReactNode {
  const text = useText();
  const conversation = useConversation(id, chat?.unread ?? 0);
  const { held, error, unreachable, waiting } = conversation;
  // What is away says so above.
  const connection = useConnection();
  const outgoing = useOutgoing(id);
  const [mode, setMode] = useState<ComposerMode>({ kind: 'write' });
  const [files, setFiles] = useState<readonly File[]>([]);
  const [deleting, setDeleting] = useState<ChatLine | undefined>(undefined);
  const reply = useCallback((line: ChatLine): void => {
    setMode({ kind: 'reply', line });
  }, []);
  const edit = useCallback((line: ChatLine): void => {
    setMode({ kind: 'edit', line });
  }, []);
  const add = useCallback((more: readonly File[]): void => {
    setFiles((before) => [...before, ...more]);
  }, []);
  const drop = useDropTarget(({ items }) => {
    add(items.flatMap(({ file }) => file ?? []));
  });
  // What somebody writes while they look at a place far above stands at the end.
  const lastOut = outgoing.at(-1)?.key;
  const { toNewest } = conversation;
  /** Whether somebody has asked for the newest messages, and is to be at the last one of them. */
  const asksForNewest = useRef(false);
  const isElsewhere = useRef(false);
  isElsewhere.current = held?.after !== undefined;
  useEffect(() => {
    if (lastOut === undefined || !isElsewhere.current) return;
    asksForNewest.current = false;
    toNewest();
  }, [lastOut, toNewest]);
  const canWrite = chat?.writable === 'yes';
  const marked = useRef(-1);
  /** The newest message of somebody else that nobody has seen. */
  const fresh = held?.lines.findLast(({ isNew, isOwn }) => isNew && !isOwn)?.index;
  /** Everything that is at hand has been seen. */
  const markSeen = useCallback((): void => {
    if (fresh === undefined || fresh <= marked.current || document.visibilityState !== 'visible') return;
    const before = marked.current;
    marked.current = fresh;
    engine()
      .call('chat.markSeen', { id, upTo: fresh })
      .then(
        () => {
          chats().noteSeen(id);
        },
        // The next time.
        () => {
          marked.current = before;
        },
      );
  }, [id, fresh]);

  return (
    <section
      className={`${styles['conversation']} ${drop.isOver && canWrite ? styles['over'] : ''}`}
      aria-label={IsolatedText.of(name).text}
      {...(canWrite ? drop.handlers : {})}
    >
      <header className={styles['bar']}>
        <span className={styles['back']}>
          <IconButton icon="back" label={text('chat.back')} onPress={onLeave} />
        </span>
        {chat === undefined ? null : <ChatPictureView chat={chat} self={session.username} size={36} />}
        <h1 className={styles['heading']}>
          <Name>{name}</Name>
        </h1>
        {chat === undefined ? null : (
          <ConversationTools
            session={session}
            chat={chat}
            onChanged={() => {
              conversation.reload();
              void chats().reload();
            }}
            onJump={conversation.jumpTo}
            onGone={onLeave}
          />
        )}
      </header>
      {drop.isOver && canWrite ? (
        <p className={styles['drop']} aria-hidden="true">
          {text('chat.drop')}
        </p>
      ) : null}
      {error === undefined || connection === 'away' ? null : (
        <Notice kind="problem">
          <p>{faultText(error, text)}</p>
          <Button onPress={conversation.reload}>{text('action.retry')}</Button>
        </Notice>
      )}
      {held?.problem === undefined ? null : (
        <Notice kind="problem">
          <p>{text('chat.problem')}</p>
        </Notice>
      )}
      {waiting.forRoom.length === 0 ? null : (
        <Notice kind="problem">
          <p>{text('chat.waiting.room', { names: IsolatedText.of(waiting.forRoom.join(', ')) })}</p>
        </Notice>
      )}
      {waiting.forTime.length === 0 ? null : (
        <p className={styles['unreachable']}>{text('chat.waiting.time', { names: IsolatedText.of(waiting.forTime.join(', ')) })}</p>
      )}
      {unreachable.length === 0 ? null : (
        <p className={styles['unreachable']}>{text('chat.unreachable', { names: IsolatedText.of(unreachable.join(', ')) })}</p>
      )}
      {held === undefined ? (
        error === undefined ? (
          <ProgressBar label={text('chats.loading')} value={undefined} isLabelHidden />
        ) : null
      ) : (
        <MessageList
          key={held.run}
          name={name}
          lines={held.lines}
          outgoing={held.after === undefined ? outgoing : []}
          at={held.at}
          unreadFrom={held.unreadFrom}
          unread={chat?.unread ?? 0}
          isGroup={(chat?.members.length ?? 0) > 2}
          canWrite={canWrite}
          hasOlder={held.before !== undefined}
          hasNewer={held.after !== undefined}
          isLoadingOlder={conversation.isLoadingOlder}
          takesFocus={asksForNewest.current}
          asked={deleting?.ref}
          chatId={id}
          onOlder={conversation.loadOlder}
          onNewer={conversation.loadNewer}
          onJump={conversation.jumpTo}
          onNewest={() => {
            asksForNewest.current = true;
            toNewest();
          }}
          onVisible={conversation.noteSeen}
          onAtEnd={markSeen}
          onReply={reply}
          onEdit={edit}
          onDelete={setDeleting}
        />
      )}
      <Announcer lines={conversation.arrived} />
      {chat === undefined || canWrite ? (
        <ChatComposer
          id={id}
          isDisabled={chat === undefined}
          mode={mode}
          files={files}
          onFiles={setFiles}
          onMode={setMode}
          onEdited={conversation.takeLine}
          // Not the one before what is still on its way: that would be another one than the writer means.
          lastOwn={() =>
            outgoing.length > 0 ? undefined : held?.lines.findLast(({ isOwn, kind, isDeleted }) => isOwn && kind === 'text' && !isDeleted)
          }
        />
      ) : (
        <p className={styles['closed']} role="status">
          {text(`chat.closed.${chat.writable}`)}
        </p>
      )}
      {deleting === undefined ? null : (
        <DeleteDialog
          id={id}
          line={deleting}
          onDone={(isDeleted) => {
            setDeleting(undefined);
            if (!isDeleted) return;
            conversation.takeLine({ ...deleting, isDeleted: true, text: '', attachments: [] });
            if (mode.kind !== 'write' && mode.line.ref === deleting.ref) setMode({ kind: 'write' });
            void chats().reload();
          }}
        />
      )}
    </section>
  );
}

function DeleteDialog({
  id,
  line,
  onDone,
}: {
  readonly id: string;
  readonly line: ChatLine;
  readonly onDone: (isDeleted: boolean) => void;
}): ReactNode {
  const text = useText();
  const [isPending, setPending] = useState(false);
  const remove = async (): Promise<void> => {
    setPending(true);
    try {
      await engine().call('chat.deleteMessage', { id, ref: line.ref });
      onDone(true);
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
      onDone(false);
    }
  };
  return (
    <ConfirmDialog
      title={text('chat.delete.title')}
      action={text('chat.delete')}
      kind="danger"
      isPending={isPending}
      onConfirm={() => void remove()}
      onClose={() => {
        onDone(false);
      }}
    >
      <p>{text('chat.delete.help')}</p>
    </ConfirmDialog>
  );
}
