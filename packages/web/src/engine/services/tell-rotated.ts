import type { ProgressListener } from '@pyrgos/client';
import type { ShareProgress } from '../sharing-calls.js';

/** Tells the page how many files and folders have got new keys. */
export function tellRotated(emit: (progress: ShareProgress) => void): ProgressListener {
  return ({ done }) => {
    emit({ done: 0, total: 1, rotated: done });
  };
}
