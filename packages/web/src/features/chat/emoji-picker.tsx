import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { EmojiGrid } from './emoji-grid.js';
import { type Emoji, EMOJI_GROUPS, type EmojiGroup, loadEmojis } from './emoji-set.js';
import styles from './emoji.module.css';
import { findEmojis } from './find-emojis.js';
import { noteEmoji, recentEmojis } from './recent-emojis.js';

/** What stands for a group in its tab; its name is said beside it. */
const SIGNS: Readonly<Record<EmojiGroup | 'recent', string>> = {
  recent: '🕘',
  smileys: '😀',
  people: '👋',
  nature: '🐻',
  food: '🍎',
  travel: '🚗',
  activities: '⚽',
  objects: '💡',
  symbols: '🔣',
  flags: '🏁',
};

/** Looks for an emoji by its name in the language of the page, or in a group; those that were chosen last come first. */
export function EmojiPicker({ onPick }: { readonly onPick: (character: string) => void }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const field = useRef<HTMLDivElement>(null);
  const [round, setRound] = useState(0);
  const [emojis, setEmojis] = useState<readonly Emoji[] | undefined>(undefined);
  const [hasFailed, setFailed] = useState(false);
  const [query, setQuery] = useState('');
  const [pointed, setPointed] = useState<Emoji | undefined>(undefined);
  const [recent] = useState(recentEmojis);
  useEffect(() => {
    let isStale = false;
    setFailed(false);
    loadEmojis(language).then(
      (set) => {
        if (!isStale) setEmojis(set);
      },
      () => {
        if (!isStale) setFailed(true);
      },
    );
    return () => {
      isStale = true;
    };
  }, [language, round]);

  const groups = useMemo(() => {
    if (emojis === undefined) return [];
    const known = new Map(emojis.map((emoji) => [emoji.character, emoji]));
    const chosen = recent.flatMap((character) => known.get(character) ?? []);
    return [
      ...(chosen.length === 0 ? [] : [{ id: 'recent' as const, emojis: chosen }]),
      ...EMOJI_GROUPS.map((id) => ({ id, emojis: emojis.filter(({ group }) => group === id) })),
    ];
  }, [emojis, recent]);
  const found = useMemo(() => findEmojis(emojis ?? [], query), [emojis, query]);
  const isSearching = query.trim() !== '';

  const toSearch = (): void => {
    field.current?.querySelector('input')?.focus();
  };
  const pick = ({ character }: Emoji): void => {
    noteEmoji(character);
    onPick(character);
  };
  const grid = (label: string, shown: readonly Emoji[]): ReactNode => (
    <EmojiGrid label={label} emojis={shown} onPick={pick} onPoint={setPointed} onLeaveTop={toSearch} />
  );
  if (hasFailed) {
    return (
      <div className={styles['picker']}>
        <Notice kind="problem">
          <p>{text('emoji.failed')}</p>
          <Button
            onPress={() => {
              setRound(round + 1);
            }}
          >
            {text('action.retry')}
          </Button>
        </Notice>
      </div>
    );
  }
  return (
    <div className={styles['picker']}>
      <div
        ref={field}
        onKeyDownCapture={(event) => {
          const [first] = found;
          if (event.key === 'Enter' && first !== undefined && !event.nativeEvent.isComposing) {
            event.preventDefault();
            pick(first);
          } else if (event.key === 'ArrowDown') {
            event.preventDefault();
            event.currentTarget.parentElement?.querySelector<HTMLElement>('[role="grid"] button[tabindex="0"]')?.focus();
          }
        }}
      >
        <TextField label={text('emoji.find')} type="search" autoComplete="off" isVerbatim autoFocus value={query} onChange={setQuery} />
      </div>
      {emojis === undefined ? (
        <ProgressBar label={text('emoji.loading')} value={undefined} />
      ) : isSearching ? (
        found.length === 0 ? (
          <p className={styles['none']}>{text('emoji.none')}</p>
        ) : (
          grid(text('emoji.found'), found)
        )
      ) : (
        <Tabs className={styles['tab-area'] ?? ''}>
          <TabList aria-label={text('emoji.groups')} className={styles['tabs'] ?? ''}>
            {groups.map(({ id }) => (
              <Tab key={id} id={id} aria-label={text(`emoji.group.${id}`)} className={styles['tab'] ?? ''}>
                <span aria-hidden="true" title={text(`emoji.group.${id}`)}>
                  {SIGNS[id]}
                </span>
              </Tab>
            ))}
          </TabList>
          {groups.map(({ id, emojis: shown }) => (
            <TabPanel key={id} id={id} className={styles['panel'] ?? ''}>
              <h3 className={styles['heading']}>{text(`emoji.group.${id}`)}</h3>
              {grid(text(`emoji.group.${id}`), shown)}
            </TabPanel>
          ))}
        </Tabs>
      )}
      <p className="visually-hidden" role="status">
        {emojis !== undefined && isSearching ? text('emoji.count', { count: found.length }) : ''}
      </p>
      <p className={styles['pointed']} aria-hidden="true">
        {pointed?.name ?? ''}
      </p>
    </div>
  );
}
