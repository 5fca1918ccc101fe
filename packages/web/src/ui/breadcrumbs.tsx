import { type ReactNode, useEffect, useRef } from 'react';
import { Breadcrumb, Breadcrumbs as AriaBreadcrumbs, Link } from 'react-aria-components';
import styles from './breadcrumbs.module.css';
import { Icon, type IconName } from './icon.js';
import { Name } from './name.js';

/** A step of the way. */
export interface Crumb {
  readonly label: string;
  readonly href: string;
  readonly icon?: IconName;
}

/** The way from the top to where one is; the last step is where one is. */
export function Breadcrumbs({
  label,
  crumbs,
  wrap = (_, link) => link,
}: {
  readonly label: string;
  readonly crumbs: readonly Crumb[];
  /** Puts something around the link of a step. */
  readonly wrap?: (crumb: Crumb, link: ReactNode) => ReactNode;
}): ReactNode {
  const way = useRef<HTMLElement>(null);
  const last = crumbs.at(-1)?.href;
  useEffect(() => {
    const { current: frame } = way;
    const list = frame?.firstElementChild ?? null;
    if (frame === null || list === null) return undefined;
    // Where there is no room for all of it, where one is counts. The steps come into the page after the list does.
    const observer = new ResizeObserver(() => {
      frame.scrollTo({ left: frame.scrollWidth });
    });
    observer.observe(list);
    return () => {
      observer.disconnect();
    };
  }, [last]);
  return (
    <nav ref={way} aria-label={label} className={styles['way']}>
      <AriaBreadcrumbs aria-label={label} className={styles['crumbs'] ?? ''}>
        {crumbs.map((crumb, index) => (
          <Breadcrumb key={crumb.href} id={crumb.href} className={styles['crumb'] ?? ''}>
            {index === 0 ? null : <Icon name="forward" size={16} />}
            {wrap(
              crumb,
              <Link href={crumb.href} className={styles['link'] ?? ''}>
                {crumb.icon === undefined ? null : <Icon name={crumb.icon} />}
                <Name>{crumb.label}</Name>
              </Link>,
            )}
          </Breadcrumb>
        ))}
      </AriaBreadcrumbs>
    </nav>
  );
}
