import { type ReactNode, useState } from 'react';
import { moveHandlers } from './drag-items.js';
import styles from './move-target.module.css';

/** Stands for a directory: what is dropped onto its children is moved there. */
export function MoveTarget({
  directory,
  onMove,
  children,
}: {
  readonly directory: string;
  readonly onMove: (paths: readonly string[], directory: string) => void;
  readonly children: ReactNode;
}): ReactNode {
  const [isOver, setOver] = useState(false);
  return (
    <span className={styles['target']} data-over={isOver} {...moveHandlers(directory, setOver, onMove)}>
      {children}
    </span>
  );
}
