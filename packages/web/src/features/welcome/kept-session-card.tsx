import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { isOnlyAway, restoreSession } from '../../app/restore-session.js';
import { EngineError } from '../../engine/engine-fault.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';

/** Says why a session that this device keeps was not opened. */
export function KeptSessionCard({ username, error }: { readonly username: string; readonly error: unknown }): ReactNode {
  const text = useText();
  if (isOnlyAway(error)) {
    return (
      <>
        <Notice kind="info">
          <p>{text('login.restore.away', { username })}</p>
        </Notice>
        <Button kind="primary" onPress={() => void restoreSession()}>
          {text('action.retry')}
        </Button>
      </>
    );
  }
  if (hasEnded(error)) return <Notice kind="problem">{text('login.restore.changed', { username })}</Notice>;
  return (
    <Notice kind="problem">
      <p>{text('login.restore.failed', { username })}</p>
      <p>{faultText(error, text)}</p>
    </Notice>
  );
}

/** Whether what this device kept opens nothing any more: the password or the keys of the account were changed since. */
function hasEnded(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'denied.login' && error.data['expired'] === true;
}
