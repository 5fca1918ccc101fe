import type { ReactNode } from 'react';
import type { Row } from '../../engine/calls.js';
import { parentOf } from '../../engine/paths.js';
import { formatSize, formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Name } from '../../ui/name.js';
import styles from './properties.module.css';

/** What is known of a file or folder, without looking into it. */
export function PropertyList({ row, children }: { readonly row: Row; readonly children?: ReactNode }): ReactNode {
  const text = useText();
  const language = useLanguage();
  return (
    <dl className={styles['properties']}>
      <dt>{text('column.name')}</dt>
      <dd>
        <Name>{row.name}</Name>
      </dd>
      <dt>{text('properties.place')}</dt>
      <dd>
        <Name>{parentOf(row.path)}</Name>
      </dd>
      <dt>{text('properties.type')}</dt>
      <dd>{row.kind === 'directory' ? text('drive.folder') : <Name>{row.mimeType}</Name>}</dd>
      {row.kind === 'file' ? (
        <>
          <dt>{text('column.size')}</dt>
          <dd>
            {formatSize(row.size, language)}
            {row.size >= 1000 ? ` (${text('properties.bytes', { count: row.size })})` : ''}
          </dd>
        </>
      ) : null}
      <dt>{text('column.modified')}</dt>
      <dd>{formatTime(row.modified, language)}</dd>
      <dt>{text('properties.created')}</dt>
      <dd>{formatTime(row.created, language)}</dd>
      {row.isHidden ? (
        <>
          <dt>{text('properties.hidden')}</dt>
          <dd>{text('properties.yes')}</dd>
        </>
      ) : null}
      {children}
    </dl>
  );
}
