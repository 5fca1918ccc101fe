import { encodeTrailer } from '@pyrgos/core/api';
import { type ErrorCode, PyrgosError } from '@pyrgos/core/errors';
import { MAX_ERROR_HEADER_SIZE } from '../limits.js';
import type { Reply } from './reply.js';

/** Faults of ours, not of the caller: their texts may speak about files and machines, so they stay here. */
const internal: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['internal', 'crypto.unavailable', 'crypto.self-test', 'crypto.worker']);

/** What the caller gets to read. Faults of ours are reported, and the text ends with the id of the report. */
function messageOf(error: unknown, report: (error: unknown) => string): string {
  if (!(error instanceof PyrgosError) || internal.has(error.code)) return `Internal error ${report(error)}`;
  // "The disk is full" helps everybody; a path does not.
  if (error.code === 'storage') return `${/[\\/]/u.test(error.message) ? 'Storage error' : error.message} ${report(error)}`;
  return error.message === '' ? 'Request failed' : error.message;
}

/** The form encoding of a message, cut at a whole character so that the header stays within MAX_ERROR_HEADER_SIZE. */
function boundedTrailer(message: string): string {
  // Most texts are far from the limit; a UTF-16 unit takes at most 9 bytes of header.
  if (message.length * 9 <= MAX_ERROR_HEADER_SIZE) return encodeTrailer(message);
  let encoded = '';
  for (const character of message.slice(0, MAX_ERROR_HEADER_SIZE)) {
    const next = encodeTrailer(character);
    if (encoded.length + next.length > MAX_ERROR_HEADER_SIZE) break;
    encoded += next;
  }
  return encoded;
}

/**
 * The answer for a failure, for every endpoint and the only place that makes one (chapter 02 section 2.4): 400 with the form-encoded
 * text in a header named `Trailer`, chunked, with an empty body. `rateStatus` for the code `rate`: 429 in the block API, 503 for an
 * overload. Of foreign errors and faults of ours the caller gets the id of the report instead of a text.
 */
export function errorReply(error: unknown, report: (error: unknown) => string, rateStatus = 400): Reply {
  return {
    status: error instanceof PyrgosError && error.code === 'rate' ? rateStatus : 400,
    headers: {
      trailer: boundedTrailer(messageOf(error, report)),
      'content-type': 'text/plain',
      // Node refuses a Trailer header without it.
      'transfer-encoding': 'chunked',
    },
    body: undefined,
  };
}
