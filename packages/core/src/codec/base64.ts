import { ArgumentError, FormatError } from '../errors.js';
import { createBitGroups, decodeBitGroups, encodeBitGroups } from './bit-groups.js';

const BASE64 = createBitGroups('base64', 6, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Standard base64 without padding and without prefix (chapter 01 section 6, row `m`). */
export function encodeBase64Unpadded(bytes: Uint8Array): string {
  return encodeBitGroups(BASE64, bytes);
}

/** Inverse of {@link encodeBase64Unpadded}: no padding, zero trailing bits. FormatError `format.multibase` otherwise. */
export function decodeBase64Unpadded(text: string): Uint8Array<ArrayBuffer> {
  return decodeBitGroups(BASE64, text);
}

/** Standard base64 with padding and without prefix (chapter 01 section 6). */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encodeBitGroups(BASE64, bytes);
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/** Inverse of {@link encodeBase64}: exact padding, zero trailing bits, no white space. FormatError `format.multibase` otherwise. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== 'string') throw new ArgumentError('text', 'must be a string');
  if (text.length % 4 !== 0) throw new FormatError('format.multibase', '', 'padded base64 must have a multiple of 4 characters');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decodeBitGroups(BASE64, text.slice(0, text.length - padding));
}
