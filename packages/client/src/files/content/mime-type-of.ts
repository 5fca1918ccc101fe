import { detectMimeType } from '@pyrgos/core/model';

/** What detection says of bytes that tell nothing. */
const UNKNOWN = 'application/octet-stream';

/** The type of new content: what its first bytes and its name say (chapter 04 section 18.1), and `fallback` when they say nothing. */
export function mimeTypeOf(head: Uint8Array, name: string, fallback: string | undefined): string {
  const detected = detectMimeType(head, name);
  return detected === UNKNOWN ? (fallback ?? UNKNOWN) : detected;
}
