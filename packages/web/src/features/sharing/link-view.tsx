import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { nameOf, parentOf } from '../../engine/paths.js';
import type { LinkRow } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog, Dialog } from '../../ui/dialog.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { LinkAddress } from './link-address.js';
import { isOver, linkFacts } from './link-facts.js';
import { LinkForm } from './link-form.js';
import styles from './sharing.module.css';

/** One secret link: its address, what it allows, and what can be done with it. */
export function LinkView({
  link,
  isNamed = false,
  onChange,
}: {
  readonly link: LinkRow;
  /** Whether it says what it leads to. */
  readonly isNamed?: boolean;
  readonly onChange: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [open, setOpen] = useState<'edit' | 'delete' | undefined>(undefined);
  const [isWorking, setWorking] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const { path, label } = link;
  const name = nameOf(path);
  const close = (): void => {
    setOpen(undefined);
    setError(undefined);
  };
  const remove = async (): Promise<void> => {
    setWorking(true);
    try {
      await engine().call('link.delete', { path, label });
      close();
      onChange();
    } catch (caught) {
      setError(caught);
    } finally {
      setWorking(false);
    }
  };
  return (
    <li className={styles['card']} data-over={isOver(link)}>
      {isNamed ? (
        <p className={styles['head']}>
          <Icon name="link" />
          <span>
            <strong>
              <Name>{name}</Name>
            </strong>
            <br />
            <span className={styles['quiet']}>
              <Name>{parentOf(path)}</Name>
            </span>
          </span>
        </p>
      ) : null}
      <p>{linkFacts(link, text, language)}</p>
      {isOver(link) ? <p className={styles['over']}>{text('links.over')}</p> : null}
      <LinkAddress address={link.address} name={name} />
      <div className={styles['row']}>
        <Button
          kind="quiet"
          icon="edit"
          onPress={() => {
            setOpen('edit');
          }}
        >
          {text('links.edit')}
        </Button>
        <Button
          kind="quiet"
          icon="trash"
          onPress={() => {
            setOpen('delete');
          }}
        >
          {text('links.delete')}
        </Button>
      </div>
      {open === 'edit' ? (
        <Dialog title={text('links.edit.title', { name })} onClose={close}>
          <LinkForm
            path={path}
            isFolder={false}
            link={link}
            onDone={() => {
              close();
              onChange();
            }}
            onCancel={close}
          />
        </Dialog>
      ) : null}
      {open === 'delete' ? (
        <ConfirmDialog
          title={text('links.delete.title')}
          action={text('links.delete')}
          kind="danger"
          isPending={isWorking}
          onConfirm={() => void remove()}
          onClose={close}
        >
          <p>{text('links.delete.help', { name })}</p>
          {error === undefined ? null : <Notice kind="problem">{faultText(error, text)}</Notice>}
        </ConfirmDialog>
      ) : null}
    </li>
  );
}
