import { type ReactNode, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import { ownerOf, parentOf } from '../../engine/paths.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { refreshDirectories } from './directory-store.js';
import { tellProblems } from './drive-actions.js';

/** Deletes things for good, after a question: those of somebody else, which cannot be put into one's own trash, and those behind a link. */
export function RemoveDialog({
  rows,
  onRemoved,
  onClose,
}: {
  readonly rows: readonly Row[];
  /** Told the paths of what is gone. */
  readonly onRemoved?: (paths: readonly string[]) => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const stop = useRef(new AbortController());
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [isWorking, setWorking] = useState(false);
  const paths = rows.map(({ path }) => path);
  const remove = async (): Promise<void> => {
    setWorking(true);
    try {
      const problems = await engine().call(
        'drive.remove',
        { paths },
        {
          signal: stop.current.signal,
          onEvent: ({ done, total }) => {
            setProgress(total === 0 ? undefined : done / total);
          },
        },
      );
      tellProblems(problems, text);
      const kept = new Set(problems.map(({ path }) => path));
      const gone = paths.filter((path) => !kept.has(path));
      if (gone.length > 0) showToast({ kind: 'good', text: text('remove.done', { count: gone.length }) });
      onRemoved?.(gone);
    } catch (error) {
      if (!(error instanceof EngineError && error.isCancelled)) showToast({ kind: 'problem', text: faultText(error, text) });
    }
    refreshDirectories(paths.map(parentOf));
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
      <p>{text('remove.others', { count: rows.length, name: ownerOf(paths[0] ?? '') })}</p>
      {isWorking ? <ProgressBar label={text('trash.working')} value={progress} /> : null}
    </ConfirmDialog>
  );
}
