import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { type Crop, cropPicture, drawCrop, PHOTO_SIZE, WHOLE } from './crop-picture.js';
import styles from './profile.module.css';

/** Bytes up to which the original is kept beside the small picture. */
const MAX_ORIGINAL = 20_000_000;

/** A picture for the profile, not stored yet. */
export interface NewPhoto {
  readonly photo: Uint8Array<ArrayBuffer>;
  /** The picture out of which it was taken, unless that is very large. */
  readonly original: File | undefined;
}

/** Takes a square out of a picture. */
export function PhotoDialog({
  file,
  onDone,
}: {
  readonly file: File;
  /** Undefined: nothing was chosen. */
  readonly onDone: (chosen: NewPhoto | undefined) => void;
}): ReactNode {
  const text = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState<ImageBitmap | undefined>(undefined);
  const [crop, setCrop] = useState<Crop>(WHOLE);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [isPending, setPending] = useState(false);
  useEffect(() => {
    let isStale = false;
    createImageBitmap(file).then(
      (made) => {
        if (isStale) made.close();
        else setPicture(made);
      },
      () => {
        if (!isStale) setProblem(text('profile.photo.unreadable'));
      },
    );
    return () => {
      isStale = true;
    };
  }, [file, text]);
  useEffect(() => {
    if (canvas.current !== null && picture !== undefined) drawCrop(canvas.current, picture, crop);
  }, [picture, crop]);

  const use = async (): Promise<void> => {
    if (picture === undefined) return;
    setPending(true);
    try {
      const photo = await cropPicture(picture, crop);
      if (photo === undefined) throw new Error('the browser makes no picture');
      onDone({ photo, original: file.size > MAX_ORIGINAL ? undefined : file });
    } catch {
      setProblem(text('profile.photo.unreadable'));
      setPending(false);
    }
  };
  const sliders = [
    { key: 'zoom', label: text('profile.photo.zoom'), min: 1, max: 4 },
    { key: 'x', label: text('profile.photo.x'), min: 0, max: 1 },
    { key: 'y', label: text('profile.photo.y'), min: 0, max: 1 },
  ] as const;
  return (
    <Dialog
      title={text('profile.photo.choose')}
      onClose={() => {
        onDone(undefined);
      }}
      actions={
        <>
          <Button kind="primary" isPending={isPending} isDisabled={picture === undefined} onPress={() => void use()}>
            {text('profile.photo.use')}
          </Button>
          <Button
            onPress={() => {
              onDone(undefined);
            }}
          >
            {text('action.cancel')}
          </Button>
        </>
      }
    >
      {problem === undefined ? null : (
        <Notice kind="problem">
          <p>{problem}</p>
        </Notice>
      )}
      <canvas
        ref={canvas}
        className={styles['crop']}
        width={PHOTO_SIZE}
        height={PHOTO_SIZE}
        role="img"
        aria-label={text('profile.photo.preview')}
      />
      {sliders.map(({ key, label, min, max }) => (
        <label key={key} className={styles['slider']}>
          {label}
          <input
            type="range"
            min={min}
            max={max}
            step={0.01}
            value={crop[key]}
            disabled={picture === undefined}
            onChange={({ currentTarget }) => {
              setCrop({ ...crop, [key]: Number(currentTarget.value) });
            }}
          />
        </label>
      ))}
    </Dialog>
  );
}
