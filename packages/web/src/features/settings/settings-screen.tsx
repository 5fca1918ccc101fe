import type { ReactNode } from 'react';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import { useText } from '../../i18n/text.js';
import { Page } from '../../ui/page.js';
import { AboutSection } from './about-section.js';
import { AppearanceSection } from './appearance-section.js';
import { DeleteAccountSection } from './delete-account-section.js';
import { FactorsSection } from './factors-section.js';
import { KeepSection } from './keep-section.js';
import { PasswordSection } from './password-section.js';
import { SpaceSection } from './space-section.js';

/** Everything about the account and this device that can be set. */
export function SettingsScreen({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const title = text('settings.title');
  return (
    <Shell session={session} title={title}>
      <Page>
        <h1>{title}</h1>
        <SpaceSection />
        <AppearanceSection />
        <PasswordSection session={session} />
        <FactorsSection session={session} />
        <KeepSection session={session} />
        <AboutSection session={session} />
        <DeleteAccountSection session={session} />
      </Page>
    </Shell>
  );
}
