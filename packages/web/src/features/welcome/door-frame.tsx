import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { ConnectionNotice } from '../../app/connection-notice.js';
import { engine } from '../../engine/start-engine.js';
import { LANGUAGES, useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { hasUnsavedText } from '../viewers/drafts.js';
import { AppearanceChoices } from '../settings/appearance-choices.js';
import styles from './door-frame.module.css';

const Toasts = lazy(async () => ({ default: (await import('../../ui/toasts.js')).Toasts }));

/** The frame of the screens before the door: the name of the house, a card, and a way to another language and look. */
export function DoorFrame({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const text = useText();
  useEffect(() => {
    document.title = `${title} – ${text('app.name')}`;
  }, [title, text]);
  return (
    // Whoever begins to do something is going to need the engine: it loads while they type.
    <main className={styles['frame']} onPointerDownCapture={engine} onKeyDownCapture={engine} onInputCapture={engine}>
      <div className={styles['brand']}>
        <img src="/icon.svg" alt="" width="40" height="40" />
        <span>{text('app.name')}</span>
      </div>
      <div className={styles['card']}>
        <h1>{title}</h1>
        <ConnectionNotice />
        {children}
      </div>
      <Appearance />
      <Kept />
    </main>
  );
}

/** What is said about a text that was left without saving it, by whoever comes from a link. Nobody else needs it here, so it is not among what is loaded first. */
function Kept(): ReactNode {
  const [isKept, setKept] = useState(false);
  useEffect(() => {
    setKept(hasUnsavedText());
  }, []);
  return isKept ? (
    <Suspense>
      <Toasts />
    </Suspense>
  ) : null;
}

/** Named by the language itself, which those look for who cannot read it. */
function Appearance(): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  return (
    <footer className={styles['foot']}>
      <Button
        kind="quiet"
        aria-expanded={isOpen}
        onPress={() => {
          setOpen(!isOpen);
        }}
      >
        {LANGUAGES.get(language)} · {text('settings.theme')}
      </Button>
      {isOpen ? (
        <div className={styles['choices']}>
          <AppearanceChoices />
        </div>
      ) : null}
    </footer>
  );
}
