import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { CropDialog } from './crop-dialog.js';
import { cropPicture } from './crop-picture.js';

/** Bytes up to which the original is kept beside the small picture. */
const MAX_ORIGINAL = 20_000_000;

/** A picture for the profile, not stored yet. */
export interface NewPhoto {
  readonly photo: Uint8Array<ArrayBuffer>;
  /** The picture out of which it was taken, unless that is very large. */
  readonly original: File | undefined;
}

/** Takes the picture of a profile out of a larger one. */
export function PhotoDialog({
  file,
  onDone,
}: {
  readonly file: File;
  /** Undefined: nothing was chosen. */
  readonly onDone: (chosen: NewPhoto | undefined) => void;
}): ReactNode {
  const text = useText();
  return (
    <CropDialog<NewPhoto>
      file={file}
      title={text('profile.photo.choose')}
      action={text('profile.photo.use')}
      make={async (picture, crop) => {
        const photo = await cropPicture(picture, crop);
        return photo === undefined ? undefined : { photo, original: file.size > MAX_ORIGINAL ? undefined : file };
      }}
      onDone={onDone}
    />
  );
}
