import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { ChatPicture } from '../../engine/chat-calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { FileInput } from '../../ui/file-input.js';
import { CropDialog } from '../profile/crop-dialog.js';
import { iconOf } from './chat-icon-picture.js';
import styles from './dialogs.module.css';

/** The picture of a chat: chooses one of this device, takes a square out of it, and makes that small. */
export function IconField({
  icon,
  isDisabled = false,
  onChange,
}: {
  readonly icon: ChatPicture | undefined;
  readonly isDisabled?: boolean;
  readonly onChange: (icon: ChatPicture | undefined) => void;
}): ReactNode {
  const text = useText();
  const label = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | undefined>(undefined);
  return (
    <div role="group" aria-labelledby={label} className={styles['part']}>
      <h3 id={label}>{text('icon.label')}</h3>
      <FileInput
        ref={picker}
        label={text('icon.choose')}
        kind="file"
        accept="image/*"
        onChoose={([chosen]) => {
          setFile(chosen);
        }}
      />
      <div className={styles['row']}>
        {icon === undefined ? null : <IconPreview icon={icon} />}
        <Button
          icon="image"
          isDisabled={isDisabled}
          onPress={() => {
            picker.current?.click();
          }}
        >
          {text('icon.choose')}
        </Button>
        {icon === undefined ? null : (
          <Button
            isDisabled={isDisabled}
            onPress={() => {
              onChange(undefined);
            }}
          >
            {text('icon.remove')}
          </Button>
        )}
      </div>
      {file === undefined ? null : (
        <CropDialog
          file={file}
          title={text('icon.choose')}
          action={text('icon.use')}
          make={iconOf}
          onDone={(made) => {
            setFile(undefined);
            if (made !== undefined) onChange(made);
          }}
        />
      )}
    </div>
  );
}

/** The picture as it will be. */
function IconPreview({ icon: { bytes, mimeType } }: { readonly icon: ChatPicture }): ReactNode {
  const text = useText();
  const [address, setAddress] = useState<string | undefined>(undefined);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type: mimeType }));
    setAddress(made);
    return () => {
      URL.revokeObjectURL(made);
    };
  }, [bytes, mimeType]);
  return address === undefined ? null : <img className={styles['icon']} src={address} alt={text('icon.preview')} width={72} height={72} />;
}
