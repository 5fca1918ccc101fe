import { byteKey } from '@pyrgos/core/bytes';
import type { PublicKeyHash } from '@pyrgos/core/keys';

/** Where the first chunk of an item is: what identifies it in lists (chapter 04 section 9.4). A capability is one. */
export interface Place {
  readonly writer: PublicKeyHash;
  readonly mapKey: Uint8Array;
}

/** A string that is equal exactly for equal places; not printable: for use as a Map key only. */
export function placeKey({ writer, mapKey }: Place): string {
  return writer.key + byteKey(mapKey);
}
