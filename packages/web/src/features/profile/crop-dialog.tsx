import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import { type Crop, drawCrop, PHOTO_SIZE, WHOLE } from './crop-picture.js';
import styles from './profile.module.css';

/** Takes a square out of a picture. */
export function CropDialog<T>({
  file,
  title,
  action,
  make,
  onDone,
}: {
  readonly file: File;
  readonly title: string;
  /** The words on the button that takes it. */
  readonly action: string;
  /** Makes what is wanted of the square; undefined when the browser cannot. */
  readonly make: (picture: ImageBitmap, crop: Crop) => Promise<T | undefined>;
  /** Undefined: nothing was chosen. */
  readonly onDone: (made: T | undefined) => void;
}): ReactNode {
  const text = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState<ImageBitmap | undefined>(undefined);
  const [crop, setCrop] = useState<Crop>(WHOLE);
  const [isUnreadable, setUnreadable] = useState(false);
  const [isPending, setPending] = useState(false);
  useEffect(() => {
    let isStale = false;
    let shown: ImageBitmap | undefined;
    createImageBitmap(file).then(
      (made) => {
        if (isStale) made.close();
        else {
          shown = made;
          setPicture(made);
        }
      },
      () => {
        if (!isStale) setUnreadable(true);
      },
    );
    return () => {
      isStale = true;
      shown?.close();
    };
  }, [file]);
  useEffect(() => {
    if (canvas.current !== null && picture !== undefined) drawCrop(canvas.current, picture, crop);
  }, [picture, crop]);

  const use = async (): Promise<void> => {
    if (picture === undefined) return;
    setPending(true);
    try {
      const made = await make(picture, crop);
      if (made === undefined) throw new Error('the browser makes no picture');
      onDone(made);
    } catch {
      setUnreadable(true);
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
      title={title}
      onClose={() => {
        onDone(undefined);
      }}
      actions={
        <>
          <Button kind="primary" isPending={isPending} isDisabled={picture === undefined} onPress={() => void use()}>
            {action}
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
      {!isUnreadable ? null : (
        <Notice kind="problem">
          <p>{text('profile.photo.unreadable')}</p>
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
