import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { AppearanceChoices } from './appearance-choices.js';
import { Section } from './section.js';

/** How the page looks, and its language. */
export function AppearanceSection(): ReactNode {
  return (
    <Section title={useText()('settings.appearance')}>
      <AppearanceChoices />
    </Section>
  );
}
