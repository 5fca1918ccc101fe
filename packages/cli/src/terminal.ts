import { createInterface } from 'node:readline/promises';
import { stripVTControlCharacters } from 'node:util';
import { ExitCode } from './exit-code.js';
import { withoutLinkSecrets } from './secret-text.js';

/** Prints a line to the standard output. */
export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** What JSON leaves as it is and a terminal or an editor may obey: C1 controls, marks of direction, separators of lines. */
const UNQUOTED = /[\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Prints one JSON value, on one line, in which no character can steer a terminal. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value).replaceAll(UNQUOTED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  process.stdout.write(`${text}\n`);
}

let isOutputClosed = false;

/** To be called once, before anything is printed: who reads our output may stop reading, as head does, and that is no failure. Output that cannot be stored is one, and the end. */
export function noticeClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') isOutputClosed ||= stream === process.stdout;
      else endUnwritten(stream, error);
    });
  }
}

let unwrittenAdvice: string | undefined;

/** What is told, beside the problem, when what is printed from now on cannot be written: what was done all the same. */
export function adviseIfUnwritten(advice: string): void {
  unwrittenAdvice = advice;
}

/** What is printed goes to a file that cannot be written any more. */
function endUnwritten(stream: NodeJS.WriteStream, { code = 'unknown' }: NodeJS.ErrnoException): void {
  // Nobody can be told any more what went wrong: the exit code still says it.
  if (stream === process.stderr) return;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const problem = isFull ? 'the disk that the output is written to is full' : `the output cannot be written (${code})`;
  notify(unwrittenAdvice === undefined ? problem : `${problem}. ${unwrittenAdvice}`);
  process.exit(isFull ? ExitCode.full : ExitCode.failed);
}

/** Whether who read the standard output has gone. Known some time after the first thing that was not read. */
export function isUnread(): boolean {
  return isOutputClosed;
}

/** Tells the person something that is not the result: the standard output belongs to programs. The secret of a link is left out. */
export function notify(line: string): void {
  process.stderr.write(`pyrgos: ${withoutLinkSecrets(line)}\n`);
}

/** Text of somebody else, safe to print: it cannot move the cursor, change colours or pretend to be our output. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/**
 * What is not shown as it is: control, format and unassigned characters but the joiners that scripts and emoji need; separators of lines; what shows nothing, or a blank,
 * by which two names would look alike. The selector that makes an emoji of a sign stays behind such a sign.
 */
const UNPRINTABLE =
  /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]|(?<!\p{Extended_Pictographic})\ufe0f(?!\u20e3)|(?![\ufe0f\u200c\u200d])[\p{Default_Ignorable_Code_Point}\p{Variation_Selector}]|\u2800/gu;

/**
 * The name of a file, or a path, on one line: it cannot steer a terminal, and two that differ look different. So where something is escaped, or looks as if it were, backslashes are
 * doubled; in every other name they stay single. `--json` has it as it is. To be applied once: see {@link printableMessage}.
 */
export function printableName(name: string): string {
  const escaped = printableMessage(name);
  return escaped.includes('\\u{') ? printableMessage(name.replaceAll('\\', '\\\\')) : escaped;
}

/** A message on one line, in which names may be escaped already: it cannot steer a terminal. */
export function printableMessage(message: string): string {
  return message.replaceAll(UNPRINTABLE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Columns of texts, the last one as long as it likes. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '));
}

/** A time as people of all countries read it, in UTC. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 16);
}

/** Whether a person sits at input and output of this process. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a question on the terminal. */
export async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/**
 * As {@link readInput}, for a text that others are to read, of at most so many bytes: more of it is not read. `binary` for what is no text: no UTF-8, or with NUL in it.
 */
export async function readTextInput(most: number): Promise<{ readonly text: string } | 'binary' | 'too long'> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > most) return 'too long';
    chunks.push(chunk);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return text.includes('\0') ? 'binary' : { text: text.replace(/\r?\n$/, '') };
  } catch (error) {
    if (error instanceof TypeError) return 'binary';
    throw error;
  }
}

/** Everything that the standard input holds, without the last line break. */
export async function readInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) text += chunk;
  return text.replace(/\r?\n$/, '');
}
