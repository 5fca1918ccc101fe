import { PyrgosError } from '@pyrgos/core/errors';

/** Beginnings of pages; no answer of a server has one, and content is encrypted. */
const PAGE = /^(?:\ufeff)?\s*<(?:!doctype|html|head|body|\?xml)\b/iu;
/** Bytes of an answer that are looked at. */
const LOOKED_AT = 64;

/** Whether the bytes of a successful answer are a page for people. */
export function isPage(bytes: Uint8Array): boolean {
  // Most answers end here: CBOR, JSON and text begin with other bytes.
  const [first = 0] = bytes;
  if (first !== 0x3c && first > 0x20 && first !== 0xef) return false;
  return PAGE.test(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, LOOKED_AT)));
}

/**
 * The error of an answer that no Peergos server gives: `network` with `data.reason` `not-peergos`. Not repeated; what was sent may have reached
 * the server all the same, when somebody in between answers.
 */
export function notPeergos(call: string, cause?: unknown): PyrgosError {
  return new PyrgosError(
    'network',
    'This address does not answer as a Peergos server. Check the address of the server, and whether something in between answers in its place, such as a hotspot that wants ' +
      'a log-in.',
    { data: { call, reason: 'not-peergos' }, cause },
  );
}
