import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { useText } from '../i18n/text.js';
import { Button, type ButtonKind } from './button.js';
import styles from './dialog.module.css';

/** See {@link Dialog}. */
export interface DialogProps {
  readonly title: string;
  /** Whether a long title, with the name that somebody has given, is cut to two lines: pointing at it shows all of it, and it is read out as a whole. */
  readonly cutsTitle?: boolean;
  readonly children: ReactNode;
  /** Buttons, the one to press first. */
  readonly actions?: ReactNode;
  /** Called by Escape and a click beside it, too. */
  readonly onClose: () => void;
  /** For a question that interrupts: read out at once. */
  readonly isAlert?: boolean;
  readonly size?: 'small' | 'wide' | 'full';
}

/** A window over the page, which is the only thing that can be used while it is open. Show it by rendering it. */
export function Dialog({ title, cutsTitle = false, children, actions, onClose, isAlert = false, size = 'small' }: DialogProps): ReactNode {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      className={styles['overlay'] ?? ''}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className={`${styles['modal']} ${styles[size]}`}>
        <AriaDialog role={isAlert ? 'alertdialog' : 'dialog'} className={styles['dialog'] ?? ''}>
          <Heading
            slot="title"
            level={2}
            className={`${styles['title']} ${cutsTitle ? styles['cut'] : ''}`}
            {...(cutsTitle ? { title } : {})}
          >
            {title}
          </Heading>
          <div className={styles['body']}>{children}</div>
          {actions === undefined ? null : <div className={styles['actions']}>{actions}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks before something is done that cannot be undone easily. */
export function ConfirmDialog({
  title,
  children,
  action,
  kind = 'primary',
  isPending = false,
  onConfirm,
  onClose,
}: {
  readonly title: string;
  readonly children: ReactNode;
  /** The words on the button that does it. */
  readonly action: string;
  readonly kind?: ButtonKind;
  readonly isPending?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  return (
    <Dialog
      title={title}
      isAlert
      onClose={onClose}
      actions={
        <>
          <Button kind={kind} isPending={isPending} onPress={onConfirm} autoFocus>
            {action}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
