import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { setSession } from '../../app/session-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { PasswordField, TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { showToast } from '../../ui/toasts.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { useSecondFactorQuestion } from './use-second-factor-question.js';
import { KeepChoice } from './keep-choice.js';
import styles from './welcome.module.css';

/** User name, password, and what else the server asks for. */
export function LogInForm({ username: known }: { readonly username: string }): ReactNode {
  const text = useText();
  const [username, setUsername] = useState(known);
  const [password, setPassword] = useState('');
  const [keep, setKeep] = useState(false);
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [isWorking, setWorking] = useState(false);
  const [wasTried, setTried] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const cancel = useRef(new AbortController());

  const question = useSecondFactorQuestion(() => {
    cancel.current.abort();
  });

  const logIn = async (): Promise<void> => {
    setWorking(true);
    setError(undefined);
    setProgress(0);
    cancel.current = new AbortController();
    try {
      const session = await engine().call(
        'session.logIn',
        { username, password, keep },
        {
          signal: cancel.current.signal,
          onEvent: ({ phase, done }) => {
            setProgress(phase === 'key-derivation' && done < 1 ? done : undefined);
          },
          onQuestion: question.ask,
        },
      );
      setSession({ state: 'in', session });
      if (keep && !session.isKept) showToast({ kind: 'problem', text: text('error.keep') });
    } catch (caught) {
      question.close();
      if (!(caught instanceof EngineError && caught.isCancelled)) setError(caught);
    } finally {
      setWorking(false);
    }
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!isWorking && username.trim() !== '' && password !== '') void logIn();
  };

  if (question.form !== undefined) return question.form;
  const required = (value: string): string | undefined => (wasTried && value.trim() === '' ? text('field.required') : undefined);
  return (
    <form className={styles['form']} onSubmit={submit} noValidate>
      <TextField
        label={text('field.username')}
        name="username"
        autoComplete="username"
        isVerbatim
        value={username}
        onChange={setUsername}
        problem={required(username)}
        isDisabled={isWorking}
      />
      <PasswordField
        label={text('field.password')}
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        problem={required(password)}
        isDisabled={isWorking}
      />
      <KeepChoice isSelected={keep} onChange={setKeep} isDisabled={isWorking} />
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      {isWorking ? <ProgressBar label={text('login.working')} value={progress} /> : null}
      <div className={styles['actions']}>
        <Button kind="primary" type="submit" isPending={isWorking}>
          {text('login.submit')}
        </Button>
        {isWorking ? (
          <Button
            onPress={() => {
              cancel.current.abort();
            }}
          >
            {text('action.cancel')}
          </Button>
        ) : null}
      </div>
      <p className={styles['aside']}>
        {text('login.noAccount')}{' '}
        <Button
          kind="quiet"
          onPress={() => {
            goTo({ name: 'sign-up', token: '' });
          }}
        >
          {text('login.toSignUp')}
        </Button>
      </p>
    </form>
  );
}
