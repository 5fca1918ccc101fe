import { MAX_CHUNK_SIZE } from '@pyrgos/core/limits';

/** A list of two byte strings, of which the first one has the 64 bytes of a signature. */
const HEAD = [0x82, 0x58, 0x40];
/** Where the head of the envelope begins. */
const ENVELOPE = HEAD.length + 64;

/** Bytes that tell how long a message is, at most. */
export const MESSAGE_HEAD_SIZE: number = ENVELOPE + 5;

/**
 * How many bytes the message has whose first ones are at `start` (chapter 07 sections 4.3 and 5.1); nothing else of it is looked at. Undefined for what is no message, or one that no reader
 * accepts. `bytes` has MESSAGE_HEAD_SIZE bytes from there on, or ends with the log.
 */
export function messageSize(bytes: Uint8Array, start: number): number | undefined {
  for (const [i, byte] of HEAD.entries()) if (bytes[start + i] !== byte) return undefined;
  const at = start + ENVELOPE;
  const initial = bytes[at];
  if (initial === undefined || initial >> 5 !== 2) return undefined;
  const info = initial & 31;
  if (info < 24) return ENVELOPE + 1 + info;
  const width = WIDTHS.get(info);
  if (width === undefined) return undefined;
  let length = 0;
  for (let i = 1; i <= width; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    length = length * 256 + byte;
  }
  const size = ENVELOPE + 1 + width + length;
  return size < MAX_CHUNK_SIZE ? size : undefined;
}

/** Where the bytes of the envelope begin in a message of `size` bytes. */
export function envelopeStart(size: number): number {
  for (const [width, least] of [
    [4, 65_536],
    [2, 256],
    [1, 24],
  ] as const) {
    if (size - ENVELOPE - 1 - width >= least) return ENVELOPE + 1 + width;
  }
  return ENVELOPE + 1;
}

/** Bytes of a length, by what the initial byte says of them. */
const WIDTHS = new Map([
  [24, 1],
  [25, 2],
  [26, 4],
]);
