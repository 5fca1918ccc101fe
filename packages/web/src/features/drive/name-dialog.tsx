import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { useText } from '../../i18n/text.js';
import { visibleName } from '../../i18n/visible-name.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { Name } from '../../ui/name.js';

/** The longest name of a file, in bytes of UTF-8 (chapter 04 section 5). */
const MAX_NAME_BYTES = 255;

/** Asks for the name of something. Stays open, with what went wrong beside the field, until it has worked. */
export function NameDialog({
  title,
  action,
  initial,
  onSubmit,
  onClose,
}: {
  readonly title: string;
  readonly action: string;
  readonly initial: string;
  readonly onSubmit: (name: string) => Promise<void>;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const form = useId();
  const [name, setName] = useState(initial);
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | undefined>(undefined);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isWorking) return;
    const wrong = nameProblem(name);
    if (wrong !== undefined) {
      setProblem(text(wrong));
      return;
    }
    setWorking(true);
    try {
      await onSubmit(name);
      onClose();
    } catch (error) {
      setProblem(faultText(error, text));
      setWorking(false);
    }
  };

  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button kind="primary" type="submit" form={form} isPending={isWorking}>
            {action}
          </Button>
          <Button onPress={onClose}>{text('action.cancel')}</Button>
        </>
      }
    >
      <form id={form} onSubmit={(event) => void submit(event)} noValidate>
        <TextField
          label={text('column.name')}
          autoFocus
          autoComplete="off"
          value={name}
          onFocus={selectStem}
          onChange={(value) => {
            setName(value);
            setProblem(undefined);
          }}
          problem={problem}
          // An input hides what is invisible.
          {...(visibleName(name) === name ? {} : { help: <Name>{name}</Name> })}
        />
      </form>
    </Dialog>
  );
}

/** Why a name cannot be, if it cannot. */
function nameProblem(name: string): 'name.empty' | 'name.illegal' | 'name.long' | undefined {
  if (name.trim() === '') return 'name.empty';
  if (name === '.' || name === '..' || /[/\0]/u.test(name)) return 'name.illegal';
  return new TextEncoder().encode(name).length > MAX_NAME_BYTES ? 'name.long' : undefined;
}

/** Selects the name without its extension: that is what people change. */
function selectStem({ target }: { readonly target: EventTarget }): void {
  if (!(target instanceof HTMLInputElement)) return;
  const dot = target.value.lastIndexOf('.');
  target.setSelectionRange(0, dot > 0 ? dot : target.value.length);
}
