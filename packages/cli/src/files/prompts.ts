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
}

function answered(answer: string | symbol | undefined): string {
  if (typeof answer === 'symbol') throw new AbortedError('the question');
  return answer ?? '';
}
