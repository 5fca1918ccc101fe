import { MAX_CHAT_SEARCH_LENGTH } from '@pyrgos/core/limits';
import { type ReactNode, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { ChatLine } from '../../engine/chat-calls.js';
import { formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { EmptyState } from '../../ui/empty-state.js';
import { TextField } from '../../ui/field.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import type { DialogChat } from './dialog-chat.js';
import styles from './dialogs.module.css';
import { snippetOf } from './snippet.js';
import { useChatSearch } from './use-chat-search.js';

/** Looks for messages of a chat, newest first, and shows one in the chat. */
export function ChatSearchDialog({
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
  const [typed, setTyped] = useState('');
  const { query, found, state, next, error, run, more, stop } = useChatSearch(chat.id);
  const count = found.length;
  return (
    <Dialog
      title={text('chatSearch.title', { name: chat.name })}
      cutsTitle
      size="wide"
      onClose={onClose}
      actions={<Button onPress={onClose}>{text('action.close')}</Button>}
    >
      <form
        className={styles['search']}
        role="search"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== '') run(typed.trim());
        }}
      >
        <TextField
          label={text('chatSearch.text')}
          type="search"
          autoFocus
          autoComplete="off"
          maxLength={MAX_CHAT_SEARCH_LENGTH}
          value={typed}
          onChange={setTyped}
        />
        {state === 'running' ? (
          <Button onPress={stop}>{text('chatSearch.stop')}</Button>
        ) : (
          <Button kind="primary" icon="search" type="submit">
            {text('chatSearch.submit')}
          </Button>
        )}
      </form>
      {state === 'idle' ? <p className={styles['quiet']}>{text('chatSearch.hint')}</p> : null}
      {state === 'running' ? <ProgressBar label={text('chatSearch.running')} value={undefined} isLabelHidden={count > 0} /> : null}
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      <p role="status" className={styles['quiet']}>
        {state === 'stopped' || state === 'done'
          ? text(`chatSearch.state.${state === 'done' && next !== undefined ? 'more' : state}`, { count })
          : ''}
      </p>
      {state === 'done' && count === 0 && next === undefined ? (
        <EmptyState icon="search" title={text('chatSearch.none')}>
          <p>{text('chatSearch.none.help')}</p>
        </EmptyState>
      ) : null}
      {count === 0 ? null : (
        <ul className={styles['list']} aria-label={text('chatSearch.results')}>
          {found.map((message) => (
            <Result
              key={message.index}
              message={message}
              query={query}
              onPress={() => {
                onJump(message.index);
              }}
            />
          ))}
        </ul>
      )}
      {next === undefined || state === 'running' ? null : (
        <div>
          <Button onPress={more}>{text('chatSearch.more')}</Button>
        </div>
      )}
    </Dialog>
  );
}

function Result({
  message: { author, time, text: words },
  query,
  onPress,
}: {
  readonly message: ChatLine;
  readonly query: string;
  readonly onPress: () => void;
}): ReactNode {
  const language = useLanguage();
  return (
    <li>
      <AriaButton className={styles['result'] ?? ''} onPress={onPress}>
        <span className={styles['name']}>
          <Name>{author}</Name>
          <time className={styles['quiet']} dateTime={new Date(time).toISOString()}>
            {formatTime(time, language)}
          </time>
        </span>
        <span dir="auto">
          {snippetOf(words, query).map(({ text: part, isMatch }, i) =>
            // A part has nothing but its place.
            isMatch ? <mark key={i}>{visibleName(part)}</mark> : <span key={i}>{visibleName(part)}</span>,
          )}
        </span>
      </AriaButton>
    </li>
  );
}
