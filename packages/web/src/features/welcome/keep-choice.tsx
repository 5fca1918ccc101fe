import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { Checkbox, type CheckboxProps } from '../../ui/checkbox.js';

/** Whether this device stays logged in; browsers let only secure pages keep the key for that. */
export function KeepChoice({ isDisabled = false, ...rest }: Omit<CheckboxProps, 'children' | 'help'>): ReactNode {
  const text = useText();
  return (
    <Checkbox
      {...rest}
      isDisabled={isDisabled || !isSecureContext}
      help={text(isSecureContext ? 'login.keep.help' : 'login.keep.insecure')}
    >
      {text('login.keep')}
    </Checkbox>
  );
}
