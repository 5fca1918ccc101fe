import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { SafetyNumberFacts } from '../../engine/social-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { FileInput } from '../../ui/file-input.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { QrCode } from '../settings/qr-code.js';
import styles from './people.module.css';
import { CodeScanner } from './code-scanner.js';
import { peopleFaultText } from './people-fault-text.js';
import { CodeReader, isSafetyCode } from './read-code.js';

/** Digits that are read as one. */
const GROUP = /\d{5}/gu;

/** The safety number of the account and somebody else: to be compared, and marked as compared. */
export function VerifyDialog({
  username,
  onChanged,
  onClose,
}: {
  readonly username: string;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const [number, setNumber] = useState<SafetyNumberFacts | undefined>(undefined);
  const [round, setRound] = useState(0);
  const [error, setError] = useState<unknown>(undefined);
  const [isWorking, setWorking] = useState(false);
  /** What was typed is not that number. */
  const [differs, setDiffers] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    engine()
      .call('social.safetyNumber', { username }, { signal: stop.signal })
      .then(setNumber, (caught: unknown) => {
        if (!stop.signal.aborted) setError(caught);
      });
    return () => {
      stop.abort();
    };
  }, [username, round]);
  const mark = async (isVerified: boolean): Promise<void> => {
    if (number === undefined) return;
    setWorking(true);
    setError(undefined);
    try {
      await engine().call('social.setVerified', { username, digits: number.digits, isVerified });
      onChanged();
      onClose();
    } catch (caught) {
      setError(caught);
      setWorking(false);
      // It may be another one by now.
      setRound((before) => before + 1);
    }
  };
  const isVerified = number?.verification === 'verified';
  return (
    <Dialog
      title={text('verify.title', { name: username })}
      onClose={onClose}
      actions={
        <>
          {number === undefined ? null : (
            <Button
              kind={isVerified ? 'secondary' : 'primary'}
              isPending={isWorking}
              isDisabled={differs && !isVerified}
              onPress={() => void mark(!isVerified)}
            >
              {text(isVerified ? 'verify.unmark' : 'verify.mark')}
            </Button>
          )}
          <Button onPress={onClose}>{text('action.close')}</Button>
        </>
      }
    >
      {error === undefined ? null : <Notice kind="problem">{peopleFaultText(error, username, text)}</Notice>}
      {number === undefined && error === undefined ? <ProgressBar label={text('verify.loading')} value={undefined} isLabelHidden /> : null}
      {number === undefined ? null : (
        <>
          {number.verification === 'changed' ? <Notice kind="problem">{text('people.changed', { name: username })}</Notice> : null}
          {isVerified ? <Notice kind="good">{text('verify.done', { name: username })}</Notice> : null}
          <p>{text('verify.help', { name: username })}</p>
          <p className={styles['digits']} role="group" aria-label={text('verify.number', { name: username })}>
            {(number.digits.match(GROUP) ?? []).map((group, index) => (
              // Groups can be the same; their places cannot.
              // oxlint-disable-next-line react/no-array-index-key
              <span key={index}>{group} </span>
            ))}
          </p>
          <div className={styles['qr']}>
            <QrCode text={number.code} label={text('verify.qr', { name: username })} />
          </div>
          <Comparison
            username={username}
            onCompared={(isSame) => {
              setDiffers(isSame === false);
            }}
          />
        </>
      )}
    </Dialog>
  );
}

/** Compares what the other person was shown, for those who have it as text. */
function Comparison({
  username,
  onCompared,
}: {
  readonly username: string;
  /** Told what came of it; undefined as soon as something else is typed. */
  readonly onCompared: (isSame: boolean | undefined) => void;
}): ReactNode {
  const text = useText();
  const [shown, setShown] = useState('');
  const [result, setResult] = useState<boolean | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [isScanning, setScanning] = useState(false);
  /** There is no code in the picture that was chosen. */
  const [isNoCode, setNoCode] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const compare = async (theirs: string): Promise<void> => {
    setError(undefined);
    try {
      const isSame = await engine().call('social.compareNumber', { username, shown: theirs });
      setResult(isSame);
      onCompared(isSame);
    } catch (caught) {
      setError(caught);
    }
  };
  const change = (value: string): void => {
    setShown(value);
    setResult(undefined);
    setNoCode(false);
    onCompared(undefined);
  };
  const take = (code: string): void => {
    setScanning(false);
    change(code);
    void compare(code);
  };
  const readPicture = async (file: File): Promise<void> => {
    change('');
    const code = await new CodeReader().readFile(file);
    if (code === undefined || !isSafetyCode(code)) setNoCode(true);
    else take(code);
  };
  const answer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The window is longer than many screens.
    answer.current?.scrollIntoView({ block: 'nearest' });
  }, [result, error, isNoCode]);
  return (
    <>
      <form
        className={styles['compare']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (shown.trim() !== '') void compare(shown);
        }}
      >
        <TextField
          label={text('verify.theirs')}
          help={text('verify.theirs.help')}
          isVerbatim
          autoComplete="off"
          value={shown}
          onChange={change}
        />
        <Button type="submit">{text('verify.compare')}</Button>
      </form>
      {isScanning ? (
        <CodeScanner
          onRead={take}
          onClose={() => {
            setScanning(false);
          }}
        />
      ) : (
        <div className={styles['ways']}>
          <Button
            icon="video"
            onPress={() => {
              change('');
              setScanning(true);
            }}
          >
            {text('scan.start')}
          </Button>
          <FileInput
            ref={picker}
            label={text('scan.choose')}
            kind="file"
            accept="image/*"
            onChoose={([file]) => {
              if (file !== undefined) void readPicture(file);
            }}
          />
          <Button
            icon="image"
            onPress={() => {
              picker.current?.click();
            }}
          >
            {text('scan.choose')}
          </Button>
        </div>
      )}
      <div ref={answer}>
        {result === undefined ? null : (
          <Notice kind={result ? 'good' : 'problem'}>{text(result ? 'verify.same' : 'verify.different', { name: username })}</Notice>
        )}
        {isNoCode ? <Notice kind="problem">{text('scan.none')}</Notice> : null}
        {error === undefined ? null : <Notice kind="problem">{peopleFaultText(error, username, text)}</Notice>}
      </div>
    </>
  );
}
