import type { ReactNode } from 'react';
import { Tooltip as AriaTooltip, TooltipTrigger } from 'react-aria-components';
import styles from './tooltip.module.css';

/** Shows a text to whoever points at, or focuses, the button in it. */
export function Tooltip({ text, children }: { readonly text: string; readonly children: ReactNode }): ReactNode {
  return (
    <TooltipTrigger delay={500}>
      {children}
      <AriaTooltip className={styles['tooltip'] ?? ''} placement="bottom" offset={6}>
        {text}
      </AriaTooltip>
    </TooltipTrigger>
  );
}
