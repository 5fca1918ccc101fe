import type { ReactNode } from 'react';
import { formatRoute } from '../../app/router.js';
import { Name } from '../../ui/name.js';
import styles from './profile.module.css';

/** The name of somebody, which leads to their profile. */
export function PersonLink({ username }: { readonly username: string }): ReactNode {
  return (
    <a className={styles['person']} href={formatRoute({ name: 'profile', username })}>
      <Name>{username}</Name>
    </a>
  );
}
