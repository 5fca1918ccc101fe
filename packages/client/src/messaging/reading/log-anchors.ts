import { readIndex } from '@pyrgos/core/chat';
import { MAX_CHUNK_SIZE } from '@pyrgos/core/limits';

/** A place in a log where a message begins, as an index says. */
export interface LogAnchor {
  /** The number of the message. */
  readonly message: number;
  /** Where it begins. */
  readonly offset: number;
}

/** A place in a log where a message was found to begin, or the log to end. */
export interface LogPlace extends LogAnchor {
  /** Some bytes before it, by which it is known again. */
  readonly before: Uint8Array;
}

/**
 * The places that an index names, in order, the beginning of the log first (chapter 07 section 5.2). What cannot be right is left out: entries out of order, beyond the log, with fewer bytes
 * than messages, or in the same chunk as the one before, which no writer makes. Whether a message really begins there is for the reader of the log to find out.
 */
export function readAnchors(index: Uint8Array, logSize: number): readonly LogAnchor[] {
  const anchors: LogAnchor[] = [{ message: 0, offset: 0 }];
  for (const [message, offset] of readIndex(index)) {
    const last = anchors.at(-1) ?? { message: 0, offset: 0 };
    const isNext = message > last.message && offset - last.offset >= message - last.message && offset < logSize;
    if (isNext && chunkOf(offset) > chunkOf(last.offset)) anchors.push({ message, offset });
  }
  return anchors;
}

function chunkOf(offset: number): number {
  return Math.floor(offset / MAX_CHUNK_SIZE);
}
