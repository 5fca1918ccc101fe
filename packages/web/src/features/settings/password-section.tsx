import { type FormEvent, type ReactNode, useState } from 'react';
import { faultText, isWrongPassword } from '../../app/fault-text.js';
import { setSession } from '../../app/session-store.js';
import type { SessionInfo } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { PasswordField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { PasswordStrength, passwordProblemText, usePasswordJudgement } from '../welcome/password-strength.js';
import { useSecondFactorQuestion } from '../welcome/use-second-factor-question.js';
import { Section } from './section.js';
import styles from './settings.module.css';

/** Another password for the account. */
export function PasswordSection({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const [oldPassword, setOld] = useState('');
  const [newPassword, setNew] = useState('');
  const [again, setAgain] = useState('');
  const [isWorking, setWorking] = useState(false);
  const [result, setResult] = useState<{ readonly error?: unknown } | undefined>(undefined);
  const { ask, form: question } = useSecondFactorQuestion();
  const judgement = usePasswordJudgement(session.username, newPassword);
  const isReady = oldPassword !== '' && judgement !== undefined && judgement.level !== 'refused' && again === newPassword;

  const change = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!isReady || isWorking) return;
    setWorking(true);
    setResult(undefined);
    try {
      setSession({
        state: 'in',
        session: await engine().call('account.changePassword', { oldPassword, newPassword }, { onQuestion: ask }),
      });
      setOld('');
      setNew('');
      setAgain('');
      setResult({});
    } catch (error) {
      setResult({ error });
    } finally {
      setWorking(false);
    }
  };

  return (
    <Section title={text('settings.password')}>
      {question}
      <form className={styles['form']} onSubmit={(event) => void change(event)} noValidate hidden={question !== undefined}>
        <input type="text" name="username" autoComplete="username" value={session.username} readOnly hidden />
        <PasswordField
          label={text('settings.password.old')}
          autoComplete="current-password"
          value={oldPassword}
          onChange={(value) => {
            setOld(value);
            setResult(undefined);
          }}
          problem={isWrongPassword(result?.error) ? text('settings.password.wrong') : undefined}
          isDisabled={isWorking}
        />
        <PasswordField
          label={text('settings.password.new')}
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          problem={judgement === undefined ? undefined : passwordProblemText(judgement, text)}
          isDisabled={isWorking}
        />
        <PasswordStrength judgement={judgement} />
        <PasswordField
          label={text('signup.confirm')}
          autoComplete="new-password"
          value={again}
          onChange={setAgain}
          problem={again !== '' && again !== newPassword ? text('signup.confirm.differs') : undefined}
          isDisabled={isWorking}
        />
        {result === undefined || isWrongPassword(result.error) ? null : result.error === undefined ? (
          <Notice kind="good">{text('settings.password.done')}</Notice>
        ) : (
          <Notice kind="problem">{faultText(result.error, text)}</Notice>
        )}
        <Button kind="primary" type="submit" isPending={isWorking} isDisabled={!isReady}>
          {text('settings.password.change')}
        </Button>
      </form>
    </Section>
  );
}
