import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { SessionInfo } from '../../engine/calls.js';
import type { ChatRow } from '../../engine/chat-calls.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { type MenuChoice, MenuButton } from '../../ui/menu.js';
import { chatName } from './chat-name.js';
import { canChange } from './chat-rights.js';
import type { DialogChat } from './dialog-chat.js';

export { EmojiButton } from './emoji-button.js';

// Loaded when they are wanted.
const NewChatDialog = lazy(async () => ({ default: (await import('./new-chat-dialog.js')).NewChatDialog }));
const MembersDialog = lazy(async () => ({ default: (await import('./members-dialog.js')).MembersDialog }));
const ChatDetailsDialog = lazy(async () => ({ default: (await import('./chat-details-dialog.js')).ChatDetailsDialog }));
const ChatMediaDialog = lazy(async () => ({ default: (await import('./chat-media-dialog.js')).ChatMediaDialog }));
const ChatSearchDialog = lazy(async () => ({ default: (await import('./chat-search-dialog.js')).ChatSearchDialog }));

/** What the parts of a conversation are given that have files of their own. */
export interface ConversationSlotProps {
  readonly session: SessionInfo;
  readonly chat: ChatRow;
  /** Title, picture or members have changed, or the account has left. */
  readonly onChanged: () => void;
  /** Shows a message, by its place in the log. */
  readonly onJump: (index: number) => void;
  /** The chat was deleted: there is nothing to be shown any more. */
  readonly onGone: () => void;
}

type Open = 'members' | 'details' | 'media' | 'search';

/** The buttons in the bar of a conversation: search, and a menu with the people, the name and the picture, and what was sent. */
export function ConversationTools({ session, chat: row, onChanged, onJump, onGone }: ConversationSlotProps): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const chat: DialogChat = { ...row, name: chatName(row, session.username, language, text) };
  const close = (): void => {
    setOpen(undefined);
  };
  const jump = (index: number): void => {
    close();
    onJump(index);
  };
  const choice = (id: Open, icon: MenuChoice['icon'] & string, label: string, isDisabled = false): MenuChoice => ({
    id,
    icon,
    label,
    isDisabled,
    onChoose: () => {
      setOpen(id);
    },
  });
  const choices: readonly MenuChoice[] = [
    choice('members', 'people', text('chatTools.members')),
    choice('details', 'edit', text('chatDetails.title'), !canChange(row)),
    choice('media', 'image', text('chatTools.media')),
  ];
  return (
    <>
      <IconButton
        icon="search"
        label={text('chatTools.search')}
        onPress={() => {
          setOpen('search');
        }}
      />
      <MenuButton label={text('chatTools.menu')} choices={choices}>
        <IconButton icon="more" label={text('chatTools.menu')} />
      </MenuButton>
      <Suspense fallback={null}>
        {open === 'members' ? <MembersDialog chat={chat} onChanged={onChanged} onDeleted={onGone} onClose={close} /> : null}
        {open === 'details' ? <ChatDetailsDialog chat={chat} onChanged={onChanged} onClose={close} /> : null}
        {open === 'media' ? <ChatMediaDialog chat={chat} onJump={jump} onClose={close} /> : null}
        {open === 'search' ? <ChatSearchDialog chat={chat} onJump={jump} onClose={close} /> : null}
      </Suspense>
    </>
  );
}

/** The button above the list of chats that makes a new one. */
export function NewChatButton({ onCreated }: { readonly session: SessionInfo; readonly onCreated: (id: string) => void }): ReactNode {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        kind="primary"
        icon="people"
        onPress={() => {
          setOpen(true);
        }}
      >
        {text('newChat.title')}
      </Button>
      <Suspense fallback={null}>
        {isOpen ? (
          <NewChatDialog
            onCreated={(id) => {
              setOpen(false);
              onCreated(id);
            }}
            onClose={() => {
              setOpen(false);
            }}
          />
        ) : null}
      </Suspense>
    </>
  );
}
