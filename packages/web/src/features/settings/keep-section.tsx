import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { setSession } from '../../app/session-store.js';
import type { SessionInfo } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Notice } from '../../ui/notice.js';
import { KeepChoice } from '../welcome/keep-choice.js';
import { Section } from './section.js';

/** Whether this device opens the account without the password. */
export function KeepSection({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const [error, setError] = useState<unknown>(undefined);
  const [isWorking, setWorking] = useState(false);
  const change = async (keep: boolean): Promise<void> => {
    setWorking(true);
    setError(undefined);
    try {
      setSession({ state: 'in', session: await engine().call('account.keep', { keep }) });
    } catch (caught) {
      setError(caught);
    } finally {
      setWorking(false);
    }
  };
  return (
    <Section title={text('settings.device')}>
      <KeepChoice isSelected={session.isKept} isDisabled={isWorking} onChange={(keep) => void change(keep)} />
      {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
    </Section>
  );
}
