import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { formatRoute, goTo } from '../../app/router.js';
import type { ChatInvite, ChatListing, ChatRow } from '../../engine/chat-calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { formatClock, formatDate } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { showToast } from '../../ui/toasts.js';
import { Avatar } from '../profile/avatar.js';
import styles from './chat-list.module.css';
import { chatName, inviteText } from './chat-name.js';
import { ChatPictureView } from './chat-picture.js';
import { chats } from './chats-store.js';
import { isSameDay } from './conversation-rows.js';
import { previewText } from './line-text.js';
import { useOutgoing } from './outbox.js';

/** More than this is not worth more room. */
const MAX_BADGE = 99;

/** All chats: invitations first, then those in which somebody has written last, then what is damaged. */
export function ChatList({
  listing: { chats: rows, invitations, damaged },
  self,
  open,
}: {
  readonly listing: ChatListing;
  readonly self: string;
  /** The chat that is shown. */
  readonly open: string | undefined;
}): ReactNode {
  const text = useText();
  return (
    <>
      {invitations.length === 0 ? null : (
        <section aria-label={text('chats.invitations')}>
          <ul className={styles['list']}>
            {invitations.map((invitation) => (
              <Invitation key={`${invitation.inviter}/${invitation.id}`} invitation={invitation} />
            ))}
          </ul>
        </section>
      )}
      <nav aria-label={text('chats.list')}>
        <ul className={styles['list']}>
          {rows.map((chat) => (
            <OneChat key={chat.id} chat={chat} self={self} isOpen={chat.id === open} />
          ))}
          {damaged.map(({ id, fault }) => (
            <li key={id}>
              <ChatLink id={id} isOpen={id === open}>
                <span className={styles['picture']}>
                  <Icon name="damaged" size={24} />
                </span>
                <span className={styles['texts']}>
                  <span className={styles['name']}>{text('chats.damaged')}</span>
                  <span className={styles['preview']}>{faultText(new EngineError(fault), text)}</span>
                </span>
              </ChatLink>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

function OneChat({ chat, self, isOpen }: { readonly chat: ChatRow; readonly self: string; readonly isOpen: boolean }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const waiting = useOutgoing(chat.id);
  const { last, unread, updated } = chat;
  const preview = last === undefined ? '' : previewText(last, language, text);
  const author = last?.kind === 'text' ? (last.isOwn ? text('chat.you') : chat.members.length > 2 ? last.author : '') : '';
  return (
    <li>
      <ChatLink id={chat.id} isOpen={isOpen}>
        <ChatPictureView chat={chat} self={self} />
        <span className={styles['texts']}>
          <span className={styles['line']}>
            <span className={styles['name']}>
              <Name>{chatName(chat, self, language, text)}</Name>
            </span>
            {last === undefined ? null : (
              <time className={styles['time']} dateTime={new Date(updated).toISOString()}>
                {isSameDay(updated, Date.now()) ? formatClock(updated, language) : formatDate(updated, language)}
              </time>
            )}
          </span>
          <span className={styles['line']}>
            <span className={styles['preview']} dir="auto">
              {waiting.length > 0 ? (
                text('chats.waiting')
              ) : (
                <>
                  {author === '' ? null : <Name>{`${author}: `}</Name>}
                  {preview}
                </>
              )}
            </span>
            {unread === 0 ? null : (
              <span className={styles['badge']}>
                <span className={styles['number']} data-count={unread > MAX_BADGE ? `${MAX_BADGE}+` : String(unread)} aria-hidden="true" />
                <span className="visually-hidden">{text('chats.unread', { count: unread })}</span>
              </span>
            )}
          </span>
          {chat.app === undefined ? null : <span className={styles['preview']}>{text('chats.ofApp', { app: chat.app })}</span>}
        </span>
      </ChatLink>
    </li>
  );
}

function ChatLink({ id, isOpen, children }: { readonly id: string; readonly isOpen: boolean; readonly children: ReactNode }): ReactNode {
  return (
    <a className={styles['chat']} href={formatRoute({ name: 'chats', id })} aria-current={isOpen ? 'true' : undefined}>
      {children}
    </a>
  );
}

function Invitation({ invitation }: { readonly invitation: ChatInvite }): ReactNode {
  const text = useText();
  const [pending, setPending] = useState<'join' | 'decline' | undefined>(undefined);
  const { id, inviter } = invitation;
  const answer = async (what: 'join' | 'decline', work: () => Promise<void>): Promise<void> => {
    setPending(what);
    try {
      await work();
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
      setPending(undefined);
    }
  };
  const join = async (): Promise<void> => {
    chats().noteRow(await engine().call('chat.join', { id, inviter }));
    goTo({ name: 'chats', id });
    void chats().reload();
  };
  const decline = async (): Promise<void> => {
    await engine().call('chat.decline', { id, inviter });
    await chats().reload();
  };
  return (
    <li className={styles['invitation']}>
      <Avatar username={inviter} size={44} />
      <span className={styles['texts']}>
        <span className={styles['words']}>{inviteText(invitation, text)}</span>
        {invitation.app === undefined ? null : <span className={styles['preview']}>{text('chats.ofApp', { app: invitation.app })}</span>}
      </span>
      <span className={styles['answers']}>
        <Button
          kind="primary"
          isPending={pending === 'join'}
          isDisabled={pending === 'decline'}
          aria-label={text('chats.join.of', { name: inviter })}
          onPress={() => void answer('join', join)}
        >
          {text('chats.join')}
        </Button>
        <Button
          isPending={pending === 'decline'}
          isDisabled={pending === 'join'}
          aria-label={text('chats.decline.of', { name: inviter })}
          onPress={() => void answer('decline', decline)}
        >
          {text('chats.decline')}
        </Button>
      </span>
    </li>
  );
}
