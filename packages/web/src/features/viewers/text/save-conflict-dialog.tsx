import type { ReactNode } from 'react';
import { useText } from '../../../i18n/text.js';
import { Button } from '../../../ui/button.js';
import { Dialog } from '../../../ui/dialog.js';

/** Asks what to do with a text whose file somebody else has changed meanwhile. Closing it is to go on editing. */
export function SaveConflictDialog({
  name,
  isMissing,
  onOverwrite,
  onSaveBeside,
  onDiscard,
  onClose,
}: {
  readonly name: string;
  /** The file was deleted or moved away. */
  readonly isMissing: boolean;
  readonly onOverwrite: () => void;
  readonly onSaveBeside: () => void;
  readonly onDiscard: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  return (
    <Dialog
      title={text(isMissing ? 'editor.missing.title' : 'editor.conflict.title')}
      isAlert
      onClose={onClose}
      actions={
        <>
          <Button kind="primary" onPress={onSaveBeside}>
            {text('editor.conflict.beside')}
          </Button>
          <Button onPress={onOverwrite}>{text(isMissing ? 'editor.missing.restore' : 'editor.conflict.overwrite')}</Button>
          <Button kind="danger" onPress={onDiscard}>
            {text('editor.conflict.discard')}
          </Button>
        </>
      }
    >
      <p>
        <bdi>{text(isMissing ? 'editor.missing.text' : 'editor.conflict.text', { name })}</bdi>
      </p>
    </Dialog>
  );
}
