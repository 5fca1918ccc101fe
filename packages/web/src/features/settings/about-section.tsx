import type { ReactNode } from 'react';
import type { SessionInfo } from '../../engine/calls.js';
import { useText } from '../../i18n/text.js';
import { Section } from './section.js';
import { useCall } from './use-call.js';

/** Names of the machine that somebody sits at. */
const OWN_MACHINE: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Who is logged in where, with what program, and whom one trusts with that. */
export function AboutSection({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const { value: version } = useCall('server.version');
  const isOwn = OWN_MACHINE.has(location.hostname);
  return (
    <Section title={text('settings.about')}>
      <p>{text('settings.about.account', { username: session.username, server: location.host })}</p>
      {version === undefined ? null : <p>{text('settings.about.version', { version })}</p>}
      <p>{text(isOwn ? 'settings.about.own' : 'settings.about.remote', { server: location.host })}</p>
      {isSecureContext ? null : <p>{text('settings.about.insecure')}</p>}
    </Section>
  );
}
