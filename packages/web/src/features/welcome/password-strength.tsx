import { type ReactNode, useEffect, useState } from 'react';
import type { PasswordJudgement } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { passwordProblemId } from '../../i18n/password-problems.js';
import { type TextFunction, useText } from '../../i18n/text.js';
import styles from './welcome.module.css';

const LEVELS = ['refused', 'fair', 'good', 'strong'] as const;

/** Why a password will not do, in words. */
export function passwordProblemText({ problem, minLength }: PasswordJudgement, text: TextFunction): string | undefined {
  if (problem === undefined) return undefined;
  return text(passwordProblemId(problem), { count: minLength });
}

/** What a password is worth. Rejects with an {@link EngineError}, `aborted` when `signal` fires. */
export async function judgePassword(username: string, password: string, signal: AbortSignal): Promise<PasswordJudgement> {
  return engine().call('password.judge', { username, password }, { signal });
}

/** What a password is worth, judged anew while somebody types. Undefined before the first judgement, and for an empty field. `judge`: by which rules, those of accounts by default; always the same function. */
export function usePasswordJudgement(username: string, password: string, judge = judgePassword): PasswordJudgement | undefined {
  const [judged, setJudged] = useState<{ readonly password: string; readonly judgement: PasswordJudgement } | undefined>(undefined);
  useEffect(() => {
    if (password === '') return undefined;
    const stale = new AbortController();
    judge(username, password, stale.signal).then(
      (judgement) => {
        setJudged({ password, judgement });
      },
      // Typed on meanwhile; and a judgement that fails is made again when the form is sent.
      () => undefined,
    );
    return () => {
      stale.abort();
    };
  }, [username, password, judge]);
  return password === '' ? undefined : judged?.judgement;
}

/** A meter beside the field in which a password is chosen. */
export function PasswordStrength({ judgement }: { readonly judgement: PasswordJudgement | undefined }): ReactNode {
  const text = useText();
  const level = judgement?.level;
  const reached = level === undefined ? 0 : LEVELS.indexOf(level) + 1;
  return (
    <div className={styles['strength']}>
      <div className={styles['steps']} aria-hidden="true">
        {LEVELS.map((step, index) => (
          <span key={step} className={styles['step']} data-on={index < reached ? level : undefined} />
        ))}
      </div>
      <span role="status">{text('strength.label', { level: level === undefined ? '–' : text(`strength.${level}`) })}</span>
    </div>
  );
}
