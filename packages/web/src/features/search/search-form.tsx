import { type ReactNode, useId, useState } from 'react';
import { usePreferences } from '../../app/preferences.js';
import type { SearchKind, SearchQuery } from '../../engine/calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Notice } from '../../ui/notice.js';
import { queryOf, type SearchFields } from './search-query.js';
import styles from './search-screen.module.css';
import { search } from './search-store.js';

const KINDS: readonly SearchKind[] = ['folder', 'image', 'video', 'audio', 'text', 'pdf', 'other'];

/** Asks what to look for: a name, and behind "More" the kind, the size and the day of the last change. */
export function SearchForm({
  isRunning,
  onSearch,
  onStop,
}: {
  readonly isRunning: boolean;
  readonly onSearch: (query: SearchQuery) => void;
  readonly onStop: () => void;
}): ReactNode {
  const text = useText();
  const { showsHidden } = usePreferences();
  const [fields, setFields] = useState(() => search().fields);
  const [isOpen, setOpen] = useState([fields.kind, fields.from, fields.to, fields.minSize, fields.maxSize].some((value) => value !== ''));
  const [problem, setProblem] = useState<'nothing' | 'size' | 'days' | undefined>(undefined);
  const more = useId();
  const change = (changes: Partial<SearchFields>): void => {
    const changed = { ...fields, ...changes };
    search().fields = changed;
    setFields(changed);
    setProblem(undefined);
  };
  const field = (name: 'from' | 'to' | 'minSize' | 'maxSize', type: 'date' | 'text'): ReactNode => (
    <label className={styles['field']}>
      {text(`search.${name}`)}
      <input
        className={styles['input']}
        type={type}
        {...(type === 'text' ? { inputMode: 'decimal' } : {})}
        value={fields[name]}
        onChange={({ target }) => {
          change({ [name]: target.value });
        }}
      />
    </label>
  );
  return (
    <form
      className={styles['form']}
      role="search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const query = queryOf(fields, showsHidden);
        if (typeof query === 'string') setProblem(query);
        else onSearch(query);
      }}
    >
      <div className={styles['line']}>
        <TextField
          label={text('search.text')}
          autoFocus
          autoComplete="off"
          isVerbatim
          value={fields.text}
          onChange={(value) => {
            change({ text: value });
          }}
        />
        <Button kind="primary" icon="search" type="submit">
          {text('search.submit')}
        </Button>
        {isRunning ? <Button onPress={onStop}>{text('search.stop')}</Button> : null}
      </div>
      <details
        open={isOpen}
        onToggle={({ currentTarget }) => {
          setOpen(currentTarget.open);
        }}
      >
        <summary className={styles['more']} id={more}>
          {text('search.more')}
        </summary>
        <div className={styles['line']} role="group" aria-labelledby={more}>
          <label className={styles['field']}>
            {text('search.kind')}
            <select
              className={styles['input']}
              value={fields.kind}
              onChange={({ target }) => {
                change({ kind: KINDS.find((kind) => kind === target.value) ?? '' });
              }}
            >
              <option value="">{text('search.kind.any')}</option>
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {text(`search.kind.${kind}`)}
                </option>
              ))}
            </select>
          </label>
          {field('minSize', 'text')}
          {field('maxSize', 'text')}
          {field('from', 'date')}
          {field('to', 'date')}
        </div>
      </details>
      {problem === undefined ? null : <Notice kind="problem">{text(`search.problem.${problem}`)}</Notice>}
    </form>
  );
}
