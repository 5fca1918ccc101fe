import { FormatError } from '../errors.js';
import { decodeBase58 } from './base58.js';
/** Temporary: replaced by the full multibase table. */
export function decodeMultibase(text: string): Uint8Array {
  if (text.startsWith('z')) return decodeBase58(text.slice(1));
  throw new FormatError('format.multibase', '', 'unsupported');
}
