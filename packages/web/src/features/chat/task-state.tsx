import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useText } from '../../i18n/text.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import type { Work } from '../sharing/use-work.js';

/** That something is being done, or why it was not. */
export function TaskState({ work, label }: { readonly work: Work; readonly label: string }): ReactNode {
  const text = useText();
  if (work.error !== undefined) return <Notice kind="problem">{faultText(work.error, text)}</Notice>;
  return work.isWorking ? <ProgressBar label={label} value={undefined} /> : null;
}
