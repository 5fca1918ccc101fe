import { type ReactNode, useRef, useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { Choice } from '../../ui/choice.js';
import { FileInput } from '../../ui/file-input.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { useDropTarget } from '../drive/use-drop-target.js';
import styles from './news.module.css';

/** Files that a post takes. */
const MAX_FILES = 100;

/** Writes a post, or an answer to something. */
export function Composer({
  parent,
  onPosted,
}: {
  /** The path of what it answers to. */
  readonly parent?: string;
  readonly onPosted: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const picker = useRef<HTMLInputElement>(null);
  const running = useRef<AbortController | undefined>(undefined);
  const [words, setWords] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const [audience, setAudience] = useState<'friends' | 'followers'>('friends');
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [isPosting, setPosting] = useState(false);
  const [problem, setProblem] = useState<unknown>(undefined);
  const isAnswer = parent !== undefined;
  const add = (more: readonly File[]): void => {
    setFiles((before) => [...before, ...more].slice(0, MAX_FILES));
  };
  const drop = useDropTarget(({ items }) => {
    add(items.flatMap(({ file }) => file ?? []));
  });

  const send = async (): Promise<void> => {
    const cancel = new AbortController();
    running.current = cancel;
    setPosting(true);
    setProblem(undefined);
    setProgress(undefined);
    try {
      await engine().call(
        'feed.post',
        { text: words, files, audience: isAnswer ? undefined : audience, parent },
        {
          signal: cancel.signal,
          onEvent: ({ done, total }) => {
            setProgress(total === 0 ? undefined : Math.min(1, done / total));
          },
        },
      );
      setWords('');
      setFiles([]);
      onPosted();
    } catch (error) {
      if (!(error instanceof EngineError && error.isCancelled)) setProblem(error);
    }
    running.current = undefined;
    setPosting(false);
  };

  return (
    <form
      className={`${isAnswer ? styles['answer'] : styles['composer']} ${drop.isOver ? styles['over'] : ''}`}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      {...drop.handlers}
    >
      <TextField value={words} onChange={setWords} className={styles['field'] ?? ''} isDisabled={isPosting}>
        <Label>{text(isAnswer ? 'news.answer.label' : 'news.compose')}</Label>
        <TextArea className={styles['area'] ?? ''} rows={isAnswer ? 2 : 3} dir="auto" />
      </TextField>
      {files.length === 0 ? null : (
        <ul className={styles['files']} aria-label={text('news.files')}>
          {files.map((file, i) => (
            // The same file may be chosen twice.
            <li key={i}>
              <Name>{file.name}</Name> <span className={styles['quiet']}>{formatSize(file.size, language)}</span>
              <IconButton
                icon="close"
                label={text('news.file.remove', { name: file.name })}
                isDisabled={isPosting}
                onPress={() => {
                  setFiles(files.filter((_, other) => other !== i));
                }}
              />
            </li>
          ))}
        </ul>
      )}
      {problem === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(problem, text)}</p>
        </Notice>
      )}
      {isPosting ? <ProgressBar label={text('news.posting')} value={progress} /> : null}
      <div className={styles['tools']}>
        <FileInput ref={picker} label={text('news.attach')} kind="files" onChoose={add} />
        <Button
          icon="image"
          isCompact
          isDisabled={isPosting}
          onPress={() => {
            picker.current?.click();
          }}
        >
          {text('news.attach')}
        </Button>
        {isAnswer ? null : (
          <Choice
            label={text('news.audience')}
            value={audience}
            onChange={setAudience}
            options={[
              { value: 'friends', label: text('news.audience.friends') },
              { value: 'followers', label: text('news.audience.followers') },
            ]}
          />
        )}
        <span className={styles['space']} />
        {isPosting ? (
          <Button
            onPress={() => {
              running.current?.abort();
            }}
          >
            {text('action.cancel')}
          </Button>
        ) : null}
        <Button kind="primary" type="submit" isDisabled={isPosting || (words.trim() === '' && files.length === 0)}>
          {text(isAnswer ? 'news.answer.send' : 'news.post')}
        </Button>
      </div>
    </form>
  );
}
