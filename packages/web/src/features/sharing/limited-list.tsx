import { type ReactNode, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import styles from './sharing.module.css';

/** Entries that are shown at a time: a page with thousands of them would be slow, and nobody reads them all. */
const STEP = 100;

/** A list of which the first entries are shown, and more when somebody asks for them. */
export function LimitedList<T>({
  label,
  items,
  show,
}: {
  readonly label: string;
  readonly items: readonly T[];
  /** An entry, with a key. */
  readonly show: (item: T) => ReactNode;
}): ReactNode {
  const text = useText();
  const [limit, setLimit] = useState(STEP);
  if (items.length === 0) return null;
  return (
    <>
      <ul className={styles['list']} aria-label={label}>
        {items.slice(0, limit).map(show)}
      </ul>
      {items.length > limit ? (
        <div>
          <Button
            onPress={() => {
              setLimit(limit + STEP);
            }}
          >
            {text('shared.more', { count: items.length - limit })}
          </Button>
        </div>
      ) : null}
    </>
  );
}
