import { assertInteger } from '../bytes.js';
import { decodeCborPrefix } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborValue } from '../codec/cbor-value.js';

/** Largest padding block that is accepted. */
const MAX_PADDING_BLOCK = 65_536;

/** The CBOR of `value`, zero-padded to the next multiple of `blockSize`; an exact multiple gets no more (chapter 01 section 12.5). */
export function paddedPlaintext(value: CborValue, blockSize: number): Uint8Array {
  assertInteger('blockSize', blockSize, 1, MAX_PADDING_BLOCK);
  const plain = encodeCbor(value);
  const length = Math.ceil(plain.length / blockSize) * blockSize;
  if (length === plain.length) return plain;
  const padded = new Uint8Array(length);
  padded.set(plain);
  return padded;
}

/** The first CBOR item of a decrypted plaintext; what follows is padding and is ignored (chapter 01 section 2.7). */
export function plaintextItem(plaintext: Uint8Array): CborValue {
  return decodeCborPrefix(plaintext, 0, { legacyTextLinks: true }).value;
}
