import { type LogItem, readLogItem } from '@pyrgos/core/chat';
import { FormatError, type PyrgosError } from '@pyrgos/core/errors';
import { FileReader, type View } from '../files/view/index.js';
import { type LogFiles, readIndex } from './chat-files.js';
import { OwnLog, type OwnLogParts } from './reading/own-log.js';

/** Opens a log, whosever it is: looks at what is behind the last place that its index names, or that is known. Errors of reading it. */
export async function openLog(
  view: View,
  { log, index }: LogFiles,
  known: Pick<OwnLogParts, 'count' | 'place' | 'most'> = {},
): Promise<OwnLog> {
  return OwnLog.open({ ...known, file: new FileReader(view, log), index: await readIndex(view, index) }, view.signal);
}

/**
 * The messages of a log from number `from` on, up to `to`, in order; none when it has not so many. What is not understood comes as an item without a message. FormatError
 * `format.chat` where it cannot be told where the next message begins, after all before it (chapter 07 section 5.4).
 */
export async function* readMessages(
  log: OwnLog,
  from: number,
  signal: AbortSignal | undefined,
  to: number = Infinity,
): AsyncGenerator<LogItem & { readonly bytes: Uint8Array }, void, undefined> {
  for await (const { index, bytes } of log.read(from, Math.min(to, log.length), signal)) {
    const item = bytes === undefined ? undefined : readLogItem(bytes, 0);
    if (bytes === undefined || item === undefined) throw log.problem ?? lostMessage(index);
    yield { ...item, bytes };
  }
  if (log.problem !== undefined && to >= log.length) throw log.problem;
}

function lostMessage(index: number): PyrgosError {
  return new FormatError('format.chat', `message ${index}`, 'cannot be read');
}
