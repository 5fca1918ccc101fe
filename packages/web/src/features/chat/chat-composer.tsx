import { MAX_CHAT_ATTACHMENTS } from '@pyrgos/core/limits';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { ChatLine } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { FileInput } from '../../ui/file-input.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { EmojiButton } from './chat-slots.js';
import styles from './composer.module.css';
import { oneLine } from './line-text.js';
import { lengthNote } from './message-length.js';
import { outbox } from './outbox.js';

/** What the field is for: a message, an answer to one, or another text of an own one. */
export type ComposerMode = { readonly kind: 'write' } | { readonly kind: 'reply' | 'edit'; readonly line: ChatLine };

/** Where messages are written. Enter sends, where there is a keyboard with a Shift key; on a touch screen it begins a new line. */
export function ChatComposer({
  id,
  isDisabled,
  mode,
  files,
  onFiles,
  onMode,
  onEdited,
  lastOwn,
}: {
  readonly id: string;
  readonly isDisabled: boolean;
  readonly mode: ComposerMode;
  /** What goes along. */
  readonly files: readonly File[];
  readonly onFiles: (files: readonly File[]) => void;
  readonly onMode: (mode: ComposerMode) => void;
  readonly onEdited: (line: ChatLine) => void;
  /** The own message that was written last, which an arrow up in the empty field edits. */
  readonly lastOwn: () => ChatLine | undefined;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const hint = useId();
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const [words, setWords] = useState(() => outbox().draftOf(id));
  const [problem, setProblem] = useState<unknown>(undefined);
  const [isSaving, setSaving] = useState(false);
  const isEdit = mode.kind === 'edit';
  const shown = files.slice(0, MAX_CHAT_ATTACHMENTS);
  const note = lengthNote(words);
  const canSend = !isDisabled && !isSaving && !note.isTooLong && (words.trim() !== '' || (!isEdit && files.length > 0));
  const hasKeys = !matchMedia('(pointer: coarse)').matches;
  const write = (next: string): void => {
    setWords(next);
    if (!isEdit) outbox().noteDraft(id, next);
  };

  // Whoever chooses a chat, or to answer something, goes on to write; on a touch screen that would open the keyboard.
  const { kind } = mode;
  const edited = mode.kind === 'edit' ? mode.line : undefined;
  useEffect(() => {
    if (hasKeys || kind !== 'write') field.current?.focus();
  }, [hasKeys, kind]);
  useEffect(() => {
    setProblem(undefined);
    setWords(edited === undefined ? outbox().draftOf(id) : edited.text);
  }, [id, edited]);
  // As high as its text, up to what the style sheet allows.
  useEffect(() => {
    const { current: area } = field;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [words]);

  const save = async (line: ChatLine): Promise<void> => {
    setSaving(true);
    setProblem(undefined);
    try {
      onEdited(await engine().call('chat.edit', { id, ref: line.ref, text: words }));
      onMode({ kind: 'write' });
    } catch (error) {
      setProblem(error);
    }
    setSaving(false);
    field.current?.focus();
  };
  const send = (): void => {
    if (!canSend) return;
    if (mode.kind === 'edit') {
      if (words === mode.line.text) onMode({ kind: 'write' });
      else void save(mode.line);
      return;
    }
    outbox().add({ id, text: words.trimEnd(), files: shown, quote: mode.kind === 'reply' ? quoteOf(mode.line) : undefined });
    write('');
    onFiles([]);
    onMode({ kind: 'write' });
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // An input method takes Enter for itself.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && hasKeys && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && mode.kind !== 'write') {
      event.preventDefault();
      onMode({ kind: 'write' });
    } else if (event.key === 'ArrowUp' && words === '' && mode.kind === 'write') {
      const line = lastOwn();
      if (line === undefined) return;
      event.preventDefault();
      onMode({ kind: 'edit', line });
    }
  };

  return (
    <form
      className={styles['composer']}
      data-foot
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {mode.kind === 'write' ? null : (
        <div className={styles['mode']}>
          <span className={styles['about']}>
            <strong>
              {isEdit
                ? text('chat.write.edit')
                : text(mode.line.isOwn ? 'chat.write.reply.own' : 'chat.write.reply', { author: mode.line.author })}
            </strong>
            <span className={styles['quoted']} dir="auto">
              {oneLine(mode.line.text)}
            </span>
          </span>
          <IconButton
            icon="close"
            label={text('chat.write.stop')}
            onPress={() => {
              onMode({ kind: 'write' });
            }}
          />
        </div>
      )}
      {isEdit || files.length === 0 ? null : (
        <ul className={styles['files']} aria-label={text('chat.write.files')}>
          {shown.map((file, i) => (
            // The same file may be chosen twice.
            <li key={i}>
              <FilePicture file={file} />
              <span className={styles['about']}>
                <Name>{file.name}</Name> <span className={styles['quiet']}>{formatSize(file.size, language)}</span>
              </span>
              <IconButton
                icon="close"
                label={text('chat.file.leave', { name: file.name })}
                onPress={() => {
                  onFiles(files.filter((_, other) => other !== i));
                }}
              />
            </li>
          ))}
        </ul>
      )}
      {files.length > MAX_CHAT_ATTACHMENTS ? (
        <p className={styles['quiet']}>{text('chat.write.tooMany', { count: MAX_CHAT_ATTACHMENTS })}</p>
      ) : null}
      {isEdit || files.length === 0 ? null : <p className={styles['note']}>{text('chat.write.names')}</p>}
      {problem === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(problem, text)}</p>
        </Notice>
      )}
      <div className={styles['tools']}>
        <FileInput ref={picker} label={text('chat.write.attach')} kind="files" onChoose={(more) => onFiles([...files, ...more])} />
        {isEdit ? null : (
          <IconButton
            icon="attach"
            label={text('chat.write.attach')}
            isDisabled={isDisabled}
            onPress={() => {
              picker.current?.click();
            }}
          />
        )}
        <TextField
          value={words}
          onChange={write}
          className={styles['field'] ?? ''}
          isDisabled={isDisabled || isSaving}
          aria-describedby={hint}
        >
          <Label className="visually-hidden">{text('chat.write')}</Label>
          <TextArea
            ref={field}
            className={styles['area'] ?? ''}
            rows={1}
            dir="auto"
            placeholder={text('chat.write')}
            onKeyDown={onKeyDown}
            onPaste={(event) => {
              const pasted = [...event.clipboardData.files];
              if (isEdit || pasted.length === 0) return;
              event.preventDefault();
              onFiles([...files, ...pasted]);
            }}
          />
        </TextField>
        <EmojiButton
          isDisabled={isDisabled || isSaving}
          onChoose={(emoji) => {
            const { current: area } = field;
            const [from, to] = [area?.selectionStart ?? words.length, area?.selectionEnd ?? words.length];
            write(words.slice(0, from) + emoji + words.slice(to));
            // When the text is there.
            requestAnimationFrame(() => {
              area?.focus();
              area?.setSelectionRange(from + emoji.length, from + emoji.length);
            });
          }}
        />
        <Button kind="primary" type="submit" icon={isEdit ? 'check' : 'send'} isCompact isPending={isSaving} isDisabled={!canSend}>
          {text(isEdit ? 'chat.write.save' : 'chat.write.send')}
        </Button>
      </div>
      <p className={styles['hint']}>
        <span id={hint}>{hasKeys ? text(isEdit ? 'chat.write.keys.edit' : 'chat.write.keys') : ''}</span>
        <span role="status" className={note.isTooLong ? styles['wrong'] : ''}>
          {note.isTooLong
            ? text('chat.write.tooLong', { count: -note.left })
            : note.isNear
              ? text('chat.write.length', { left: note.left })
              : ''}
        </span>
      </p>
    </form>
  );
}

/** What goes along, small, when it is a picture. */
function FilePicture({ file }: { readonly file: File }): ReactNode {
  const [address, setAddress] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (!/^image\/(?:png|jpeg|gif|webp|avif)$/u.test(file.type)) return undefined;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => {
      URL.revokeObjectURL(made);
      setAddress(undefined);
    };
  }, [file]);
  return address === undefined ? null : <img className={styles['thumbnail']} src={address} alt="" />;
}

function quoteOf({ ref, index, author, text, isDeleted, attachments }: ChatLine): Parameters<ReturnType<typeof outbox>['add']>[0]['quote'] {
  return { ref, index, author, text, isDeleted, hasAttachments: attachments.length > 0 };
}
