import { type ReactNode, useRef, useState } from 'react';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button, IconButton } from '../../ui/button.js';
import { FileInput } from '../../ui/file-input.js';
import { Icon } from '../../ui/icon.js';
import { itemsOfFiles } from './dropped-items.js';
import { transfers } from './transfer-store.js';
import styles from './transfers.module.css';
import type { CutOffUpload } from './upload-journal.js';

/** That there is something to go on with, in a few words. */
export function CutOffSummary(): ReactNode {
  const text = useText();
  return (
    <span className={styles['facts']} role="status">
      {text('transfer.cutOff.short')}
    </span>
  );
}

/** An upload that was cut off when the page was closed: asks for its files again, since no page may keep them. */
export function CutOffView({ upload }: { readonly upload: CutOffUpload }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const picker = useRef<HTMLInputElement>(null);
  const [isNone, setNone] = useState(false);
  const files = upload.items.filter(({ size }) => size !== undefined);
  const bytes = files.reduce((sum, { size = 0 }) => sum + size, 0);
  const isFolder = files.some(({ path }) => path.length > 1);
  const [first] = files;
  const name = first === undefined ? upload.directory : isFolder || files.length === 1 ? (first.path[0] ?? '') : upload.directory;
  const label = text(isFolder ? 'transfer.cutOff.chooseFolder' : 'transfer.cutOff.choose');
  return (
    <div className={styles['transfer']} role="group" aria-label={text('transfer.cutOff', { name })}>
      <div className={styles['line']}>
        <Icon name="upload" />
        <bdi className={styles['title']}>{visibleName(name)}</bdi>
        <IconButton
          icon="close"
          label={text('transfer.cutOff.forget')}
          onPress={() => {
            transfers().forget(upload);
          }}
        />
      </div>
      <p>{text('transfer.cutOff.left', { count: files.length, size: formatSize(bytes, language) })}</p>
      <p className={styles['facts']}>{text('transfer.cutOff.help')}</p>
      {isNone ? (
        <p className={styles['error']} role="alert">
          {text('transfer.cutOff.none')}
        </p>
      ) : null}
      <Button icon="restore" onPress={() => picker.current?.click()}>
        {label}
      </Button>
      <FileInput
        ref={picker}
        label={label}
        kind={isFolder ? 'folder' : 'files'}
        onChoose={(files) => {
          setNone(!transfers().goOn(upload, itemsOfFiles(files)));
        }}
      />
    </div>
  );
}
