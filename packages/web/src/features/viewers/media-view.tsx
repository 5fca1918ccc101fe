import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import type { Row } from '../../engine/calls.js';
import { useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Icon } from '../../ui/icon.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { RowIcon } from '../drive/row-icon.js';
import { CannotShow } from './other-view.js';
import { useGivenFile } from './use-given-file.js';
import { shownTypeOf } from './viewer-kind.js';
import styles from './viewers.module.css';

/** Containers that browsers play under another name than the one they are known by. */
const playedAs: ReadonlyMap<string, string> = new Map([
  ['video/quicktime', 'video/mp4'],
  ['video/x-matroska', 'video/webm'],
  ['audio/x-m4a', 'audio/mp4'],
]);

/** A video or a piece of sound, with the browser's own player: what is played is fetched when its turn comes, from any place. */
export function MediaView({ row, kind }: { readonly row: Row; readonly kind: 'video' | 'audio' }): ReactNode {
  const text = useText();
  const type = shownTypeOf(row);
  const { address, error } = useGivenFile(row, playedAs.get(type) ?? type);
  const [hasFailed, setFailed] = useState(false);
  if (error !== undefined) return <CannotShow row={row} problem={faultText(error, text)} />;
  if (hasFailed) return <CannotShow row={row} problem={text('view.media.failed')} />;
  if (address === undefined) return <ProgressBar label={text('view.loading')} value={undefined} isLabelHidden />;
  const player = {
    src: address,
    controls: true,
    preload: 'metadata',
    'aria-label': visibleName(row.name),
    onError: () => {
      setFailed(true);
    },
  } as const;
  if (kind === 'video') {
    return (
      <div className={styles['player-frame']}>
        <video {...player} className={styles['video']} playsInline />
      </div>
    );
  }
  return (
    <div className={styles['player-frame']}>
      {row.thumbnail === undefined ? <Icon name="audio" size={120} /> : <RowIcon row={row} size={240} />}
      <audio {...player} className={styles['audio']} />
    </div>
  );
}
