import { ArgumentError, FormatError } from '../errors.js';
import { decodeBase32, encodeBase32 } from './base32.js';
import { Cid, decodeCid } from './cid.js';

/** Name of a block in S3 and file block stores: upper-case base32 of the CID, no padding, no prefix (chapter 01 section 5.3). */
export function formatBlockStoreName(cid: Cid): string {
  if (!(cid instanceof Cid)) throw new ArgumentError('cid', 'must be a Cid');
  return encodeBase32(cid.bytes, 'upper');
}

/** Inverse of {@link formatBlockStoreName}. FormatError `format.cid` when the text is no such name. */
export function parseBlockStoreName(text: string): Cid {
  try {
    return decodeCid(decodeBase32(text, 'upper'));
  } catch (error) {
    if (error instanceof FormatError && error.code !== 'format.cid') {
      throw new FormatError('format.cid', '', `no block store name: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
