import { type FormEvent, type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Section } from './section.js';
import styles from './settings.module.css';
import { useCall } from './use-call.js';

/** People ask for space in these. */
const GIGABYTE = 1_000_000_000;

/** How much of the space is used, and asking for more. */
export function SpaceSection(): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { value, error } = useCall('account.space');
  const [wish, setWish] = useState('');
  const [result, setResult] = useState<{ readonly error?: unknown } | undefined>(undefined);

  const [isRefused, setRefused] = useState(false);

  const ask = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const bytes = Math.round(Number(wish.replace(',', '.')) * GIGABYTE);
    const isAmount = bytes > 0 && Number.isSafeInteger(bytes);
    setResult(undefined);
    setRefused(!isAmount);
    if (!isAmount) return;
    try {
      await engine().call('account.requestSpace', { bytes });
      setWish('');
      setResult({});
    } catch (caught) {
      setResult({ error: caught });
    }
  };

  return (
    <Section title={text('settings.space')}>
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
      {value === undefined ? null : (
        <ProgressBar
          label={text('settings.space.used', { used: formatSize(value.used, language), quota: formatSize(value.quota, language) })}
          value={value.quota === 0 ? 1 : Math.min(1, value.used / value.quota)}
        />
      )}
      <form className={styles['row']} onSubmit={(event) => void ask(event)} noValidate>
        <TextField
          label={text('settings.space.wish')}
          inputMode="decimal"
          autoComplete="off"
          value={wish}
          onChange={(value) => {
            setWish(value);
            setRefused(false);
          }}
          problem={isRefused ? text('settings.space.bad') : undefined}
        />
        <Button type="submit">{text('settings.space.ask')}</Button>
      </form>
      {result === undefined ? null : result.error === undefined ? (
        <Notice kind="good">{text('settings.space.asked')}</Notice>
      ) : (
        <Notice kind="problem">{faultText(result.error, text)}</Notice>
      )}
    </Section>
  );
}
