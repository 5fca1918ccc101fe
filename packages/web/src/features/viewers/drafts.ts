import type { TreeId } from '../../app/shown-tree.js';

/** A text that was changed and not saved. */
export interface Draft {
  readonly text: string;
  /** The version of the file that was changed. */
  readonly version: string;
}

/** An open editor. */
interface Watched {
  readonly tree: TreeId | undefined;
  readonly isDirty: () => boolean;
}

/** By tree, then by path: two trees may have the same paths. */
const drafts = new Map<TreeId, Map<string, Draft>>();
const unsaved = new Set<Watched>();

/** An editor is open on a file of a tree; `isDirty` says whether its text has changed. Returns how to end that. */
export function watchEditor(tree: TreeId | undefined, isDirty: () => boolean): () => void {
  const watched = { tree, isDirty };
  unsaved.add(watched);
  return () => {
    unsaved.delete(watched);
  };
}

/** Whether there is a text that would be lost by {@link forgetDrafts}. */
export function hasUnsavedText(except?: TreeId): boolean {
  const isLost = (tree: TreeId | undefined): boolean => tree === undefined || tree !== except;
  return [...drafts.keys()].some(isLost) || [...unsaved].some(({ tree, isDirty }) => isLost(tree) && isDirty());
}

/** Keeps a text that was left without saving, until the page is closed: it is found again when its file is opened. */
export function keepDraft(tree: TreeId, path: string, draft: Draft): void {
  const kept = drafts.get(tree) ?? new Map<string, Draft>();
  drafts.set(tree, kept.set(path, draft));
}

/** What was kept of a file, once. */
export function takeDraft(tree: TreeId | undefined, path: string): Draft | undefined {
  const kept = tree === undefined ? undefined : drafts.get(tree);
  const draft = kept?.get(path);
  kept?.delete(path);
  if (tree !== undefined && kept?.size === 0) drafts.delete(tree);
  return draft;
}

/** Forgets everything but what belongs to one tree: somebody else may use this page next. */
export function forgetDrafts(except?: TreeId): void {
  for (const tree of drafts.keys()) if (tree !== except) drafts.delete(tree);
}
