import { assertInstance } from '../../arguments.js';
import { assertBytes } from '../../bytes.js';
import type { CborValue } from '../../codec/cbor-value.js';
import type { FragmentReader } from '../../containers/fragment-fetch.js';
import type { SecretboxOpener } from '../../containers/fragmented-cipher-text.js';
import { FormatError } from '../../errors.js';
import type { SymmetricKey } from '../../keys/symmetric-key.js';
import { chunkLength } from './chunk-arithmetic.js';
import { CryptreeNode } from './cryptree-node.js';

/** Reads the decrypted data section of a file chunk, a byte string; a view. FormatError when it is none. */
export function parseFileData(value: CborValue): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new FormatError('format.cryptree', 'file data', 'must be a byte string');
  return value;
}

/**
 * Fetches and decrypts the bytes of a file chunk as they are stored: they may be longer or shorter than the file needs, see
 * {@link fitChunk}. `crypto` is the engine or a pool. Errors of `FragmentedPaddedCipherText.open` and {@link parseFileData}.
 */
export async function openFileData(
  crypto: SecretboxOpener,
  node: CryptreeNode,
  dataKey: SymmetricKey,
  reader: FragmentReader,
): Promise<Uint8Array> {
  assertInstance('node', node, CryptreeNode);
  return parseFileData(await node.data.open(crypto, dataKey, reader));
}

/**
 * The bytes that chunk `index` has in a file of `size` bytes, by what chunk 0 says: what is stored, cut or filled with zeros (chapter 04
 * section 7.1). A view when nothing had to be filled.
 */
export function fitChunk(stored: Uint8Array, size: number, index: number): Uint8Array {
  assertBytes('stored', stored);
  const length = chunkLength(size, index);
  if (stored.length >= length) return stored.subarray(0, length);
  const filled = new Uint8Array(length);
  filled.set(stored);
  return filled;
}
