/** What was looked at, and how it is. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  /** What was found, in words. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** All is well. */
export function fine(name: string, text: string): Check {
  return { name, state: 'ok', text };
}

/** It works, and somebody should know. */
export function warning(name: string, text: string, advice: string): Check {
  return { name, state: 'warning', text, advice };
}

/** It does not work. */
export function problem(name: string, text: string, advice: string): Check {
  return { name, state: 'problem', text, advice };
}
