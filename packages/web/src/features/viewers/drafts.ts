/** A text that was changed and not saved. */
export interface Draft {
  readonly text: string;
  /** The version of the file that was changed. */
  readonly version: string;
}

const drafts = new Map<string, Draft>();
const unsaved = new Set<() => boolean>();

/** An editor is open; `isDirty` says whether its text has changed. Returns how to end that. */
export function watchEditor(isDirty: () => boolean): () => void {
  unsaved.add(isDirty);
  return () => {
    unsaved.delete(isDirty);
  };
}

/** Whether there is a text that would be lost with the session. */
export function hasUnsavedText(): boolean {
  return drafts.size > 0 || [...unsaved].some((isDirty) => isDirty());
}

/** Keeps a text that was left without saving, until the page is closed: it is found again when its file is opened. */
export function keepDraft(path: string, draft: Draft): void {
  drafts.set(path, draft);
}

/** What was kept of a file, once. */
export function takeDraft(path: string): Draft | undefined {
  const draft = drafts.get(path);
  drafts.delete(path);
  return draft;
}

/** Forgets everything: somebody else may use this page next. */
export function forgetDrafts(): void {
  drafts.clear();
}
