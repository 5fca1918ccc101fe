import { assertBytesList, assertObject } from '../arguments.js';
import { assertBytes, assertInteger, concatBytes } from '../bytes.js';
import { FormatError, PyrgosError } from '../errors.js';
import { MAX_CHAT_MESSAGE_SIZE, MAX_CHUNK_SIZE } from '../limits.js';
import { frameAt, SignedMessage } from './signed-message.js';

/** Bytes of one entry of the index. */
export const LOG_INDEX_ENTRY_SIZE = 16;
/** The upper half of the largest safe integer. */
const MAX_HIGH = 0x1f_ffff;

/** One place of a log (chapter 07 section 5.1). */
export interface LogItem {
  /** Undefined when what stands here is no message that is understood; the next one is. */
  readonly message: SignedMessage | undefined;
  /** Why there is none. */
  readonly problem: FormatError | undefined;
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
}

/**
 * The message at an offset of a log. Undefined when the bytes end before it does: read more of the log, or, where there is no more, it was cut off. FormatError when no
 * message begins there: what follows is lost, and nothing before it (section 5.4).
 */
export function readLogItem(bytes: Uint8Array, start: number): LogItem | undefined {
  const frame = frameAt(bytes, start);
  if (frame === undefined) return undefined;
  const { end } = frame;
  try {
    return { message: SignedMessage.ofFrame(bytes, frame), problem: undefined, start, end };
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'internal') throw error;
    const problem = new FormatError('format.chat', 'message', 'is not understood', { data: { offset: start }, cause: error });
    return { message: undefined, problem, start, end };
  }
}

/** What an append writes (section 5.3). */
export interface LogAppend {
  /** Goes to the end of the log. */
  readonly bytes: Uint8Array;
  /** Goes to the end of the index, where there is one. */
  readonly indexEntry: Uint8Array | undefined;
}

/** The index of an empty log: message 0 is at byte 0. */
export function initialIndex(): Uint8Array {
  return new Uint8Array(LOG_INDEX_ENTRY_SIZE);
}

/**
 * What it takes to append messages to a log of `logSize` bytes and `messageCount` messages, both of the same snapshot as everything else (section 5.3). ArgumentError,
 * also for a message of MAX_CHAT_MESSAGE_SIZE or more.
 */
export function planAppend(args: {
  readonly logSize: number;
  readonly messageCount: number;
  readonly encodings: readonly Uint8Array[];
}): LogAppend {
  assertObject('args', args);
  const { logSize, messageCount, encodings } = args;
  assertInteger('logSize', logSize, 0, Number.MAX_SAFE_INTEGER);
  assertInteger('messageCount', messageCount, 0, Number.MAX_SAFE_INTEGER);
  assertBytesList('encodings', encodings);
  let size = logSize;
  let indexEntry: Uint8Array | undefined;
  for (const [i, encoding] of encodings.entries()) {
    assertInteger(`encodings[${i}].length`, encoding.length, 1, MAX_CHAT_MESSAGE_SIZE);
    size += encoding.length;
    if (indexEntry === undefined && chunkOf(size) > chunkOf(logSize)) indexEntry = encodeIndexEntry(messageCount + i + 1, size);
  }
  return { bytes: concatBytes(...encodings), indexEntry };
}

/** A whole log and its index, as if the messages had been appended one by one. For logs that fit into memory. */
export function buildLog(encodings: readonly Uint8Array[]): { readonly log: Uint8Array; readonly index: Uint8Array } {
  assertBytesList('encodings', encodings);
  const entries = [initialIndex()];
  let logSize = 0;
  for (const [messageCount, encoding] of encodings.entries()) {
    const { indexEntry } = planAppend({ logSize, messageCount, encodings: [encoding] });
    if (indexEntry !== undefined) entries.push(indexEntry);
    logSize += encoding.length;
  }
  return { log: concatBytes(...encodings), index: concatBytes(...entries) };
}

/** Where to begin reading a log. */
export interface LogPosition {
  /** Offset in the log where a message begins, if the index is right. */
  readonly offset: number;
  /** Messages from there up to the one that was asked for. */
  readonly skip: number;
}

/**
 * Where to begin in order to find message `message` (section 5.4): the last entry of the index that is not after it. The index is a hint: entries that cannot be right are
 * passed over, and without any the log is read from its beginning. A log that turns out to have no message at the offset has to be read from its beginning as well.
 */
export function seekPosition(args: { readonly index: Uint8Array; readonly logSize: number; readonly message: number }): LogPosition {
  assertObject('args', args);
  const { index, logSize, message } = args;
  assertBytes('index', index);
  assertInteger('logSize', logSize, 0, Number.MAX_SAFE_INTEGER);
  assertInteger('message', message, 0, Number.MAX_SAFE_INTEGER);
  let [offset, at] = [0, 0];
  if (logSize >= MAX_CHUNK_SIZE) {
    for (const [number, start] of readIndex(index)) {
      // Messages ascend, and each takes at least one byte.
      if (number > message || start >= logSize || number < at || start - offset < number - at) continue;
      [offset, at] = [start, number];
    }
  }
  return { offset, skip: message - at };
}

/** The entries of an index: the number of a message, and the offset where it begins. Half an entry at the end, and what no number can hold, is passed over. */
export function* readIndex(index: Uint8Array): Generator<readonly [message: number, offset: number], void, undefined> {
  assertBytes('index', index);
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const read = (at: number): number | undefined => {
    const high = view.getUint32(at);
    return high > MAX_HIGH ? undefined : high * 0x1_0000_0000 + view.getUint32(at + 4);
  };
  for (let at = 0; at + LOG_INDEX_ENTRY_SIZE <= index.length; at += LOG_INDEX_ENTRY_SIZE) {
    const [message, offset] = [read(at), read(at + 8)];
    if (message !== undefined && offset !== undefined) yield [message, offset];
  }
}

function encodeIndexEntry(message: number, offset: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(LOG_INDEX_ENTRY_SIZE));
  view.setBigUint64(0, BigInt(message));
  view.setBigUint64(8, BigInt(offset));
  return new Uint8Array(view.buffer);
}

function chunkOf(size: number): number {
  return Math.floor(size / MAX_CHUNK_SIZE);
}
