import { type ReactNode, useEffect, useRef } from 'react';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { useCall } from '../settings/use-call.js';
import { onDirectoriesChanged } from './directory-store.js';
import styles from './drive-screen.module.css';

/** The part of the space from which on it is said with emphasis. */
const NEARLY_FULL = 0.9;
/** Milliseconds after a change, or a look at another folder, until it is asked how much is used: several changes are one question. */
const PATIENCE = 300;
/** Milliseconds until it is asked once more: the server may have counted what was stored last only by then. */
const SECOND_LOOK = 3000;

/** How much of the space is used, in a few words; nothing while nobody knows. Asked again when something changes here, when `path` does, and when somebody comes back to the page: who runs the server may have changed it. */
export function SpaceLine({ path }: { readonly path: string }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { value, reload } = useCall('account.space');
  const asked = useRef(path);
  useEffect(() => {
    let timers: readonly ReturnType<typeof setTimeout>[] = [];
    const forget = (): void => {
      timers.forEach(clearTimeout);
    };
    const askSoon = (): void => {
      forget();
      timers = [PATIENCE, SECOND_LOOK].map((milliseconds) => setTimeout(reload, milliseconds));
    };
    const comeBack = (): void => {
      if (document.visibilityState === 'visible') askSoon();
    };
    if (asked.current !== path) askSoon();
    asked.current = path;
    document.addEventListener('visibilitychange', comeBack);
    const stop = onDirectoriesChanged(askSoon);
    return () => {
      forget();
      document.removeEventListener('visibilitychange', comeBack);
      stop();
    };
  }, [reload, path]);
  if (value === undefined) return null;
  const { used, quota } = value;
  return (
    <span className={used >= quota * NEARLY_FULL ? styles['nearly-full'] : undefined}>
      {text('settings.space.used', { used: formatSize(used, language), quota: formatSize(quota, language) })}
    </span>
  );
}
