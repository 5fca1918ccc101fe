import type { ReactNode } from 'react';
import type { PersonAsking, RequestAnswer } from '../../engine/social-calls.js';
import { type TextId, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import type { MenuChoice } from '../../ui/menu.js';
import { Section } from '../settings/section.js';
import styles from './people.module.css';
import { PersonRow } from './person-row.js';

/** The answers that have a button of their own. */
const BUTTONS = ['accept-and-follow', 'accept', 'deny'] as const;

/** Who wants to follow the account, how that can be answered, and what each answer does. */
export function RequestsSection({
  requests,
  busy,
  choicesFor,
  onAnswer,
  onVerify,
}: {
  readonly requests: readonly PersonAsking[];
  readonly busy: ReadonlySet<string>;
  readonly choicesFor: (username: string) => readonly MenuChoice[];
  readonly onAnswer: (username: string, answer: RequestAnswer) => void;
  readonly onVerify: (username: string) => void;
}): ReactNode {
  const text = useText();
  return (
    <Section title={text('people.requests')}>
      <ul className={styles['people']}>
        {requests.map((person) => {
          const { username, isChecked } = person;
          const isBusy = busy.has(username);
          return (
            <PersonRow
              key={username}
              person={person}
              note={text(isChecked ? 'people.request' : 'people.request.unchecked')}
              isBusy={isBusy}
              onVerify={() => {
                onVerify(username);
              }}
              choices={[
                ...choicesFor(username),
                {
                  id: 'deny-and-block',
                  label: text('people.answer.block'),
                  icon: 'close',
                  isDanger: true,
                  onChoose: () => {
                    onAnswer(username, 'block');
                  },
                },
              ]}
            >
              {BUTTONS.map((answer, index) => (
                <Button
                  key={answer}
                  kind={index === 0 ? 'primary' : 'secondary'}
                  isDisabled={isBusy}
                  aria-label={text('people.answer.for', { answer: text(`people.answer.${answer}`), name: username })}
                  onPress={() => {
                    onAnswer(username, answer);
                  }}
                >
                  {text(`people.answer.${answer}`)}
                </Button>
              ))}
            </PersonRow>
          );
        })}
      </ul>
      <details className={styles['help']}>
        <summary>{text('people.answers')}</summary>
        <dl>
          {([...BUTTONS, 'block'] as const).map((answer) => (
            <div key={answer}>
              <dt>{text(`people.answer.${answer}` satisfies TextId)}</dt>
              <dd>{text(`people.answer.${answer}.help` satisfies TextId)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </Section>
  );
}
