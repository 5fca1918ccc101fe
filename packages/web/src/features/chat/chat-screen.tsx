import { type ReactNode, useEffect } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import { useConnection } from '../../engine/connection-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { EmptyState } from '../../ui/empty-state.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { ChatList } from './chat-list.js';
import styles from './chat.module.css';
import { chatName } from './chat-name.js';
import { NewChatButton } from './chat-slots.js';
import { chats, useChats } from './chats-store.js';
import { ConversationView } from './conversation-view.js';
import { DeleteDamaged } from './delete-damaged.js';
import { NoChats } from './no-chats.js';
import { useAttention } from './use-attention.js';

/** All chats beside the one that is open; on a phone one of both. */
export function ChatScreen({ session, id }: { readonly session: SessionInfo; readonly id: string | undefined }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { username } = session;
  useEffect(() => {
    chats().enter(username);
  }, [username]);
  useAttention(id);
  const { listing, error } = useChats();
  const connection = useConnection();
  const chat = listing?.chats.find((one) => one.id === id);
  const damaged = listing?.damaged.find((one) => one.id === id);
  const name = chat === undefined ? text('chats.title') : chatName(chat, username, language, text);
  const leave = (): void => {
    goTo({ name: 'chats', id: undefined });
    void chats().reload();
  };
  const isEmpty = listing !== undefined && listing.chats.length + listing.invitations.length + listing.damaged.length === 0;
  const Heading = id === undefined ? 'h1' : 'h2';
  return (
    <Shell session={session} title={name}>
      <div className={styles['screen']} data-open={id !== undefined} data-empty={isEmpty}>
        <div className={styles['side']}>
          <div className={styles['bar']}>
            <Heading className={styles['heading']}>{text('chats.title')}</Heading>
            <NewChatButton
              session={session}
              onCreated={(created) => {
                void chats().reload();
                goTo({ name: 'chats', id: created });
              }}
            />
          </div>
          <div className={styles['chats']}>
            {error === undefined || connection === 'away' ? null : (
              <Notice kind="problem">
                <p>{faultText(error, text)}</p>
                <Button onPress={() => void chats().update()}>{text('action.retry')}</Button>
              </Notice>
            )}
            {listing === undefined && error === undefined ? <ProgressBar label={text('chats.loading')} value={undefined} /> : null}
            {listing === undefined ? null : <ChatList listing={listing} self={username} open={id} />}
            {isEmpty ? <NoChats /> : null}
          </div>
        </div>
        <div className={styles['pane']}>
          {id === undefined ? (
            listing === undefined || listing.chats.length === 0 ? null : (
              <EmptyState icon="chat" title={text('chats.choose')}>
                <p>{text('chats.choose.help')}</p>
              </EmptyState>
            )
          ) : damaged === undefined ? (
            <ConversationView key={id} id={id} session={session} chat={chat} name={name} onLeave={leave} />
          ) : (
            <div className={styles['damaged']}>
              <div className={styles['bar']}>
                <span className={styles['back']}>
                  <IconButton icon="back" label={text('chat.back')} onPress={leave} />
                </span>
                <h1 className={styles['heading']}>{text('chats.damaged')}</h1>
              </div>
              <Notice kind="problem">
                <p>{faultText(new EngineError(damaged.fault), text)}</p>
                <Button onPress={() => void chats().reload()}>{text('action.retry')}</Button>
              </Notice>
              <DeleteDamaged id={id} onDeleted={leave} />
            </div>
          )}
        </div>
      </div>
    </Shell>
  );
}
