import { type ReactNode, useEffect, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { goTo } from '../../app/router.js';
import { useSession } from '../../app/session-store.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { type TextId, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { DoorFrame } from '../welcome/door-frame.js';
import styles from './links.module.css';

/** Why a link does not open, and what helps. */
interface Failure {
  readonly title: TextId;
  readonly help: TextId;
  /** Whether the same link may open later: the server may be back then, or whoever made the link may have changed it. */
  readonly mayRetry?: boolean;
}

const cutOff: Failure = { title: 'link.cutOff', help: 'link.cutOff.help' };

const byReason: ReadonlyMap<unknown, Failure> = new Map<unknown, Failure>([
  ['expired', { title: 'link.expired', help: 'link.expired.help', mayRetry: true }],
  ['used-up', { title: 'link.usedUp', help: 'link.usedUp.help', mayRetry: true }],
  ['home', { title: 'link.elsewhere', help: 'link.elsewhere.help' }],
  ['link', cutOff],
  ['invalid', { title: 'link.invalid', help: 'link.invalid.help' }],
]);

const byCode: ReadonlyMap<string, Failure> = new Map([
  ['not-found.link', { title: 'link.gone', help: 'link.gone.help' }],
  ['format.link', cutOff],
  ['limit', cutOff],
  ['network', { title: 'link.away', help: 'link.away.help', mayRetry: true }],
]);

function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof EngineError)) return undefined;
  // A server that was reached, and could not do it, is not away.
  if (error.code === 'network' && error.data['reason'] === undefined && Number(error.data['status'] ?? 0) >= 500) return undefined;
  return error.code === 'denied.link' ? byReason.get(error.data['reason']) : byCode.get(error.code);
}

/** The page for a link that does not open. */
export function LinkFailed({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }): ReactNode {
  const text = useText();
  const failure = failureOf(error);
  return (
    <DoorFrame title={text(failure?.title ?? 'link.failed')}>
      <p role="alert">{failure === undefined ? faultText(error, text) : text(failure.help)}</p>
      {failure === undefined || failure.mayRetry === true ? (
        <div className={styles['buttons']}>
          <Button kind="primary" icon="restore" onPress={onRetry}>
            {text('action.retry')}
          </Button>
        </div>
      ) : null}
      <OwnAccount />
    </DoorFrame>
  );
}

/** The way to an account for those who have one here; most who follow a link have none. */
function OwnAccount(): ReactNode {
  const text = useText();
  const { state } = useSession();
  const [isKept, setKept] = useState(false);
  useEffect(() => {
    engine()
      .call('session.kept', undefined)
      .then(
        (kept) => {
          setKept(kept !== undefined);
        },
        () => undefined,
      );
  }, []);
  const isKnown = isKept || state === 'in' || state === 'restoring';
  return (
    <div className={styles['account']}>
      {isKnown ? null : <p>{text('link.account')}</p>}
      <Button
        onPress={() => {
          goTo({ name: 'start' });
        }}
      >
        {text(isKnown ? 'link.home' : 'login.submit')}
      </Button>
    </div>
  );
}
