import { encodeCbor } from '@pyrgos/core/codec';
import type { SignedBlock } from '@pyrgos/core/store';

/** Blocks of this size or more are parts of their own, which are not copied. */
const OWN_PART_SIZE = 16_384;

const LIST = 4;
const BYTES = 2;
/** A map of two, and its first key: `{"b": … , "s": …}`. */
const START = Uint8Array.of(0xa2, ...encodeCbor('b'));
const SIGNATURES = encodeCbor('s');

/** Length of the head of a CBOR item. */
function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  return argument < 0x10000 ? 3 : 5;
}

/**
 * The body of `block/put/bulk` (chapter 02 section 5.4) as parts to be sent one after the other: the same bytes as those of
 * `BlockWriteGroup.encode()`, but large blocks are not copied.
 */
export function putBodyParts(blocks: readonly SignedBlock[]): readonly Uint8Array[] {
  let small = START.length + 2 * headSize(blocks.length) + SIGNATURES.length;
  for (const { bytes, signature } of blocks) {
    small += headSize(bytes.length) + (bytes.length < OWN_PART_SIZE ? bytes.length : 0) + headSize(signature.length) + signature.length;
  }
  const memory = new Uint8Array(small);
  const view = new DataView(memory.buffer);
  const parts: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  const copy = (bytes: Uint8Array): void => {
    memory.set(bytes, end);
    end += bytes.length;
  };
  const head = (major: number, argument: number): void => {
    const size = headSize(argument);
    const kind = size === 1 ? argument : { 2: 24, 3: 25, 5: 26 }[size as 2 | 3 | 5];
    view.setUint8(end, (major << 5) | kind);
    if (size === 2) view.setUint8(end + 1, argument);
    else if (size === 3) view.setUint16(end + 1, argument);
    else if (size === 5) view.setUint32(end + 1, argument);
    end += size;
  };
  copy(START);
  head(LIST, blocks.length);
  for (const { bytes } of blocks) {
    head(BYTES, bytes.length);
    if (bytes.length < OWN_PART_SIZE) {
      copy(bytes);
      continue;
    }
    parts.push(memory.subarray(start, end), bytes);
    start = end;
  }
  copy(SIGNATURES);
  head(LIST, blocks.length);
  for (const { signature } of blocks) {
    head(BYTES, signature.length);
    copy(signature);
  }
  parts.push(memory.subarray(start, end));
  return parts;
}
