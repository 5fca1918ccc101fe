import type { ReactNode } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import styles from './choice.module.css';

/** One of a few, all of which are seen. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
}): ReactNode {
  return (
    <RadioGroup
      className={styles['group'] ?? ''}
      value={value}
      orientation="horizontal"
      onChange={(chosen) => {
        onChange(chosen as Value);
      }}
    >
      <Label>{label}</Label>
      <div className={styles['options']}>
        {options.map((option) => (
          <Radio key={option.value} value={option.value} className={styles['option'] ?? ''}>
            {option.label}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
