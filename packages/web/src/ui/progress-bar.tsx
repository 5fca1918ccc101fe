import type { ReactNode } from 'react';
import { Label, ProgressBar as AriaProgressBar } from 'react-aria-components';
import styles from './progress-bar.module.css';

/** How far something is. */
export function ProgressBar({
  label,
  value,
  isLabelHidden = false,
}: {
  readonly label: string;
  /** 0 to 1; undefined while nobody knows. */
  readonly value: number | undefined;
  readonly isLabelHidden?: boolean;
}): ReactNode {
  return (
    <AriaProgressBar
      className={styles['progress'] ?? ''}
      value={(value ?? 0) * 100}
      isIndeterminate={value === undefined}
      {...(isLabelHidden ? { 'aria-label': label } : {})}
    >
      {({ percentage }) => (
        <>
          {isLabelHidden ? null : <Label>{label}</Label>}
          <div className={styles['track']}>
            {percentage === undefined ? (
              <div className={`${styles['bar']} ${styles['unknown']}`} />
            ) : (
              <div className={styles['bar']} style={{ transform: `translateX(${percentage - 100}%)` }} />
            )}
          </div>
        </>
      )}
    </AriaProgressBar>
  );
}
