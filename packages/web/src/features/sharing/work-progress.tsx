import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useText } from '../../i18n/text.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import type { Work } from './use-work.js';

/** How far something is, or why it was not done. */
export function WorkProgress({ work }: { readonly work: Work }): ReactNode {
  const text = useText();
  const { isWorking, progress, error } = work;
  if (error !== undefined) return <Notice kind="problem">{faultText(error, text)}</Notice>;
  if (!isWorking) return null;
  const { done = 0, total = 1, rotated = 0 } = progress ?? {};
  const label = rotated > 0 ? text('share.rotating', { count: rotated }) : text('share.working');
  return <ProgressBar label={label} value={total > 1 ? done / total : undefined} />;
}
