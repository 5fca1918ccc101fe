import type { ReactNode } from 'react';
import { type Preferences, setPreferences, usePreferences } from '../../app/preferences.js';
import { LANGUAGES, useLanguage, useText } from '../../i18n/text.js';
import { Choice } from '../../ui/choice.js';

const THEMES: readonly Preferences['theme'][] = ['system', 'light', 'dark'];

/** How the page looks on this device, and its language. */
export function AppearanceChoices(): ReactNode {
  const text = useText();
  const shown = useLanguage();
  // What was chosen is seen at once, before its texts have come.
  const { theme, language = shown } = usePreferences();
  return (
    <>
      <Choice
        label={text('settings.theme')}
        value={theme}
        options={THEMES.map((value) => ({ value, label: text(`settings.theme.${value}`) }))}
        onChange={(value) => {
          setPreferences({ theme: value });
        }}
      />
      <Choice
        label={text('settings.language')}
        value={language}
        options={[...LANGUAGES].map(([value, label]) => ({ value, label }))}
        onChange={(value) => {
          setPreferences({ language: value });
        }}
      />
    </>
  );
}
