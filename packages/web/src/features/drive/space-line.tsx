import { type ReactNode, useEffect } from 'react';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { useCall } from '../settings/use-call.js';
import { onDirectoriesChanged } from './directory-store.js';
import styles from './drive-screen.module.css';

/** The part of the space from which on it is said with emphasis. */
const NEARLY_FULL = 0.9;
/** Milliseconds after a change until it is asked how much is used: several changes are one question. */
const PATIENCE = 1500;

/** How much of the space is used, in a few words; nothing while nobody knows. */
export function SpaceLine(): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { value, reload } = useCall('account.space');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onDirectoriesChanged(() => {
      clearTimeout(timer);
      timer = setTimeout(reload, PATIENCE);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [reload]);
  if (value === undefined) return null;
  const { used, quota } = value;
  return (
    <span className={used >= quota * NEARLY_FULL ? styles['nearly-full'] : undefined}>
      {text('settings.space.used', { used: formatSize(used, language), quota: formatSize(quota, language) })}
    </span>
  );
}
