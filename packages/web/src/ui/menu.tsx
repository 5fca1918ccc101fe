import { type ReactNode, useRef, useState } from 'react';
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { Icon, type IconName } from './icon.js';
import styles from './menu.module.css';

/** Something to choose. */
export interface MenuChoice {
  readonly id: string;
  readonly label: string;
  readonly icon?: IconName;
  readonly isDisabled?: boolean;
  readonly isDanger?: boolean;
  /** The key that does the same. */
  readonly shortcut?: string;
  readonly onChoose: () => void;
}

/** A button that opens a menu. */
export function MenuButton({
  children,
  label,
  choices,
}: {
  /** The button. */
  readonly children: ReactNode;
  readonly label: string;
  readonly choices: readonly MenuChoice[];
}): ReactNode {
  return (
    <MenuTrigger>
      {children}
      <Popover className={styles['popover'] ?? ''}>
        <Choices label={label} choices={choices} />
      </Popover>
    </MenuTrigger>
  );
}

/** A menu at a point of the window, as a right click opens it. Show it by rendering it. */
export function ContextMenu({
  at,
  label,
  choices,
  onClose,
}: {
  readonly at: { readonly x: number; readonly y: number };
  readonly label: string;
  readonly choices: readonly MenuChoice[];
  readonly onClose: () => void;
}): ReactNode {
  const [anchor, setAnchor] = useState<HTMLSpanElement | null>(null);
  // The menu is closed before the choice acts, and once: what the choice opens is not to be closed with it.
  const isClosed = useRef(false);
  const close = (): void => {
    if (isClosed.current) return;
    isClosed.current = true;
    onClose();
  };
  const closing = choices.map((choice) => ({
    ...choice,
    onChoose: () => {
      close();
      choice.onChoose();
    },
  }));
  return (
    <>
      <span ref={setAnchor} className={styles['anchor']} style={{ left: `${at.x}px`, top: `${at.y}px` }} />
      {anchor === null ? null : (
        <Popover
          isOpen
          aria-label={label}
          triggerRef={{ current: anchor }}
          placement="bottom start"
          offset={0}
          className={styles['popover'] ?? ''}
          onOpenChange={(isOpen) => {
            if (!isOpen) close();
          }}
        >
          <Choices label={label} choices={closing} onClose={close} />
        </Popover>
      )}
    </>
  );
}

function Choices({
  label,
  choices,
  onClose,
}: {
  readonly label: string;
  readonly choices: readonly MenuChoice[];
  readonly onClose?: () => void;
}): ReactNode {
  return (
    <AriaMenu
      aria-label={label}
      className={styles['menu'] ?? ''}
      autoFocus="first"
      disabledKeys={choices.filter(({ isDisabled }) => isDisabled === true).map(({ id }) => id)}
      onAction={(key) => {
        choices.find(({ id }) => id === key)?.onChoose();
      }}
      {...(onClose === undefined ? {} : { onClose })}
    >
      {choices.map(({ id, label: name, icon, isDanger, shortcut }) =>
        name === '' ? (
          <Separator key={id} className={styles['separator'] ?? ''} />
        ) : (
          <MenuItem key={id} id={id} textValue={name} className={`${styles['item']} ${isDanger === true ? styles['danger'] : ''}`}>
            {icon === undefined ? null : <Icon name={icon} />}
            <span className={styles['label']}>{name}</span>
            {shortcut === undefined ? null : <kbd className={styles['shortcut']}>{shortcut}</kbd>}
          </MenuItem>
        ),
      )}
    </AriaMenu>
  );
}
