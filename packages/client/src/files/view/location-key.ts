import { byteKey } from '@pyrgos/core/bytes';

/** A string that is equal exactly for equal map keys; cheap, not printable: for use as a Map key only. */
export function locationKey(mapKey: Uint8Array): string {
  return byteKey(mapKey);
}
