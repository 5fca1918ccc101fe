import type { ChatCompletion } from '../social/complete-chats.js';
import type { PeopleCompletion } from '../social/complete-users.js';
import type { FilesContext } from './files-context.js';
import type { SessionOptions } from './session-options.js';

/** What the shell is for a command. */
export interface ShellWorld {
  readonly context: FilesContext;
  readonly options: SessionOptions;
  /** Asks a question and gives the line that was typed. */
  readonly ask: (question: string) => Promise<string>;
  /** Lets a prompt of its own have the terminal. */
  readonly lend: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What can be completed at the place of an argument. */
export type Completion = 'remote' | 'remote-directory' | 'local' | 'local-directory' | PeopleCompletion | ChatCompletion;

/** A command of the shell (chapter 09 section 5.3). */
export interface ShellCommand {
  readonly usage: string;
  readonly description: string;
  /** Fewest and most arguments. */
  readonly counts: readonly [number, number];
  readonly flags: readonly string[];
  readonly completions: readonly Completion[];
  readonly run: (world: ShellWorld, args: readonly string[], flags: ReadonlySet<string>) => Promise<void>;
}
