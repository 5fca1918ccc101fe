import { type ReactNode, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { QrCode } from '../settings/qr-code.js';
import styles from './sharing.module.css';

/** An address to pass on: to be read, copied, or scanned. */
export function LinkAddress({ address, name }: { readonly address: string; readonly name: string }): ReactNode {
  const text = useText();
  const [isShown, setShown] = useState(false);
  return (
    <>
      <p className={styles['address']}>{address}</p>
      <div className={styles['row']}>
        <CopyButton value={address} />
        <Button
          kind="quiet"
          aria-expanded={isShown}
          onPress={() => {
            setShown(!isShown);
          }}
        >
          {text('links.qr')}
        </Button>
      </div>
      {isShown ? <QrCode text={address} label={text('links.qr.label', { name })} /> : null}
    </>
  );
}
