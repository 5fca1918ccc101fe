import { printableName } from '../terminal.js';

/** Columns of what is being worked on, cells of the bar, and what turns (chapter 09 section 5.3). */
const TITLE_WIDTH = 52;
const CELLS = 20;
const SPINNER = '|/-\\';
/** Milliseconds between two drawings. */
const PAUSE = 100;
/** Milliseconds after which a line is drawn anew although nothing has happened: what it says may be no longer true. */
const REST = 1000;

/** What a line says: which thing of how many it is about, and how much of it is done. */
export interface ProgressLine {
  readonly path: string;
  readonly index: number;
  readonly count: number | undefined;
  readonly fraction: number;
}

/** How far a transfer is, for people: a line on the standard error output that is drawn over itself. Nothing where that is no terminal. */
export class TerminalProgress {
  /** Whether anybody sees it. */
  readonly isShown: boolean;
  private last = -Infinity;
  private turns = 0;
  private isDrawn = false;
  private isOver = false;
  private timer: NodeJS.Timeout | undefined;

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

  /** Shows what `line` says, now and, until {@link end}, every second, whether anything happens or not. */
  follow(line: () => ProgressLine): void {
    if (!this.isShown || this.isOver) return;
    const draw = (): void => {
      const { count, fraction, index, path } = line();
      this.show(path, index, count, fraction);
    };
    clearInterval(this.timer);
    this.timer = setInterval(draw, REST);
    // It keeps no command alive.
    this.timer.unref();
    draw();
  }

  /** Takes the line away for good. */
  end(): void {
    this.isOver = true;
    clearInterval(this.timer);
    this.clear();
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
