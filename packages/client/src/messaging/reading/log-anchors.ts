import { readIndex } from '@pyrgos/core/chat';

/** A place in a log where a message begins, as an index says. */
export interface LogAnchor {
  /** The number of the message. */
  readonly message: number;
  /** Where it begins. */
  readonly offset: number;
}

/**
 * The places that an index names, in order, the beginning of the log first (chapter 07 section 5.2). What cannot be right is left out: entries out of order, beyond the log, or with fewer bytes
 * than messages. Whether a message really begins there is for the reader of the log to find out.
 */
export function readAnchors(index: Uint8Array, logSize: number): readonly LogAnchor[] {
  const anchors: LogAnchor[] = [{ message: 0, offset: 0 }];
  for (const [message, offset] of readIndex(index)) {
    const last = anchors.at(-1) ?? { message: 0, offset: 0 };
    if (message > last.message && offset - last.offset >= message - last.message && offset < logSize) anchors.push({ message, offset });
  }
  return anchors;
}
