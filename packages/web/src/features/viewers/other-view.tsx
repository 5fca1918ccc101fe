import type { ReactNode } from 'react';
import type { Row } from '../../engine/calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { RowIcon } from '../drive/row-icon.js';
import { PropertyList } from '../properties/property-list.js';
import { download } from '../transfers/download.js';
import styles from './viewers.module.css';

/** A file that cannot be shown: why, what is known of it, and the way to have it all the same. */
export function CannotShow({ row, problem }: { readonly row: Row; readonly problem?: string }): ReactNode {
  const text = useText();
  return (
    <div className={styles['other']}>
      <RowIcon row={row} size={96} />
      {problem === undefined ? <p>{text('view.other')}</p> : <Notice kind="problem">{problem}</Notice>}
      <Button kind="primary" icon="download" onPress={() => void download([row], row.name, text)}>
        {text('drive.download')}
      </Button>
      <PropertyList row={row} />
    </div>
  );
}
