import { ExitCode } from '../exit-code.js';
import { isUnread, notify, printable, printableMessage, printableName, printJson, printLine } from '../terminal.js';
import { withoutLinkSecrets } from '../secret-text.js';
import { CommandEnd } from './command-end.js';
import { codeOf, endsEverything, explainError } from './explain-error.js';

/** How a command tells what it does. */
export interface OutputOptions {
  /** One JSON object a line, and no text, on the standard output. */
  readonly isJson: boolean;
  /** Whether what was done is told as well, not only what was asked for: for people. */
  readonly isTalkative: boolean;
}

/** Where a command tells its results, what it has done, and what went wrong. */
export class Output {
  private failures = 0;

  constructor(private readonly options: OutputOptions) {}

  /** Whether programs read this. */
  get isJson(): boolean {
    return this.options.isJson;
  }

  /** Things that could not be done. */
  get problems(): number {
    return this.failures;
  }

  /** A result: what was asked for. The text is printed as it is. CommandEnd when nobody reads any more: there is no reason to look for more of them. */
  result(text: string, json: object): void {
    requireReader();
    if (this.isJson) printJson(json);
    else printLine(text);
  }

  /** Something that was done: told to people and programs, and not to a pipe. */
  done(text: string, json: object): void {
    if (this.isJson) printJson(json);
    else if (this.options.isTalkative) printLine(text);
  }

  /** What a whole run has done: as {@link done}, and told to whoever sees the messages as well when something was `left` undone. */
  summary(text: string, json: object, left: boolean): void {
    if (left && !this.isJson && !this.options.isTalkative) this.note(text);
    else this.done(text, json);
  }

  /** Something that a person should know, whatever comes of it. */
  note(text: string): void {
    notify(printable(text));
  }

  /** One of several things could not be done; the others go on. What ends everything is thrown. */
  problem(path: string, error: unknown): void {
    if (endsEverything(error)) throw error;
    const { text } = explainError(error);
    if (this.isJson)
      printJson({ event: 'problem', path: withoutLinkSecrets(path), code: codeOf(error), message: withoutLinkSecrets(text) });
    this.told(path, error);
  }

  /** As {@link problem}, for a command that prints one JSON document, in which the problem is. */
  told(path: string, error: unknown): void {
    if (endsEverything(error)) throw error;
    this.failures++;
    notify(`${printableName(path)}: ${printableMessage(explainError(error).text)}`);
  }

  /** The command failed. Returns its exit code. Throws what is a bug. */
  failure(error: unknown): number {
    const { exitCode, local, text } = explainError(error);
    if (this.isJson) {
      const place = local === undefined ? {} : { local: withoutLinkSecrets(local) };
      printJson({ event: 'error', code: codeOf(error), message: withoutLinkSecrets(text), ...place });
    }
    notify(`${local === undefined ? '' : `${printableName(local)}: `}${printableMessage(text)}`);
    return exitCode;
  }

  /** Ends the command as partly done when something could not be. */
  endIfPartly(): void {
    if (this.failures > 0) throw new CommandEnd(ExitCode.partly);
  }
}

/** Ends the command, as done, when nobody reads what it prints: CommandEnd. */
export function requireReader(): void {
  if (isUnread()) throw new CommandEnd(ExitCode.ok);
}
