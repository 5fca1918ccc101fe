import { type ReactNode, useEffect, useState } from 'react';
import { visibleName } from '../../i18n/visible-name.js';
import styles from './profile.module.css';
import { photoOf } from './photos.js';

/** The picture of somebody, or the first letter of their name. Says nothing: the name stands beside it. */
export function Avatar({
  username,
  size = 40,
  version = 0,
}: {
  readonly username: string;
  readonly size?: number;
  /** Another number when the picture may be another one. */
  readonly version?: number;
}): ReactNode {
  const [address, setAddress] = useState<string | undefined>(undefined);
  useEffect(() => {
    let isStale = false;
    setAddress(undefined);
    void photoOf(username).then((found) => {
      if (!isStale) setAddress(found);
    });
    return () => {
      isStale = true;
    };
  }, [username, version]);
  return (
    <span
      className={styles['avatar']}
      style={{ inlineSize: `${size}px`, blockSize: `${size}px`, fontSize: `${size / 2}px` }}
      aria-hidden="true"
    >
      {address === undefined ? (
        String.fromCodePoint(visibleName(username).codePointAt(0) ?? 0x3f).toUpperCase()
      ) : (
        <img
          src={address}
          alt=""
          width={size}
          height={size}
          onError={() => {
            setAddress(undefined);
          }}
        />
      )}
    </span>
  );
}
