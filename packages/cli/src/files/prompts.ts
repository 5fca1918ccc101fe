import { AbortedError } from '@pyrgos/client';
import { isInteractive } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** Asks for a line of text. UsageError with `advice` where nobody can be asked; AbortedError when nobody wants to answer. */
export async function askText(question: string, advice: string): Promise<string> {
  requirePerson(advice);
  // Loaded late: scripts never ask, and start sooner without it.
  const { text } = await import('@clack/prompts');
  return answered(await text({ message: question, output: process.stderr, withGuide: false }));
}

/** Asks for something that nobody else may see. Errors as {@link askText}. */
export async function askSecret(question: string, advice: string): Promise<string> {
  requirePerson(advice);
  const { password } = await import('@clack/prompts');
  return answered(await password({ message: question, mask: '*', output: process.stderr, withGuide: false }));
}

function requirePerson(advice: string): void {
  if (!isInteractive()) throw new UsageError(advice);
  requireSize(process.stderr);
}

/** Columns and rows of a terminal that says that it has none, as one does of a serial line, or before anybody has told it. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;

/** Questions are wrapped to the width of a terminal: where that is 0 nothing of them would be seen. When it gets a size later, that counts. */
function requireSize(terminal: { columns: number; rows: number }): void {
  if (!(terminal.columns > 0)) terminal.columns = USUAL_COLUMNS;
  if (!(terminal.rows > 0)) terminal.rows = USUAL_ROWS;
}

function answered(answer: string | symbol | undefined): string {
  if (typeof answer === 'symbol') throw new AbortedError('the question');
  return answer ?? '';
}
