import { printableName } from '../terminal.js';

/** Columns of what is being worked on, cells of the bar, and what turns (chapter 09 section 5.3). */
const TITLE_WIDTH = 52;
const CELLS = 20;
const SPINNER = '|/-\\';
/** Milliseconds between two drawings. */
const PAUSE = 100;

/** How far a transfer is, for people: a line on the standard error output that is drawn over itself. Nothing where that is no terminal. */
export class TerminalProgress {
  /** Whether anybody sees it. */
  readonly isShown: boolean;
  private last = -Infinity;
  private turns = 0;
  private isDrawn = false;

  /** `isQuiet`: programs read what the command prints. */
  constructor(isQuiet: boolean) {
    this.isShown = process.stderr.isTTY && !isQuiet;
  }

  /** Shows that `path`, or what else is said of it, is the `index`th thing (of `count`, where that is known) and how much of it is done. */
  show(path: string, index: number, count: number | undefined, fraction: number): void {
    if (!this.isShown || performance.now() - this.last < PAUSE) return;
    this.last = performance.now();
    process.stderr.write(`\r${formatProgress(path, index, count, fraction, this.turns++)}\u001b[K`);
    this.isDrawn = true;
  }

  /** Takes the line away: before anything else is printed. */
  clear(): void {
    if (!this.isDrawn) return;
    process.stderr.write('\r\u001b[K');
    this.isDrawn = false;
  }
}

/** One line: `(1/2) photos/a.png` to 52 columns, a turning sign, and a bar of 20 cells. */
export function formatProgress(path: string, index: number, count: number | undefined, fraction: number, turn: number): string {
  const shown = printableName(path);
  const title = `(${index}/${count ?? '?'}) ${shown}`;
  const fitting = title.length <= TITLE_WIDTH ? title.padEnd(TITLE_WIDTH) : `${title.slice(0, TITLE_WIDTH - 1)}…`;
  const filled = Math.max(0, Math.min(CELLS, Math.floor(fraction * CELLS)));
  return `${fitting}${SPINNER[turn % SPINNER.length] ?? ''}\t[${'='.repeat(filled)}${' '.repeat(CELLS - filled)}]`;
}
