import { type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../../app/fault-text.js';
import { goTo, goToPlaceOf } from '../../../app/router.js';
import { sessionNow } from '../../../app/session-store.js';
import { isLinkTree, shownTree } from '../../../app/shown-tree.js';
import type { Row } from '../../../engine/calls.js';
import { EngineError } from '../../../engine/engine-fault.js';
import { childOf, nameOf, ownerOf, parentOf } from '../../../engine/paths.js';
import { engine } from '../../../engine/start-engine.js';
import { useText } from '../../../i18n/text.js';
import { visibleName } from '../../../i18n/visible-name.js';
import { Button } from '../../../ui/button.js';
import { Notice } from '../../../ui/notice.js';
import { ProgressBar } from '../../../ui/progress-bar.js';
import { showToast } from '../../../ui/toasts.js';
import { refreshDirectories } from '../../drive/directory-store.js';
import { CannotShow } from '../other-view.js';
import styles from '../viewers.module.css';
import { keepDraft, takeDraft, watchEditor } from '../drafts.js';
import { useViewerKeys } from '../use-viewer-keys.js';
import { SaveConflictDialog } from './save-conflict-dialog.js';
import { type EditorContent, TextEditor } from './text-editor.js';
import { type TextFile, useTextFile } from './use-text-file.js';

/** A text or code file, in an editor. What may be changed is ready to be written in at once when it `takesFocus`, and with the key E. */
export function TextView({
  row,
  tools,
  takesFocus = false,
}: {
  readonly row: Row;
  readonly tools?: ReactNode;
  readonly takesFocus?: boolean;
}): ReactNode {
  const text = useText();
  const file = useTextFile(row.path);
  switch (file.state) {
    case 'loading':
      return <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />;
    case 'failed':
      return <CannotShow row={row} problem={faultText(file.error, text)} />;
    case 'binary':
      return <CannotShow row={row} problem={text('editor.binary')} />;
    default:
      return <Editing key={file.reading} row={row} file={file} onReload={file.reload} tools={tools} takesFocus={takesFocus} />;
  }
}

/** A text that is being edited, from when it was read until it is read again. */
function Editing({
  row,
  file,
  onReload,
  tools,
  takesFocus,
}: {
  readonly row: Row;
  readonly file: Extract<TextFile, { readonly state: 'ready' }>;
  readonly onReload: () => void;
  readonly tools: ReactNode;
  readonly takesFocus: boolean;
}): ReactNode {
  const text = useText();
  const [draft] = useState(() => takeDraft(shownTree(), row.path));
  const [version, setVersion] = useState(draft?.version ?? file.version);
  const [isDirty, setDirty] = useState(draft !== undefined);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const [conflict, setConflict] = useState<{ readonly isMissing: boolean; readonly ownCopy: string | undefined } | undefined>(undefined);
  const content = useRef<EditorContent | undefined>(undefined);
  /** Counts edits: what is typed while a text is being saved is not saved. */
  const edits = useRef(0);
  // What is in another encoding would get other bytes by being stored; a text that was begun before the file became so is not lost for that.
  const isForeign = file.document.encoding !== 'UTF-8' && draft === undefined;
  const isWritable = file.isWritable && !isForeign;
  const left = useDraft(row, isDirty, version, content);

  useViewerKeys(new Map([['e', () => content.current?.focus()]]));

  const save = async (ifVersion: string | undefined): Promise<void> => {
    const { current: editor } = content;
    if (editor === undefined || isSaving || !isWritable) return;
    setSaving(true);
    setError(undefined);
    setConflict(undefined);
    const saved = edits.current;
    try {
      const written = await engine().call('drive.write', { path: row.path, content: editor.read(), ifVersion });
      setVersion(written.version);
      if (edits.current === saved) setDirty(false);
      refreshDirectories([parentOf(row.path)]);
    } catch (caught) {
      if (caught instanceof EngineError && caught.code === 'conflict.changed')
        setConflict({
          isMissing: caught.data['isMissing'] === true,
          ownCopy: caught.data['isMissing'] === true ? await ownCopyOf(row.path) : undefined,
        });
      else setError(caught);
    } finally {
      setSaving(false);
    }
  };
  const saveBeside = async (): Promise<void> => {
    const { current: editor } = content;
    if (editor === undefined) return;
    const path = conflict?.ownCopy ?? row.path;
    setConflict(undefined);
    setSaving(true);
    try {
      const written = await engine().call('drive.writeBeside', { path, content: editor.read() });
      left.forget();
      refreshDirectories([parentOf(path)]);
      showToast({ kind: 'good', text: text('editor.savedAs', { name: written.name }) });
      goTo({ name: 'view', path: written.path }, { replace: true });
    } catch (caught) {
      setError(caught);
    } finally {
      setSaving(false);
    }
  };

  const status = !isWritable ? 'editor.readOnly' : isSaving ? 'editor.saving' : isDirty ? 'editor.dirty' : 'editor.clean';
  return (
    <>
      <div className={styles['tools']} role="toolbar" aria-label={text('view.tools')}>
        {tools}
        {isWritable ? (
          <Button kind="primary" isDisabled={!isDirty} isPending={isSaving} onPress={() => void save(version)}>
            {text('action.save')}
          </Button>
        ) : null}
        {isForeign && file.isWritable ? null : <span role="status">{text(status)}</span>}
      </div>
      {isForeign ? (
        <div className={styles['notice']}>
          <Notice kind="info">{text('editor.foreign', { encoding: file.document.encoding })}</Notice>
        </div>
      ) : null}
      {error === undefined ? null : (
        <div className={styles['notice']}>
          <Notice kind="problem">
            {faultText(error, text)} {text('editor.kept')}
          </Notice>
        </div>
      )}
      <TextEditor
        label={text('editor.label', { name: row.name })}
        fileName={row.name}
        document={draft === undefined ? file.document : { ...file.document, text: draft.text }}
        isReadOnly={!isWritable}
        takesFocus={takesFocus && isWritable}
        onReady={(editor) => {
          content.current = editor;
        }}
        onEdit={() => {
          edits.current++;
          setDirty(true);
        }}
        onSave={() => {
          if (isDirty) void save(version);
        }}
        onLeave={leaveText}
      />
      {conflict === undefined ? null : (
        <SaveConflictDialog
          name={visibleName(row.name)}
          isMissing={conflict.isMissing}
          isTakenBack={conflict.ownCopy !== undefined}
          onOverwrite={() => void save(undefined)}
          onSaveBeside={() => void saveBeside()}
          onDiscard={() => {
            left.forget();
            setConflict(undefined);
            onReload();
          }}
          onClose={() => {
            setConflict(undefined);
          }}
        />
      )}
    </>
  );
}

/** Gives the keys back to the viewer. */
function leaveText(): void {
  document.querySelector<HTMLElement>('[data-viewer-area]')?.focus();
}

/** Where the text of a file that is gone can be stored when it was somebody else's and nothing can be stored there any more; undefined when it can. */
async function ownCopyOf(path: string): Promise<string | undefined> {
  const now = sessionNow();
  if (now.state !== 'in' || now.session.username !== shownTree() || ownerOf(path) === now.session.username) return undefined;
  const folder = await engine()
    .call('drive.stat', { path: parentOf(path) })
    .catch(() => undefined);
  return folder?.isWritable === true ? undefined : childOf(now.session.homePath, nameOf(path));
}

/** Keeps what was not saved when the editor is left, and asks before the page is closed. */
function useDraft(
  { path, name }: Row,
  isDirty: boolean,
  version: string,
  content: { readonly current: EditorContent | undefined },
): { readonly forget: () => void } {
  const text = useText();
  const latest = useRef({ isDirty, version, text });
  latest.current = { isDirty, version, text };
  const isForgotten = useRef(false);
  useEffect(() => {
    isForgotten.current = false;
    // Of when it was begun: what the page shows by the time that the editor is left may be another tree.
    const tree = shownTree();
    const address = location.href;
    const onLeave = (event: BeforeUnloadEvent): void => {
      if (latest.current.isDirty && !isForgotten.current) event.preventDefault();
    };
    addEventListener('beforeunload', onLeave);
    const stopWatching = watchEditor(tree, () => latest.current.isDirty && !isForgotten.current);
    return () => {
      removeEventListener('beforeunload', onLeave);
      stopWatching();
      // Who logs out was asked, and nobody else may see it.
      if (tree === undefined || (!isLinkTree(tree) && sessionNow().state !== 'in')) return;
      const { isDirty: isUnsaved, version: begun, text: textNow } = latest.current;
      const editor = content.current;
      if (!isUnsaved || isForgotten.current || editor === undefined) return;
      keepDraft(tree, path, { text: editor.read(), version: begun });
      showToast({
        kind: 'problem',
        text: textNow('editor.draft', { name }),
        action: {
          label: textNow('editor.draft.open'),
          onPress: () => {
            goToPlaceOf(address, { name: 'view', path });
          },
        },
      });
    };
  }, [path, name, content]);
  return {
    forget: () => {
      isForgotten.current = true;
    },
  };
}
