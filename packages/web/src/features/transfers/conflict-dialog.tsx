import { type ReactNode, useState } from 'react';
import type { ConflictAnswer } from '../../engine/calls.js';
import { formatSize, formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Checkbox } from '../../ui/checkbox.js';
import { Dialog } from '../../ui/dialog.js';
import styles from './transfers.module.css';
import type { OpenConflict } from './transfer-store.js';

/** Asks what to do about a file that is there already with other content. Closing it is to skip the file. */
export function ConflictDialog({ open }: { readonly open: OpenConflict }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [forAll, setForAll] = useState(false);
  const { conflict, name, hasMore } = open;
  const side = (label: string, { size, modified }: { readonly size: number; readonly modified: number }): ReactNode => (
    <div className={styles['side']}>
      <strong>{label}</strong>
      <span>{formatSize(size, language)}</span>
      <span>{formatTime(modified, language)}</span>
    </div>
  );
  const choice = (answer: ConflictAnswer, kind: 'primary' | 'secondary'): ReactNode => (
    <Button
      kind={kind}
      onPress={() => {
        open.answer(answer, forAll);
      }}
    >
      {text(`conflict.${answer}`)}
    </Button>
  );
  return (
    <Dialog
      title={text('conflict.title')}
      isAlert
      onClose={() => {
        open.answer('skip', false);
      }}
      actions={
        <>
          {choice('keep-both', 'primary')}
          {choice('replace', 'secondary')}
          {choice('skip', 'secondary')}
        </>
      }
    >
      <p>
        <bdi>{text('conflict.text', { name })}</bdi>
      </p>
      <div className={styles['sides']}>
        {side(text('conflict.existing'), conflict.existing)}
        {side(text('conflict.incoming'), conflict.incoming)}
      </div>
      {hasMore ? (
        <Checkbox isSelected={forAll} onChange={setForAll}>
          {text('conflict.all')}
        </Checkbox>
      ) : null}
    </Dialog>
  );
}
