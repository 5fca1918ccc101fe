import { type FormEvent, type ReactNode, useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { FactorChoice, LogInAnswer } from '../../engine/calls.js';
import { type TextFunction, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import styles from './welcome.module.css';

/** Asks for a second factor: which one, if there are several, and its code. */
export function SecondFactorForm({
  factors,
  attempt,
  first,
  onAnswer,
  onCancel,
}: {
  readonly factors: readonly FactorChoice[];
  readonly attempt: number;
  /** The place of the one that is chosen at first. */
  readonly first: number;
  readonly onAnswer: (answer: LogInAnswer) => void;
  readonly onCancel: () => void;
}): ReactNode {
  const text = useText();
  const [chosen, setChosen] = useState(first < factors.length ? first : 0);
  const [code, setCode] = useState('');
  const [wasTried, setTried] = useState(false);
  const factor = factors[chosen];
  const needsCode = factor?.kind !== 'security-key';

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!needsCode || code.trim() !== '') onAnswer({ kind: 'second-factor', factor: chosen, code });
  };

  return (
    <form className={styles['form']} onSubmit={submit} noValidate aria-label={text('factor.title')}>
      <h2>{text('factor.title')}</h2>
      {attempt > 1 ? <Notice kind="problem">{text(factor?.kind === 'totp' ? 'factor.wrong.totp' : 'factor.wrong')}</Notice> : null}
      {factors.length > 1 ? (
        <RadioGroup
          className={styles['factors'] ?? ''}
          aria-label={text('factor.choose')}
          value={String(chosen)}
          onChange={(value) => {
            setChosen(Number(value));
          }}
        >
          {factors.map((choice, index) => (
            // The list of one question never changes, and names need not differ.
            <Radio key={index} value={String(index)} className={styles['factor'] ?? ''}>
              <span className={styles['dot']} aria-hidden="true" />
              {factorLabel(choice, text)}
            </Radio>
          ))}
        </RadioGroup>
      ) : null}
      {needsCode && factor !== undefined ? (
        <TextField
          label={factorLabel(factor, text)}
          autoComplete="one-time-code"
          inputMode={factor.kind === 'totp' ? 'numeric' : 'text'}
          autoFocus
          value={code}
          onChange={setCode}
          problem={wasTried && code.trim() === '' ? text('field.required') : undefined}
        />
      ) : (
        <p>{text('factor.touch')}</p>
      )}
      <div className={styles['actions']}>
        <Button kind="primary" type="submit">
          {text('factor.submit')}
        </Button>
        <Button onPress={onCancel}>{text('action.cancel')}</Button>
      </div>
    </form>
  );
}

function factorLabel({ kind, name }: FactorChoice, text: TextFunction): string {
  switch (kind) {
    case 'backup-code':
      return text('factor.backup');
    case 'security-key':
      return text('factor.key', { name });
    default:
      return name === '' ? text('factor.totp') : text('factor.totp.named', { name });
  }
}
