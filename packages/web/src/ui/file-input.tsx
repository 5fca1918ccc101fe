import type { ReactNode, RefObject } from 'react';

/** See {@link FileInput}. */
export interface FileInputProps {
  /** Opens the chooser of the browser with `ref.current?.click()`. */
  readonly ref: RefObject<HTMLInputElement | null>;
  readonly label: string;
  /** What can be chosen: one file, several of them, or a folder with all that is in it. */
  readonly kind: 'file' | 'files' | 'folder';
  /** MIME types, as the attribute `accept` has them. */
  readonly accept?: string;
  /** No files: a folder that was chosen is empty. */
  readonly onChoose: (files: readonly File[]) => void;
}

/** What asks for files of the device: invisible, and opened by a button or a menu. The same files can be chosen again. */
export function FileInput({ ref, label, kind, accept, onChoose }: FileInputProps): ReactNode {
  return (
    <input
      ref={ref}
      type="file"
      multiple={kind !== 'file'}
      hidden
      aria-label={label}
      {...(accept === undefined ? {} : { accept })}
      {...(kind === 'folder' ? { webkitdirectory: '' } : {})}
      onChange={({ currentTarget }) => {
        // Before it is emptied: the list of the element is emptied with it.
        const files = [...(currentTarget.files ?? [])];
        currentTarget.value = '';
        onChoose(files);
      }}
    />
  );
}
