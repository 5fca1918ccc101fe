import { type ReactNode, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { parentOf } from '../../engine/paths.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { refreshDirectories } from './directory-store.js';
import { tellProblems } from './drive-actions.js';

/** Deletes things for good, where there is no trash, after a question. */
export function RemoveDialog({ rows, onClose }: { readonly rows: readonly Row[]; readonly onClose: () => void }): ReactNode {
  const text = useText();
  const stop = useRef(new AbortController());
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [isWorking, setWorking] = useState(false);
  const remove = async (): Promise<void> => {
    setWorking(true);
    try {
      const problems = await engine().call(
        'drive.remove',
        { paths: rows.map(({ path }) => path) },
        {
          signal: stop.current.signal,
          onEvent: ({ done, total }) => {
            setProgress(total === 0 ? undefined : done / total);
          },
        },
      );
      tellProblems(problems, text);
    } catch (error) {
      if (!(error instanceof EngineError && error.isCancelled)) showToast({ kind: 'problem', text: faultText(error, text) });
    }
    refreshDirectories(rows.map(({ path }) => parentOf(path)));
    onClose();
  };
  return (
    <ConfirmDialog
      title={text('trash.remove.title')}
      action={text('trash.remove')}
      kind="danger"
      isPending={isWorking}
      onConfirm={() => void remove()}
      onClose={() => {
        stop.current.abort();
        onClose();
      }}
    >
      <p>{text('trash.forever', { count: rows.length })}</p>
      {isWorking ? <ProgressBar label={text('trash.working')} value={progress} /> : null}
    </ConfirmDialog>
  );
}
