import { createInterface, type Interface } from 'node:readline/promises';

/** What a {@link ShellTerminal} works with. */
export interface ShellTerminalOptions {
  readonly prompt: string;
  /** What the end of a line may become, and the part of it that these texts take the place of. */
  readonly complete: (line: string) => Promise<[string[], string]>;
  /** Told of Ctrl-C while nobody is typing. */
  readonly interrupt: () => void;
}

/**
 * Lines that somebody types, or that a script gives, one after the other. Ctrl-C clears the line that is being typed, or interrupts what is being done; Ctrl-D ends. What is typed while
 * something is being done waits for its turn.
 */
export class ShellTerminal {
  /** Whether somebody sits there: prompts are shown, lines can be edited. */
  readonly isForPeople: boolean = process.stdin.isTTY && process.stdout.isTTY;
  private readonly waiting: string[] = [];
  private reader: Interface;
  private taker: ((line: string | undefined) => void) | undefined;
  private isAtEnd = false;
  private isLent = false;
  private history: string[] = [];

  constructor(private readonly options: ShellTerminalOptions) {
    this.reader = this.open();
  }

  /** The next line; undefined at the end. */
  async nextLine(): Promise<string | undefined> {
    return this.take(this.options.prompt);
  }

  /** Asks something; undefined when there is no answer. */
  async ask(question: string): Promise<string | undefined> {
    if (!this.isForPeople) process.stdout.write(`${question}\n`);
    return this.take(question);
  }

  /** Lets something else read from the terminal meanwhile. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.isLent = true;
    this.reader.close();
    try {
      return await work();
    } finally {
      this.isLent = false;
      this.reader = this.open();
    }
  }

  /** Gives the terminal back. */
  close(): void {
    this.isAtEnd = true;
    this.reader.close();
    process.stdin.pause();
  }

  private async take(prompt: string): Promise<string | undefined> {
    const next = this.waiting.shift();
    if (next !== undefined) return next;
    if (this.isAtEnd) return undefined;
    return new Promise((done) => {
      this.taker = done;
      if (!this.isForPeople) return;
      this.reader.setPrompt(prompt);
      this.reader.prompt();
    });
  }

  private give(line: string | undefined): void {
    const { taker } = this;
    this.taker = undefined;
    if (taker !== undefined) taker(line);
    else if (line !== undefined) this.waiting.push(line);
  }

  private open(): Interface {
    const reader = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: this.isForPeople,
      prompt: '',
      history: this.history,
      completer: async (line: string) => this.options.complete(line),
    });
    reader.on('history', (history: string[]) => (this.history = [...history]));
    reader.on('line', (line) => this.give(line));
    reader.on('SIGINT', () => {
      if (this.taker === undefined) {
        this.options.interrupt();
        return;
      }
      process.stdout.write('^C\n');
      // Clears what is typed, before and behind the cursor.
      reader.write(null, { ctrl: true, name: 'e' });
      reader.write(null, { ctrl: true, name: 'u' });
      reader.prompt();
    });
    reader.on('close', () => {
      if (this.isLent || this.isAtEnd) return;
      this.isAtEnd = true;
      if (this.isForPeople) process.stdout.write('\n');
      this.give(undefined);
    });
    return reader;
  }
}
