/** What apps show; everything else that is typed is a backup code. */
const APP_CODE = /^\d{6}$/;

/** Whether a code is one of an authenticator app, however it was typed. */
export function isAppCode(code: string): boolean {
  return APP_CODE.test(withoutBlanks(code));
}

/** A code without the blanks that apps show and people type. */
export function withoutBlanks(code: string): string {
  return code.replaceAll(/\s/g, '');
}

/** The codes of second factors that a command was given, in the order in which they are used. Secrets. */
export class FactorCodes {
  private readonly unused: string[] = [];
  private readonly known = new Set<string>();
  private lastOfApp: string | undefined;

  /** Adds a code; one that is there already adds nothing. */
  add(code: string): this {
    const normal = code.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
    if (!this.known.has(normal)) this.unused.push(code);
    this.known.add(normal);
    return this;
  }

  /** Whether so many questions can be answered: a backup code counts once, one of an app as often as it is asked for while it is valid. */
  covers(questions: number): boolean {
    return this.lastOfApp !== undefined || this.unused.length >= questions || this.unused.some(isAppCode);
  }

  /** The answer to the next question; undefined when every code is used up. */
  next(): string | undefined {
    const code = this.unused.shift() ?? this.lastOfApp;
    if (code !== undefined && isAppCode(code)) this.lastOfApp = code;
    return code;
  }
}
