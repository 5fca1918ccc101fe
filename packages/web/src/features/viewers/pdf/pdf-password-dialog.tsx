import { type ReactNode, useId, useState } from 'react';
import { useText } from '../../../i18n/text.js';
import { Button } from '../../../ui/button.js';
import { Dialog } from '../../../ui/dialog.js';
import { PasswordField } from '../../../ui/field.js';

/** Asks for the password of a document. It stays in this page. */
export function PdfPasswordDialog({
  isWrong,
  onAnswer,
  onClose,
}: {
  /** The one before did not open it. */
  readonly isWrong: boolean;
  readonly onAnswer: (password: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const form = useId();
  const [password, setPassword] = useState('');
  return (
    <Dialog
      title={text('view.pdf.password')}
      onClose={onClose}
      actions={
        <>
          <Button kind="primary" type="submit" form={form}>
            {text('drive.open')}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      <form
        id={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onAnswer(password);
        }}
      >
        <PasswordField
          label={text('field.password')}
          autoFocus
          autoComplete="off"
          value={password}
          onChange={setPassword}
          problem={isWrong ? text('view.pdf.wrong') : undefined}
        />
      </form>
    </Dialog>
  );
}
