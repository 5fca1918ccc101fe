import { concatBytes } from '../bytes.js';
import { encodeVarint } from './varint.js';

/** varint(a) || varint(b) || rest. Both numbers are nearly always below 128; then nothing is allocated but the result. */
export function prependVarints(a: number, b: number, rest: Uint8Array): Uint8Array<ArrayBuffer> {
  if (a >= 0x80 || b >= 0x80) return concatBytes(encodeVarint(a), encodeVarint(b), rest);
  const out = new Uint8Array(rest.length + 2);
  out[0] = a;
  out[1] = b;
  out.set(rest, 2);
  return out;
}
