import { type ReactNode, useId } from 'react';
import { type TextId, useText } from '../../../i18n/text.js';
import { Button, type ButtonKind } from '../../../ui/button.js';
import { Dialog } from '../../../ui/dialog.js';
import styles from './save-conflict-dialog.module.css';

/** Asks what to do with a text whose file somebody else has changed meanwhile. Closing it is to go on editing. */
export function SaveConflictDialog({
  name,
  isMissing,
  isTakenBack = false,
  onOverwrite,
  onSaveBeside,
  onDiscard,
  onClose,
}: {
  readonly name: string;
  /** The file was deleted or moved away. */
  readonly isMissing: boolean;
  /** It is in somebody else's files, where nothing can be stored any more: `onSaveBeside` stores the text in one's own. */
  readonly isTakenBack?: boolean;
  readonly onOverwrite: () => void;
  readonly onSaveBeside: () => void;
  readonly onDiscard: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const id = useId();
  const way = (kind: ButtonKind, label: TextId, help: TextId, onPress: () => void): ReactNode => (
    <li className={styles['way']}>
      <Button kind={kind} aria-describedby={`${id}-${help}`} onPress={onPress}>
        {text(label)}
      </Button>
      <p id={`${id}-${help}`} className={styles['help']}>
        {text(help)}
      </p>
    </li>
  );
  return (
    <Dialog
      title={text(isTakenBack ? 'editor.taken.title' : isMissing ? 'editor.missing.title' : 'editor.conflict.title')}
      isAlert
      onClose={onClose}
      actions={<Button onPress={onClose}>{text('action.cancel')}</Button>}
    >
      <p>
        <bdi>{text(isTakenBack ? 'editor.taken.text' : isMissing ? 'editor.missing.text' : 'editor.conflict.text', { name })}</bdi>
      </p>
      <ul className={styles['ways']}>
        {isTakenBack
          ? way('primary', 'editor.taken.own', 'editor.taken.own.help', onSaveBeside)
          : way('primary', 'editor.conflict.beside', 'editor.conflict.beside.help', onSaveBeside)}
        {isTakenBack
          ? null
          : isMissing
            ? way('secondary', 'editor.missing.restore', 'editor.missing.restore.help', onOverwrite)
            : way('secondary', 'editor.conflict.overwrite', 'editor.conflict.overwrite.help', onOverwrite)}
        {way(
          'danger',
          'editor.conflict.discard',
          isTakenBack ? 'editor.taken.discard.help' : isMissing ? 'editor.missing.discard.help' : 'editor.conflict.discard.help',
          onDiscard,
        )}
      </ul>
    </Dialog>
  );
}
