import { lazy, type ReactNode, Suspense } from 'react';
import type { ShareDialogProps } from './share-dialog.js';

const Dialog = lazy(async () => ({ default: (await import('./share-dialog.js')).ShareDialog }));

/** The dialog about who can see something, loaded when it is wanted. */
export function ShareDialog(props: ShareDialogProps): ReactNode {
  return (
    <Suspense fallback={null}>
      <Dialog {...props} />
    </Suspense>
  );
}
