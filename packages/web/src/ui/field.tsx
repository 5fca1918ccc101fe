import { type ReactNode, useState } from 'react';
import {
  FieldError,
  Group,
  Input,
  Label,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
} from 'react-aria-components';
import { useText } from '../i18n/text.js';
import { IconButton } from './button.js';
import styles from './field.module.css';

/** See {@link TextField}. */
export interface TextFieldProps extends Omit<AriaTextFieldProps, 'className' | 'children' | 'isInvalid' | 'validationBehavior'> {
  readonly label: string;
  /** What is expected, below the field. */
  readonly help?: ReactNode;
  /** Why what is in it will not do; shown in place of the help and read out. */
  readonly problem?: string | undefined;
  readonly placeholder?: string;
  /** For names and codes: the device neither corrects nor capitalises them. */
  readonly isVerbatim?: boolean;
  /** Lines that are seen at a time; more than one takes texts of several lines. */
  readonly lines?: number;
}

const verbatim = { autoCapitalize: 'none', autoCorrect: 'off', spellCheck: false } as const;

/** A field for text. */
export function TextField({ label, help, problem, placeholder, isVerbatim = false, lines = 1, ...rest }: TextFieldProps): ReactNode {
  const shown = {
    className: styles['input'] ?? '',
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(isVerbatim ? verbatim : {}),
  };
  return (
    <AriaTextField {...rest} className={styles['field'] ?? ''} isInvalid={problem !== undefined} validationBehavior="aria">
      <Label className={styles['label'] ?? ''}>{label}</Label>
      {lines > 1 ? <TextArea {...shown} rows={lines} /> : <Input {...shown} />}
      <Below help={help} problem={problem} />
    </AriaTextField>
  );
}

/** A field for a password, which can be shown. */
export function PasswordField({ label, help, problem, ...rest }: Omit<TextFieldProps, 'placeholder' | 'type' | 'isVerbatim'>): ReactNode {
  const text = useText();
  const [isShown, setShown] = useState(false);
  return (
    <AriaTextField
      {...rest}
      type={isShown ? 'text' : 'password'}
      className={styles['field'] ?? ''}
      isInvalid={problem !== undefined}
      validationBehavior="aria"
    >
      <Label className={styles['label'] ?? ''}>{label}</Label>
      <Group className={styles['with-button'] ?? ''}>
        <Input className={styles['input'] ?? ''} {...verbatim} />
        <IconButton
          icon={isShown ? 'eye-off' : 'eye'}
          label={text(isShown ? 'field.password.hide' : 'field.password.show')}
          onPress={() => {
            setShown(!isShown);
          }}
        />
      </Group>
      <Below help={help} problem={problem} />
    </AriaTextField>
  );
}

function Below({ help, problem }: { readonly help: ReactNode; readonly problem: string | undefined }): ReactNode {
  return (
    <>
      {help === undefined ? null : (
        <Text slot="description" className={styles['help'] ?? ''}>
          {help}
        </Text>
      )}
      <FieldError className={styles['problem'] ?? ''}>{problem}</FieldError>
    </>
  );
}
