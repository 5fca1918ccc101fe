import type { ReactNode } from 'react';
import type { SomePerson } from '../../engine/social-calls.js';
import { useText } from '../../i18n/text.js';
import { Icon } from '../../ui/icon.js';
import { PersonLink } from '../profile/person-link.js';
import styles from './people.module.css';

/** The name of somebody, and beside it what is known of their keys: nothing when nobody has compared anything. */
export function PersonName({ person: { username, verification } }: { readonly person: SomePerson }): ReactNode {
  const text = useText();
  return (
    <span className={styles['name']}>
      <PersonLink username={username} />
      {verification === 'unverified' ? null : (
        <span className={`${styles['mark']} ${styles[verification]}`}>
          <Icon name={verification === 'changed' ? 'damaged' : 'shield'} size={16} />
          {text(`people.mark.${verification}`)}
        </span>
      )}
    </span>
  );
}
