import { type ReactNode, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Checkbox } from '../../ui/checkbox.js';
import { TextField } from '../../ui/field.js';
import { Name } from '../../ui/name.js';
import styles from './sharing.module.css';

/** People who are shown at a time; whoever knows more of them types a part of the name. */
const SHOWN = 50;
/** From so many on there is a field to look for them. */
const MANY = 6;

/** Somebody, or a group, to tick. */
export interface Candidate {
  readonly key: string;
  readonly name: string;
  /** More about them, below the name. */
  readonly help?: string;
}

/** People to tick, with a field to look for them when they are many. Who is ticked stays in sight, whatever is looked for. */
export function CheckList({
  label,
  candidates,
  chosen,
  nobody,
  isDisabled = false,
  onChange,
}: {
  readonly label: string;
  readonly candidates: readonly Candidate[];
  /** Keys of those who are ticked. */
  readonly chosen: ReadonlySet<string>;
  /** What is said when there is nobody to tick. */
  readonly nobody: string;
  readonly isDisabled?: boolean;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
}): ReactNode {
  const text = useText();
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const isChosen = ({ key }: Candidate): number => (chosen.has(key) ? 0 : 1);
  const found = candidates.filter((candidate) => isChosen(candidate) === 0 || candidate.name.toLowerCase().includes(wanted));
  const shown = wanted === '' ? found : found.toSorted((a, b) => isChosen(a) - isChosen(b));
  return (
    <>
      {candidates.length < MANY ? null : (
        <TextField
          label={text('share.find')}
          type="search"
          isVerbatim
          autoComplete="off"
          value={filter}
          onChange={setFilter}
          isDisabled={isDisabled}
        />
      )}
      {shown.length === 0 ? null : (
        <div className={styles['choices']} role="group" aria-label={label}>
          {shown.slice(0, SHOWN).map(({ key, name, help }) => (
            <Checkbox
              key={key}
              isSelected={chosen.has(key)}
              isDisabled={isDisabled}
              {...(help === undefined ? {} : { help })}
              onChange={(isOn) => {
                const next = new Set(chosen);
                if (isOn) next.add(key);
                else next.delete(key);
                onChange(next);
              }}
            >
              <Name>{name}</Name>
            </Checkbox>
          ))}
        </div>
      )}
      <p role="status" className={styles['quiet']}>
        {shown.length === 0
          ? wanted === ''
            ? nobody
            : text('share.find.none')
          : shown.length > SHOWN
            ? text('share.find.more', { count: shown.length - SHOWN })
            : ''}
      </p>
    </>
  );
}
