import type { ReactNode } from 'react';
import { Checkbox as AriaCheckbox, type CheckboxProps as AriaCheckboxProps } from 'react-aria-components';
import styles from './checkbox.module.css';
import { Icon } from './icon.js';

/** See {@link Checkbox}. */
export interface CheckboxProps extends Omit<AriaCheckboxProps, 'className' | 'children'> {
  readonly children: ReactNode;
  /** More about it, below. */
  readonly help?: string;
}

/** A box to tick, with its words beside it. */
export function Checkbox({ children, help, ...rest }: CheckboxProps): ReactNode {
  return (
    <AriaCheckbox {...rest} className={styles['checkbox'] ?? ''}>
      <span className={styles['box']} aria-hidden="true">
        <Icon name="check" size={16} />
      </span>
      <span>
        {children}
        {help === undefined ? null : <span className={styles['help']}>{help}</span>}
      </span>
    </AriaCheckbox>
  );
}
