import { type ReactNode, useEffect, useState } from 'react';
import type { Row } from '../../engine/calls.js';
import { isRootOf } from '../../engine/paths.js';
import { Icon, type IconName } from '../../ui/icon.js';
import styles from './row-icon.module.css';

/** Types that a thumbnail may claim: what it is, is for the browser to find out; anything else is not shown. */
const PICTURE_TYPES: ReadonlySet<string> = new Set(['image/webp', 'image/jpeg', 'image/png', 'image/gif']);

/** The drawing for a kind of thing. */
function iconOf({ kind, mimeType, path }: Pick<Row, 'kind' | 'mimeType' | 'path'>): IconName {
  if (kind === 'directory') return isRootOf(path) ? 'person' : 'folder';
  if (kind === 'damaged') return kind;
  const [family] = mimeType.split('/');
  switch (family) {
    case 'image':
    case 'video':
    case 'audio':
    case 'text':
      return family;
    default:
      return 'file';
  }
}

/** The small picture of a file, or a drawing of what kind of thing it is. */
export function RowIcon({ row, size }: { readonly row: Row; readonly size: number }): ReactNode {
  const address = useThumbnail(row);
  if (address === undefined) {
    return (
      <span className={`${styles['icon']} ${styles[row.kind]}`}>
        <Icon name={iconOf(row)} size={size} />
      </span>
    );
  }
  return (
    <img className={styles['picture']} src={address} alt="" width={size} height={size} loading="lazy" decoding="async" draggable={false} />
  );
}

/** An address of the picture inside this page, as long as it is shown. */
function useThumbnail({ thumbnail }: Row): string | undefined {
  const [address, setAddress] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (thumbnail === undefined || !PICTURE_TYPES.has(thumbnail.type)) {
      setAddress(undefined);
      return undefined;
    }
    const made = URL.createObjectURL(new Blob([thumbnail.bytes], { type: thumbnail.type }));
    setAddress(made);
    return () => {
      URL.revokeObjectURL(made);
    };
  }, [thumbnail]);
  return address;
}
