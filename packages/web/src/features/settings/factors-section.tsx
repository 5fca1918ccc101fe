import { browserSecurityKeys } from '@pyrgos/client/session';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { FactorRow, NewApp, SessionInfo } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { regionalTag } from '../../i18n/format.js';
import { type TextFunction, useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog, Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { Notice } from '../../ui/notice.js';
import { storeBytes } from '../transfers/store-bytes.js';
import { NameDialog } from '../drive/name-dialog.js';
import { QrCode } from './qr-code.js';
import { Section } from './section.js';
import styles from './settings.module.css';
import { useCall } from './use-call.js';

/** What is open over the section. */
type Open =
  | { readonly kind: 'app'; readonly app: NewApp }
  | { readonly kind: 'key' }
  | { readonly kind: 'codes'; readonly codes: readonly string[] }
  | { readonly kind: 'remove'; readonly factor: FactorRow };

/** What is asked for beside the password. */
export function FactorsSection({ session: { username } }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { value: factors = [], error, reload } = useCall('factors.list');
  const [problem, setProblem] = useState<unknown>(undefined);
  const [open, setOpen] = useState<Open | undefined>(undefined);
  /** Takes the dialog of the browser for a security key away. */
  const giveUp = useRef(new AbortController());
  const close = (): void => {
    giveUp.current.abort();
    setOpen(undefined);
    reload();
  };
  /** Does something, and says beside the section when it could not be done. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await work();
    } catch (caught) {
      setProblem(caught);
    }
  };
  /** As a file that says years later what it is for. */
  const codesFile = (codes: readonly string[]): string => {
    const about = text('settings.factors.codes.file', {
      server: location.host,
      username,
      date: new Intl.DateTimeFormat(regionalTag(language), { dateStyle: 'long' }).format(),
    });
    return [about, text('settings.factors.codes.once'), '', ...codes, ''].join('\r\n');
  };
  const isEnabled = factors.some((factor) => factor.isEnabled && factor.kind !== 'backup-code');

  return (
    <Section title={text('settings.factors')}>
      <p>{text('settings.factors.help')}</p>
      {error === undefined && problem === undefined ? null : <Notice kind="problem">{faultText(problem ?? error, text)}</Notice>}
      <ul className={styles['factors']}>
        {factors.map((factor) => (
          <li key={factor.id} className={styles['factor']}>
            <Icon name="key" />
            <span className={styles['grow']}>
              <bdi>{factorText(factor, text)}</bdi>
            </span>
            <Button
              kind="quiet"
              aria-label={text('settings.factors.removeNamed', { name: factorText(factor, text) })}
              onPress={() => {
                setOpen({ kind: 'remove', factor });
              }}
            >
              {text('settings.factors.remove')}
            </Button>
          </li>
        ))}
      </ul>
      <div className={styles['actions']}>
        <Button
          onPress={() =>
            void attempt(async () => {
              setOpen({ kind: 'app', app: await engine().call('factors.addApp', undefined) });
            })
          }
        >
          {text('settings.factors.addApp')}
        </Button>
        <Button
          onPress={() => {
            setOpen({ kind: 'key' });
          }}
        >
          {text('settings.factors.addKey')}
        </Button>
        <Button
          isDisabled={!isEnabled}
          onPress={() =>
            void attempt(async () => {
              setOpen({ kind: 'codes', codes: await engine().call('factors.makeBackupCodes', undefined) });
            })
          }
        >
          {text('settings.factors.makeCodes')}
        </Button>
      </div>
      {open?.kind === 'app' ? <AppDialog app={open.app} onClose={close} /> : null}
      {open?.kind === 'key' ? (
        <NameDialog
          title={text('settings.factors.addKey')}
          action={text('factor.submit')}
          initial=""
          onSubmit={async (name) => {
            const { signal } = (giveUp.current = new AbortController());
            await engine().call(
              'factors.addSecurityKey',
              { name },
              {
                signal,
                onQuestion: async (options) => {
                  // Absent outside secure contexts, whatever the types say.
                  const credentials = navigator.credentials as CredentialsContainer | undefined;
                  return credentials === undefined ? undefined : browserSecurityKeys(credentials).create(options, signal);
                },
              },
            );
          }}
          onClose={close}
        />
      ) : null}
      {open?.kind === 'codes' ? (
        <Dialog
          title={text('settings.factors.codes')}
          onClose={close}
          actions={
            <>
              <Button kind="primary" onPress={close}>
                {text('settings.factors.codes.done')}
              </Button>
              <Button
                icon="download"
                onPress={() => {
                  storeBytes(new TextEncoder().encode(codesFile(open.codes)), `${text('settings.factors.codes')}.txt`);
                }}
              >
                {text('settings.factors.codes.save')}
              </Button>
            </>
          }
        >
          <p>{text('settings.factors.codes.help')}</p>
          <ol className={styles['codes']}>
            {open.codes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ol>
        </Dialog>
      ) : null}
      {open?.kind === 'remove' ? (
        <ConfirmDialog
          title={text('settings.factors.remove.title')}
          action={text('settings.factors.remove')}
          kind="danger"
          onConfirm={() =>
            void attempt(async () => {
              close();
              await engine().call('factors.remove', { id: open.factor.id });
              reload();
            })
          }
          onClose={close}
        >
          <p>{text('settings.factors.remove.help', { name: factorText(open.factor, text) })}</p>
        </ConfirmDialog>
      ) : null}
    </Section>
  );
}

/** Shows the secret of a new authenticator app, and asks for the first code that it makes of it. */
function AppDialog({ app, onClose }: { readonly app: NewApp; readonly onClose: () => void }): ReactNode {
  const text = useText();
  const [code, setCode] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [isWorking, setWorking] = useState(false);
  const secret = new URL(app.uri).searchParams.get('secret') ?? '';
  const confirm = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isWorking || code.trim() === '') return;
    setWorking(true);
    try {
      await engine().call('factors.confirmApp', { id: app.id, code });
      onClose();
    } catch (error) {
      const isWrong = error instanceof EngineError && error.code.startsWith('denied.');
      setProblem(isWrong ? text('settings.factors.wrong') : faultText(error, text));
      setWorking(false);
    }
  };
  return (
    <Dialog
      title={text('settings.factors.addApp')}
      onClose={onClose}
      actions={
        <>
          <Button kind="primary" type="submit" form="confirm-app" isPending={isWorking}>
            {text('settings.factors.confirm')}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      <p>{text('settings.factors.scan')}</p>
      <QrCode text={app.uri} label={text('settings.factors.qr')} />
      <p>{text('settings.factors.type')}</p>
      <p className={styles['secret']}>{secret.match(/.{1,4}/gu)?.join(' ')}</p>
      <form id="confirm-app" onSubmit={(event) => void confirm(event)} noValidate>
        <TextField
          label={text('factor.totp')}
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          value={code}
          onChange={setCode}
          problem={problem}
        />
      </form>
    </Dialog>
  );
}

function factorText({ kind, name, isEnabled }: FactorRow, text: TextFunction): string {
  const label =
    kind === 'backup-code'
      ? text('settings.factors.codesLeft', { count: Number(name) || 0 })
      : kind === 'security-key'
        ? text('factor.key', { name })
        : kind === 'totp'
          ? text('settings.factors.app', { name })
          : name;
  return isEnabled ? label : text('settings.factors.unfinished', { name: label });
}
