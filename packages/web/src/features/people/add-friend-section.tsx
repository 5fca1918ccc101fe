import { type FormEvent, type ReactNode, useState } from 'react';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { showToast } from '../../ui/toasts.js';
import { Section } from '../settings/section.js';
import styles from './people.module.css';
import { followResultText, peopleFaultText } from './people-fault-text.js';

/** Asks somebody, by name, whether one may follow them. What keeps it from being done stands beside the field. */
export function AddFriendSection({ onChanged }: { readonly onChanged: () => void }): ReactNode {
  const text = useText();
  const [username, setUsername] = useState('');
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const name = username.trim().toLowerCase();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isWorking) return;
    if (name === '') {
      setProblem(text('field.required'));
      return;
    }
    setWorking(true);
    setProblem(undefined);
    try {
      const result = await engine().call('social.follow', { username: name, again: false });
      if (result === 'requested' || result === 'following') {
        setUsername('');
        showToast({ kind: 'good', text: followResultText(result, name, text) });
      } else setProblem(followResultText(result, name, text));
    } catch (error) {
      setProblem(peopleFaultText(error, name, text));
    } finally {
      setWorking(false);
      onChanged();
    }
  };
  return (
    <Section title={text('people.add')}>
      <form className={styles['add']} onSubmit={(event) => void submit(event)} noValidate>
        <TextField
          label={text('field.username')}
          help={text('people.add.help')}
          isVerbatim
          autoComplete="off"
          value={username}
          onChange={(value) => {
            setUsername(value);
            setProblem(undefined);
          }}
          problem={problem}
        />
        <Button type="submit" kind="primary" isPending={isWorking}>
          {text('people.add.action')}
        </Button>
      </form>
    </Section>
  );
}
