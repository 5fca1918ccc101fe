import { type ReactNode, useState } from 'react';
import { faultText, isWrongPassword } from '../../app/fault-text.js';
import { leaveSession } from '../../app/leave-session.js';
import type { SessionInfo } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { PasswordField, TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { useSecondFactorQuestion } from '../welcome/use-second-factor-question.js';
import { Section } from './section.js';

/** Deletes the account, after its name and the password were typed once more. */
export function DeleteAccountSection({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <Section title={text('settings.delete')}>
      <p>{text('settings.delete.help')}</p>
      <div>
        <Button
          kind="danger"
          onPress={() => {
            setOpen(true);
          }}
        >
          {text('settings.delete.button')}
        </Button>
      </div>
      {isOpen ? (
        <DeleteDialog
          username={session.username}
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </Section>
  );
}

function DeleteDialog({ username, onClose }: { readonly username: string; readonly onClose: () => void }): ReactNode {
  const text = useText();
  const [typed, setTyped] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(undefined);
  const [isWorking, setWorking] = useState(false);
  const question = useSecondFactorQuestion();
  const remove = async (): Promise<void> => {
    setWorking(true);
    setError(undefined);
    try {
      await engine().call('account.delete', { password }, { onQuestion: question.ask });
      leaveSession();
    } catch (caught) {
      setError(caught);
      setWorking(false);
    }
  };
  return (
    <Dialog
      title={text('settings.delete.title', { username })}
      isAlert
      onClose={onClose}
      actions={
        <>
          <Button kind="danger" isDisabled={typed !== username || password === ''} isPending={isWorking} onPress={() => void remove()}>
            {text('settings.delete.button')}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      {question.form ?? (
        <>
          <p>{text('settings.delete.warning')}</p>
          <TextField label={text('settings.delete.type', { username })} isVerbatim autoComplete="off" value={typed} onChange={setTyped} />
          <PasswordField
            label={text('field.password')}
            autoComplete="current-password"
            value={password}
            onChange={(value) => {
              setPassword(value);
              setError(undefined);
            }}
            problem={isWrongPassword(error) ? text('settings.password.wrong') : undefined}
          />
          {error === undefined || isWrongPassword(error) ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
        </>
      )}
    </Dialog>
  );
}
