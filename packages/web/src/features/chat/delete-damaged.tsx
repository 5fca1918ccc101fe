import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { showToast } from '../../ui/toasts.js';

/** Deletes the own copy of a chat that cannot be opened. */
export function DeleteDamaged({ id, onDeleted }: { readonly id: string; readonly onDeleted: () => void }): ReactNode {
  const text = useText();
  const [isAsking, setAsking] = useState(false);
  const [isPending, setPending] = useState(false);
  const remove = async (): Promise<void> => {
    setPending(true);
    try {
      await engine().call('chat.delete', { id });
      onDeleted();
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
      setAsking(false);
    }
    setPending(false);
  };
  return (
    <>
      <div>
        <Button
          kind="danger"
          icon="trash"
          onPress={() => {
            setAsking(true);
          }}
        >
          {text('members.delete')}
        </Button>
      </div>
      {isAsking ? (
        <ConfirmDialog
          title={text('members.delete.title')}
          action={text('members.delete')}
          kind="danger"
          isPending={isPending}
          onConfirm={() => void remove()}
          onClose={() => {
            setAsking(false);
          }}
        >
          <p>{text('members.delete.copy')}</p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}
