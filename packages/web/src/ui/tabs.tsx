import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components';
import styles from './tabs.module.css';

/** One of several parts of a screen. */
export interface TabPart {
  readonly id: string;
  readonly label: string;
  readonly content: ReactNode;
}

/** Parts of a screen or dialog of which one is seen. */
export function Tabs({
  label,
  parts,
  begin,
}: {
  readonly label: string;
  readonly parts: readonly TabPart[];
  /** The part that is seen first; by default the first. */
  readonly begin?: string | undefined;
}): ReactNode {
  return (
    <AriaTabs className={styles['tabs'] ?? ''} {...(begin === undefined ? {} : { defaultSelectedKey: begin })}>
      <TabList aria-label={label} className={styles['list'] ?? ''}>
        {parts.map(({ id, label: name }) => (
          <Tab key={id} id={id} className={styles['tab'] ?? ''}>
            {name}
          </Tab>
        ))}
      </TabList>
      {parts.map(({ id, content }) => (
        <TabPanel key={id} id={id} className={styles['panel'] ?? ''}>
          {content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
