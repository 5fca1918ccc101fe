import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import styles from './button.module.css';
import { Icon, type IconName } from './icon.js';
import { Tooltip } from './tooltip.js';

/** How a button looks: the one thing to do here, another thing, a quiet one, or one that destroys. */
export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';

/** See {@link Button}. */
export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  /** Whether a narrow window shows the drawing only; the words stay its name. */
  readonly isCompact?: boolean;
  /** The words on it, which are its accessible name. */
  readonly children: ReactNode;
}

/** A button with words. While `isPending` it does nothing and says so. */
export function Button({ kind = 'secondary', icon, isCompact = false, children, ...rest }: ButtonProps): ReactNode {
  return (
    <AriaButton {...rest} className={`${styles['button']} ${styles[kind]} ${isCompact ? styles['compact'] : ''}`}>
      {icon === undefined ? null : <Icon name={icon} />}
      <span>{children}</span>
    </AriaButton>
  );
}

/** See {@link IconButton}. */
export interface IconButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'aria-label'> {
  readonly icon: IconName;
  /** What it does: its accessible name, and what the tooltip shows. */
  readonly label: string;
  readonly isPressed?: boolean;
}

/** A button with a drawing only, whose name is shown to whoever points at it or focuses it. */
export function IconButton({ icon, label, isPressed, ...rest }: IconButtonProps): ReactNode {
  return (
    <Tooltip text={label}>
      <AriaButton
        {...rest}
        aria-label={label}
        {...(isPressed === undefined ? {} : { 'aria-pressed': isPressed })}
        className={`${styles['button']} ${styles['icon-only']}`}
      >
        <Icon name={icon} />
      </AriaButton>
    </Tooltip>
  );
}
