import { memo, type ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import type { ChatLine, ChatQuoteOf } from '../../engine/chat-calls.js';
import { formatClock, formatDay, formatTime } from '../../i18n/format.js';
import { type TextFunction, useText } from '../../i18n/text.js';
import { IconButton } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { MenuButton } from '../../ui/menu.js';
import { Name } from '../../ui/name.js';
import { PostText } from '../news/post-text.js';
import { Avatar } from '../profile/avatar.js';
import { PersonLink } from '../profile/person-link.js';
import { AttachmentView } from './attachment-view.js';
import { type ConversationRow, isSameDay } from './conversation-rows.js';
import { eventText, oneLine } from './line-text.js';
import { type MessageActions, messageChoices } from './message-choices.js';
import styles from './message.module.css';

/** Milliseconds from the beginning of a day to some time of the one before, summer time or not. */
const HALF_DAY = 43_200_000;

/** See {@link MessageRow}. */
interface MessageRowProps {
  readonly row: ConversationRow;
  /** Of the element. */
  readonly id: string;
  readonly chatId: string;
  readonly language: string;
  /** When the day has begun, where the reader is. */
  readonly today: number;
  readonly isGroup: boolean;
  /** Whether the Tab key leads to it. */
  readonly isStop: boolean;
  /** Whether somebody has jumped to it. */
  readonly isMarked: boolean;
  readonly actions: MessageActions;
  readonly onFocus: (ref: string) => void;
  readonly onQuote: (quote: ChatQuoteOf) => void;
}

/** One message, with the day and the mark of what is unread above it. Drawn again only when something of it changes, not for each step of scrolling. */
export const MessageRow = memo(MessageRowView, isSame);

/** Rows are put together anew whenever a page comes; most of them say what they said before. */
function isSame({ row, ...before }: MessageRowProps, { row: nextRow, ...next }: MessageRowProps): boolean {
  return shallowEqual(before, next) && shallowEqual(row, nextRow);
}

function shallowEqual<T extends object>(one: T, other: T): boolean {
  const keys = Object.keys(one) as (keyof T)[];
  return keys.length === Object.keys(other).length && keys.every((key) => Object.is(one[key], other[key]));
}

function MessageRowView(props: MessageRowProps): ReactNode {
  const { row, language, today } = props;
  const text = useText();
  return (
    <>
      {row.isNewDay ? <h2 className={styles['day']}>{dayText(row.line.time, today, language, text)}</h2> : null}
      {row.isFirstUnread ? (
        <p className={styles['unread']}>
          <span>{text('chat.unread')}</span>
        </p>
      ) : null}
      {row.line.kind === 'text' ? (
        <Bubble {...props} />
      ) : (
        <article
          id={props.id}
          className={styles['event']}
          tabIndex={props.isStop ? 0 : -1}
          aria-label={formatTime(row.line.time, language)}
          onFocus={() => {
            props.onFocus(row.line.ref);
          }}
        >
          {eventText(row.line, language, text)}
        </article>
      )}
    </>
  );
}

function Bubble({ row, id, chatId, language, isGroup, isStop, isMarked, actions, onFocus, onQuote }: MessageRowProps): ReactNode {
  const text = useText();
  const { line, isFirstOfGroup, isLastOfGroup } = row;
  const { author, isOwn, isDeleted, quote } = line;
  const time = formatTime(line.time, language);
  const choices = messageChoices(line, actions, text);
  return (
    <article
      id={id}
      className={styles['message']}
      data-own={isOwn}
      data-first={isFirstOfGroup}
      data-marked={isMarked}
      tabIndex={isStop ? 0 : -1}
      aria-label={isOwn ? text('chat.message.own', { time }) : text('chat.message', { author, time })}
      onFocus={() => {
        onFocus(line.ref);
      }}
    >
      {isOwn || !isGroup ? null : <span className={styles['face']}>{isLastOfGroup ? <Avatar username={author} size={32} /> : null}</span>}
      <div className={styles['bubble']}>
        {isFirstOfGroup && !isOwn && isGroup ? (
          <p className={styles['author']}>
            <PersonLink username={author} />
          </p>
        ) : null}
        {quote === undefined || isDeleted ? null : <Quote quote={quote} isStop={isStop} onQuote={onQuote} />}
        {isDeleted ? <p className={styles['deleted']}>{text('chat.deleted')}</p> : <Words line={line} />}
        {isDeleted
          ? null
          : line.attachments.map((attachment, place) => (
              // The same file may be in it twice.
              <AttachmentView
                key={place}
                id={chatId}
                messageRef={line.ref}
                place={place}
                attachment={attachment}
                author={author}
                isStop={isStop}
              />
            ))}
        <p className={styles['facts']}>
          {line.isEdited && !isDeleted ? `${text('chat.edited')} · ` : ''}
          <time dateTime={new Date(line.time).toISOString()} title={time}>
            {formatClock(line.time, language)}
          </time>
          {isOwn && !isDeleted ? (
            <>
              <Icon name="check" size={14} />
              <span className="visually-hidden">{text('chat.state.sent')}</span>
            </>
          ) : null}
        </p>
      </div>
      {choices.length === 0 ? null : (
        <span className={styles['more']}>
          <MenuButton label={text('chat.menu')} choices={choices}>
            <IconButton icon="more" label={text('chat.menu')} excludeFromTabOrder={!isStop} />
          </MenuButton>
        </span>
      )}
    </article>
  );
}

/** Texts do not change while others come. */
const Words = memo(({ line }: { readonly line: ChatLine }): ReactNode => <PostText text={line.text} />);

function Quote({
  quote,
  isStop,
  onQuote,
}: {
  readonly quote: ChatQuoteOf;
  readonly isStop: boolean;
  readonly onQuote: (quote: ChatQuoteOf) => void;
}): ReactNode {
  const text = useText();
  const { author = text('chat.somebody') } = quote;
  const words = quoteText(quote, text);
  if (quote.index === undefined) return <p className={styles['quote']}>{words}</p>;
  return (
    <AriaButton
      className={styles['quote'] ?? ''}
      excludeFromTabOrder={!isStop}
      onPress={() => {
        onQuote(quote);
      }}
    >
      <span className="visually-hidden">{text('chat.quote', { author })}</span>
      <span className={styles['author']} aria-hidden="true">
        <Name>{author}</Name>
      </span>
      <span className={styles['quoted']} dir="auto">
        {words}
      </span>
    </AriaButton>
  );
}

/** What stands for a message that is answered to. */
export function quoteText({ index, text: words, isDeleted, hasAttachments }: ChatQuoteOf, text: TextFunction): string {
  if (isDeleted) return text('chat.deleted');
  const line = oneLine(words);
  if (line !== '') return line;
  if (hasAttachments) return text('chat.quote.files');
  return index === undefined ? text('chat.quote.gone') : '';
}

function dayText(time: number, today: number, language: string, text: TextFunction): string {
  if (isSameDay(time, today)) return text('chat.today');
  return isSameDay(time, today - HALF_DAY) ? text('chat.yesterday') : formatDay(time, language);
}
