import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { setSession } from '../../app/session-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { usernameProblemText } from '../../i18n/username-problem.js';
import { Button } from '../../ui/button.js';
import { Checkbox } from '../../ui/checkbox.js';
import { PasswordField, TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { showToast } from '../../ui/toasts.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { judgePassword, PasswordStrength, passwordProblemText, usePasswordJudgement } from './password-strength.js';
import { CopyButton } from '../../ui/copy-button.js';
import { KeepChoice } from './keep-choice.js';
import styles from './welcome.module.css';

/** User names as the protocol has them; the server says the rest. */
const USERNAME = /^[a-z0-9](?:-?[a-z0-9]){0,31}$/u;
const MAX_USERNAME_LENGTH = 32;
/** As the guide of the password policy says; the judgement names the real one. */
const MIN_PASSWORD_LENGTH = 12;

/** Makes an account. The rules are beside the fields while somebody types; nothing is sent before all of them hold. */
export function SignUpForm({ token: invitation }: { readonly token: string }): ReactNode {
  const text = useText();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [token, setToken] = useState(invitation);
  const [generated, setGenerated] = useState<string | undefined>(undefined);
  const [suggested, setSuggested] = useState(0);
  const [isWritten, setWritten] = useState(false);
  const [keep, setKeep] = useState(false);
  const [wasTried, setTried] = useState(false);
  const [sentBack, setSentBack] = useState(0);
  const [isWorking, setWorking] = useState(false);
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const cancel = useRef(new AbortController());
  const form = useRef<HTMLFormElement>(null);
  const judgement = usePasswordJudgement(username, password);

  const isGoodName = USERNAME.test(username) && username.length <= MAX_USERNAME_LENGTH;
  const isRefused = password === '' || judgement?.level === 'refused';
  const isSame = again === password;

  const suggest = async (): Promise<void> => {
    const passphrase = await engine().call('password.generate', undefined);
    setGenerated(passphrase);
    setPassword(passphrase);
    setAgain('');
    setWritten(false);
    setSuggested((times) => times + 1);
  };

  const signUp = async (): Promise<void> => {
    setWorking(true);
    setError(undefined);
    setProgress(0);
    cancel.current = new AbortController();
    const { signal } = cancel.current;
    try {
      // Who types faster than the password is judged waits for the judgement, which then stands beside the field.
      const { level } = await judgePassword(username, password, signal);
      if (level === 'refused') return;
      const session = await engine().call(
        'session.signUp',
        { username, password, token: token.trim(), keep },
        {
          signal,
          onEvent: ({ phase, done }) => {
            setProgress(phase === 'key-derivation' && done < 1 ? done : undefined);
          },
        },
      );
      setSession({ state: 'in', session });
      if (keep && !session.isKept) showToast({ kind: 'problem', text: text('error.keep') });
    } catch (caught) {
      if (!(caught instanceof EngineError && caught.isCancelled)) setError(caught);
    } finally {
      setWorking(false);
    }
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isWorking) return;
    if (isGoodName && !isRefused && isSame && isWritten) void signUp();
    else setSentBack((times) => times + 1);
  };
  // The button that suggests is gone; what comes next is to type it.
  useEffect(() => {
    if (suggested === 1) form.current?.querySelector<HTMLElement>('[name="password-again"]')?.focus();
  }, [suggested]);
  // To the first thing that is missing, once it is marked.
  useEffect(() => {
    if (sentBack > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [sentBack]);

  const nameProblem = username !== '' && !isGoodName ? usernameProblemText(text) : undefined;
  const required = (value: string): string | undefined => (wasTried && value === '' ? text('field.required') : undefined);
  const isTaken = error instanceof EngineError && error.code === 'conflict.exists';
  const isUninvited = error instanceof EngineError && error.code === 'denied.signup' && error.data['reason'] !== 'username';
  return (
    <form className={styles['form']} onSubmit={submit} noValidate ref={form}>
      <TextField
        label={text('field.username')}
        name="username"
        autoComplete="username"
        isVerbatim
        help={text('signup.username.help', { rules: text('username.rules') })}
        value={username}
        onChange={setUsername}
        problem={required(username) ?? nameProblem ?? (isTaken ? text('error.signup.taken') : undefined)}
        isDisabled={isWorking}
      />
      <PasswordField
        label={text('field.password')}
        name="password"
        autoComplete="new-password"
        help={text('signup.password.help', { count: judgement?.minLength ?? MIN_PASSWORD_LENGTH })}
        value={password}
        onChange={setPassword}
        problem={required(password) ?? (judgement === undefined ? undefined : passwordProblemText(judgement, text))}
        isDisabled={isWorking}
      />
      <PasswordStrength judgement={judgement} />
      {generated !== undefined && generated === password ? (
        <div>
          <p>{text('signup.password.generated')}</p>
          {/* A narrow window scrolls it; by keys, too. */}
          <p className={styles['passphrase']} tabIndex={0}>
            {generated}
          </p>
          <div className={styles['suggestion']}>
            <CopyButton value={generated} />
            <Button kind="quiet" icon="restore" onPress={() => void suggest()} isDisabled={isWorking}>
              {text('signup.password.another')}
            </Button>
          </div>
        </div>
      ) : (
        <Button kind="quiet" icon="key" onPress={() => void suggest()} isDisabled={isWorking}>
          {text('signup.password.generate')}
        </Button>
      )}
      <PasswordField
        label={text('signup.confirm')}
        name="password-again"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        problem={required(again) ?? (again !== '' && !isSame ? text('signup.confirm.differs') : undefined)}
        isDisabled={isWorking}
      />
      {invitation === '' ? (
        <TextField
          label={text('signup.token')}
          name="token"
          autoComplete="off"
          isVerbatim
          help={text('signup.token.help')}
          value={token}
          onChange={setToken}
          problem={isUninvited ? faultText(error, text) : undefined}
          isDisabled={isWorking}
        />
      ) : (
        <Notice kind={isUninvited ? 'problem' : 'info'}>{isUninvited ? faultText(error, text) : text('signup.token.link')}</Notice>
      )}
      <Checkbox
        isSelected={isWritten}
        onChange={setWritten}
        isDisabled={isWorking}
        isInvalid={wasTried && !isWritten}
        {...(wasTried && !isWritten ? { help: text('signup.written.required') } : {})}
      >
        {text('signup.written')}
      </Checkbox>
      <KeepChoice isSelected={keep} onChange={setKeep} isDisabled={isWorking} />
      {error === undefined || isTaken || isUninvited ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      {isWorking ? <ProgressBar label={text('signup.working')} value={progress} /> : null}
      <div className={styles['actions']}>
        <Button kind="primary" type="submit" isPending={isWorking}>
          {text('signup.submit')}
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
        {text('signup.haveAccount')}{' '}
        <Button
          kind="quiet"
          onPress={() => {
            goTo({ name: 'start' });
          }}
        >
          {text('signup.toLogin')}
        </Button>
      </p>
    </form>
  );
}
