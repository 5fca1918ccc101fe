import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { PasswordField } from '../../ui/field.js';
import styles from './links.module.css';

/** Asks for the password that belongs to a link. */
export function LinkPasswordForm({
  isWrong,
  isWorking,
  onSubmit,
}: {
  readonly isWrong: boolean;
  readonly isWorking: boolean;
  readonly onSubmit: (password: string) => void;
}): ReactNode {
  const text = useText();
  const [password, setPassword] = useState('');
  const [hasChanged, setChanged] = useState(false);
  const [isMissing, setMissing] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isWorking) return;
    setMissing(password === '');
    if (password === '') return;
    setChanged(false);
    onSubmit(password);
  };
  const problem = isMissing ? text('field.required') : isWrong && !hasChanged ? text('link.password.wrong') : undefined;
  return (
    <form className={styles['form']} onSubmit={submit} noValidate>
      <p>{text('link.password.help')}</p>
      <PasswordField
        label={text('link.password')}
        // Not the password of an account: nothing that a browser should fill in.
        autoComplete="off"
        autoFocus
        value={password}
        onChange={(value) => {
          setPassword(value);
          setChanged(true);
          setMissing(false);
        }}
        problem={problem}
      />
      <Button kind="primary" type="submit" isPending={isWorking}>
        {text('link.password.open')}
      </Button>
    </form>
  );
}
