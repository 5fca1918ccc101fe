import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useText } from '../../i18n/text.js';
import { Notice } from '../../ui/notice.js';

/** Says why a session that this device keeps was not opened. */
export function KeptSessionCard({ username, error }: { readonly username: string; readonly error: unknown }): ReactNode {
  const text = useText();
  return (
    <Notice kind="problem">
      <p>{text('login.restore.failed', { username })}</p>
      <p>{faultText(error, text)}</p>
    </Notice>
  );
}
