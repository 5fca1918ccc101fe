import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { LinkRow } from '../../engine/sharing-calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { LinkForm } from './link-form.js';
import { LinkView } from './link-view.js';
import styles from './sharing.module.css';

/** The secret links of one thing, and the way to another one. */
export function LinksPart({
  path,
  isFolder,
  links,
  onChange,
}: {
  readonly path: string;
  readonly isFolder: boolean;
  readonly links: readonly LinkRow[];
  readonly onChange: () => void;
}): ReactNode {
  const text = useText();
  const heading = useId();
  const [isMaking, setMaking] = useState(links.length === 0);
  /** The label of the link that was made just now: it stands first. */
  const [made, setMade] = useState<string | undefined>(undefined);
  const shown = links.toSorted((a, b) => Number(b.label === made) - Number(a.label === made));
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    if (made !== undefined) list.current?.scrollIntoView({ block: 'start' });
  }, [made, links.length]);
  return (
    <section ref={list} className={styles['part']} aria-labelledby={heading}>
      <h3 id={heading}>{text('share.links')}</h3>
      <p className={styles['quiet']}>{text('links.help')}</p>
      {links.some(({ label }) => label === made) ? <Notice kind="good">{text('links.made')}</Notice> : null}
      <ul className={styles['list']}>
        {shown.map((link) => (
          <LinkView
            key={link.label}
            link={link}
            onChange={() => {
              setMade(undefined);
              onChange();
            }}
          />
        ))}
      </ul>
      {isMaking ? (
        <LinkForm
          path={path}
          isFolder={isFolder}
          link={undefined}
          onDone={({ label }) => {
            setMaking(false);
            setMade(label);
            onChange();
          }}
          onCancel={
            links.length === 0
              ? undefined
              : () => {
                  setMaking(false);
                }
          }
        />
      ) : (
        <div>
          <Button
            icon="link"
            onPress={() => {
              setMade(undefined);
              setMaking(true);
            }}
          >
            {text('links.new')}
          </Button>
        </div>
      )}
    </section>
  );
}
