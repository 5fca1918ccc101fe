import { type ReactNode, useRef, useState } from 'react';
import type { LogInAnswer, LogInQuestion } from '../../engine/calls.js';
import { SecondFactorForm } from './second-factor-form.js';
import { signWithBrowser } from './sign-with-browser.js';

/** A question that waits for the person, and who waits for the answer. */
interface OpenQuestion {
  readonly question: Extract<LogInQuestion, { readonly kind: 'second-factor' }>;
  readonly answer: (answer: LogInAnswer | undefined) => void;
}

/** Questions for a second factor, for calls that may ask for one: what to pass as `onQuestion`, and the form to show while there is a question. */
export function useSecondFactorQuestion(onCancel?: () => void): {
  readonly ask: (question: LogInQuestion) => Promise<LogInAnswer | undefined>;
  readonly form: ReactNode | undefined;
  /** Takes the form away: the call is over. */
  readonly close: () => void;
} {
  const [open, setOpen] = useState<OpenQuestion | undefined>(undefined);
  /** What was chosen last: whoever has mistyped a code wants the same once more. */
  const latest = useRef(0);
  const stop = useRef(new AbortController());
  const close = (): void => {
    stop.current.abort();
    stop.current = new AbortController();
    setOpen(undefined);
  };
  const ask = async (question: LogInQuestion): Promise<LogInAnswer | undefined> => {
    if (question.kind === 'security-key') return signWithBrowser(question.question, stop.current.signal);
    return new Promise((resolve) => {
      setOpen({
        question,
        answer: (answer) => {
          setOpen(undefined);
          resolve(answer);
        },
      });
    });
  };
  const form =
    open === undefined ? undefined : (
      <SecondFactorForm
        key={open.question.attempt}
        factors={open.question.factors}
        attempt={open.question.attempt}
        first={latest.current}
        onAnswer={(answer) => {
          if (answer.kind === 'second-factor') latest.current = answer.factor;
          open.answer(answer);
        }}
        onCancel={() => {
          open.answer(undefined);
          onCancel?.();
        }}
      />
    );
  return { ask, form, close };
}
